"""The engine that the API talks to: a model in a child process, with what every backend needs around it.

A reply waits for its user's turn, is made in the child, and is read here: stop strings and loops end it, a character
cut in two is dropped. A child that crashes fails the replies it was making, and is started anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import replace
from pathlib import Path

from cleo_core.errors import InputError
from cleo_core.model_folder import check_model_folder
from cleo_core.routing import RoutingTrace
from cleo_core.telemetry import get_logger
from cleo_serving.engine.backend import Chunk
from cleo_serving.engine.base import Capabilities, Completion, EngineStats, FinishReason, Message, Piece, Sampling
from cleo_serving.engine.choice import Chosen, choose_engine
from cleo_serving.engine.loading import architecture_of
from cleo_serving.engine.process import EngineProcess
from cleo_serving.engine.queue import FairQueue
from cleo_serving.engine.repetition import RepetitionDetector
from cleo_serving.engine.text import StopFilter, TextCodec, WholeCharacters, complete
from cleo_serving.engine.tokenizer import FolderTokenizer
from cleo_serving.errors import EngineError, Overloaded
from cleo_serving.settings import EngineSettings

log = get_logger(__name__)

JSON_BEGINS = frozenset('{["-0123456789tfn')
"""What a JSON value can begin with."""
RESTARTS = (0.0, 1.0, 5.0, 30.0)
"""Seconds before each try to start the child anew by itself; after the last, the next request tries."""


class ProcessEngine:
    """`Engine` over a child process that runs llama.cpp, transformers or vLLM.

    Args:
        recheck: awaited before a crashed child reads the folder again: it must be what was verified still.
    """

    def __init__(self, settings: EngineSettings, recheck: Callable[[], Awaitable[None]] | None = None) -> None:
        self.settings = settings
        self.recheck = recheck
        self._folder = Path()
        self._chosen: Chosen = "transformers"
        self._codec: TextCodec | None = None
        self._process: EngineProcess | None = None
        self._capabilities: Capabilities | None = None
        self._starting = asyncio.Lock()
        self._restarting: asyncio.Task[None] | None = None
        self._queue = FairQueue(0, None, max_waiting=0, wait_seconds=1)
        self._active: dict[str, asyncio.Queue[Chunk | None]] = {}
        self._draining = False
        self._idle = asyncio.Event()
        self._idle.set()
        self._requests = self._tokens = self._aborted = self._failures = 0

    @property
    def codec(self) -> TextCodec:
        if self._codec is None:
            raise EngineError("No model is loaded.")
        return self._codec

    @property
    def capabilities(self) -> Capabilities:
        if self._capabilities is None:
            raise EngineError("No model is loaded.")
        return self._capabilities

    @property
    def pid(self) -> int | None:
        """The child process, while there is one."""
        return self._process.pid if self._process and self._process.alive else None

    async def load(self, folder: Path) -> None:
        self._folder = folder
        self._chosen = await asyncio.to_thread(self._check, folder)
        self._codec = TextCodec(await asyncio.to_thread(FolderTokenizer, folder))
        self._process = await self._start()
        able = self._capabilities = self._process.capabilities
        self._queue = FairQueue(
            able.streams,
            able.cache_tokens,
            max_waiting=self.settings.max_waiting,
            wait_seconds=self.settings.wait_seconds,
        )

    def _check(self, folder: Path) -> Chosen:
        check_model_folder(folder)
        chosen = choose_engine(self.settings, folder)
        if chosen == "transformers":
            architecture_of(folder)
        return chosen

    async def _start(self) -> EngineProcess:
        return await EngineProcess.start(self._chosen, self._folder, self.settings, self._crashed)

    def encode(self, messages: Sequence[Message]) -> list[int]:
        return self.codec.encode(messages)

    def count(self, text: str) -> int:
        return self.codec.count(text)

    async def stream(
        self, prompt: Sequence[int], sampling: Sampling, *, request: str, user: str = ""
    ) -> AsyncGenerator[Piece]:
        able = self.capabilities
        if self._draining:
            raise Overloaded("This model takes no new requests.")
        if missing := sorted(sampling.asked() & set(able.cannot)):
            raise InputError(
                f"The engine {able.name} has no {missing[0]}.",
                hint="Leave it out, or set CLEO_SERVING_ENGINE=llamacpp.",
            )
        room = able.context_tokens - len(prompt)
        if room < 1:
            raise EngineError(f"The prompt has {len(prompt)} tokens, the context {able.context_tokens}.")
        wanted = replace(sampling, max_tokens=min(sampling.max_tokens, room))
        self._idle.clear()
        try:
            async with (
                self._queue.turn(user, len(prompt) + wanted.max_tokens),
                aclosing(self._run(prompt, wanted, request)) as pieces,
            ):
                async for piece in pieces:
                    yield piece
        finally:
            if not self._queue.active and not self._queue.waiting:
                self._idle.set()

    async def _run(self, prompt: Sequence[int], sampling: Sampling, request: str) -> AsyncGenerator[Piece]:
        if request in self._active:
            raise EngineError(f"The request {request} is in the making already.")
        process = await self._running()
        self._requests += 1
        chunks = self._active[request] = process.run(request, prompt, sampling)
        characters, stops = WholeCharacters(), StopFilter(sampling.stop)
        detector = RepetitionDetector() if sampling.stop_repetition and not sampling.json_schema else None
        done, shaped = 0, sampling.json_schema is not None
        finished, ended = False, False  # in the child; here
        try:
            while True:
                chunk = await self._next(chunks)
                if chunk is None and process.alive:
                    yield Piece("", done, "abort")
                    return
                if chunk is None or chunk.error is not None:
                    self._failures += 1
                    finished = ended = True
                    log.error("a reply failed", error=chunk.error if chunk else "ProcessEnded")
                    raise EngineError("The engine could not finish this reply.")
                self._tokens += chunk.tokens - done
                done, reason = chunk.tokens, chunk.ended
                finished = reason is not None
                text, stopped = stops.feed(characters.feed(chunk.text), last=finished)
                if shaped and text.strip():
                    shaped = False
                    if text.lstrip()[0] not in JSON_BEGINS:
                        # llama.cpp passes over a schema that its grammar cannot state, and says nothing.
                        raise InputError(f"The engine {self.capabilities.name} cannot follow this json_schema.")
                ending: FinishReason | None = reason
                if stopped:
                    ending = "stop"
                elif detector is not None and not finished and detector.feed(text):
                    ending = "repetition"
                if ending is not None:
                    ended = True
                    yield Piece(text, done, ending)
                    return
                if text:
                    yield Piece(text, done)
        finally:
            self._active.pop(request, None)
            if not ended:
                self._aborted += 1  # aborted, or the client went away
            process.finish(request, cancel=not finished)

    async def _running(self) -> EngineProcess:
        """The child, started anew when it has ended."""
        async with self._starting:
            if self._process is None or not self._process.alive:
                if self._codec is None or self._draining:
                    raise EngineError("No model is loaded.")
                if self.recheck is not None:
                    await self.recheck()
                self._process = await self._start()
                log.info("the engine's process was started anew", pid=self._process.pid)
            return self._process

    def _crashed(self) -> None:
        if not self._draining:
            self._restarting = asyncio.create_task(self._restart())

    async def _restart(self) -> None:
        for seconds in RESTARTS:
            await asyncio.sleep(seconds)
            try:
                await self._running()
                return
            except Exception as error:  # the next request tries again, and is told
                log.error("the engine's process could not be started anew", error=type(error).__name__)

    async def _next(self, chunks: asyncio.Queue[Chunk | None]) -> Chunk | None:
        try:
            async with asyncio.timeout(self.settings.stall_seconds):
                return await chunks.get()
        except TimeoutError:
            self._failures += 1
            raise EngineError("The engine made no progress on this reply.") from None

    async def generate_batch(self, prompts: Sequence[Sequence[int]], sampling: Sampling) -> list[Completion]:
        room = asyncio.Semaphore(self.capabilities.streams)

        async def in_turn(index: int, prompt: Sequence[int]) -> Completion:
            async with room:
                return await complete(self, prompt, sampling, f"batch-{id(prompts)}-{index}")

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(in_turn(index, prompt)) for index, prompt in enumerate(prompts)]
        return [task.result() for task in tasks]

    async def abort(self, request: str) -> None:
        if chunks := self._active.get(request):
            chunks.put_nowait(None)

    async def steps(self) -> int:
        """Forward passes of the model since its process began."""
        return await (await self._running()).steps()

    async def routing(self, tokens: Sequence[int], domain: str = "") -> RoutingTrace:
        """Which experts each token of a text went to in each layer, by one forward of its own.

        Raises:
            InputError: this engine cannot tell, or the text is longer than the context.
            EngineError: the process ended, or it failed.
        """
        able = self.capabilities
        if not able.routing:
            raise InputError(
                f"The engine {able.name} cannot show the routing of a {able.architecture} as it was started.",
                hint="Set CLEO_SERVING_ENGINE__ROUTING=true, and serve a mixture of experts.",
            )
        if not 0 < len(tokens) <= able.context_tokens:
            raise InputError(f"The text has {len(tokens)} tokens; 1 to {able.context_tokens} can be traced.")
        return await (await self._running()).routing(tokens, domain)

    async def drain(self, seconds: float) -> bool:
        self._draining = True
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._idle.wait()
        cut = list(self._active)
        for request in cut:
            await self.abort(request)
        return not cut

    async def close(self) -> None:
        self._draining = True
        if self._restarting is not None:
            self._restarting.cancel()
        process, self._process = self._process, None
        if process is not None:
            await process.end()
        self._codec = None

    def stats(self) -> EngineStats:
        return EngineStats(
            healthy=self._process is not None and self._process.alive,
            active=len(self._active),
            waiting=self._queue.waiting,
            requests=self._requests,
            tokens=self._tokens,
            aborted=self._aborted,
            failures=self._failures,
            turned_away=self._queue.turned_away,
            overloaded=self._queue.overloaded,
        )
