"""The default engine: transformers' continuous batching over the very safetensors that were signed.

One thread runs the model; replies enter and leave its batch at every step, prompts share the pages of a common
prefix, and a cancelled reply leaves the batch at the next step. Here is what turns that into a server: bounded
admission, one event-loop queue per reply, a fresh start when the thread has died.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Any

from cleo_core.telemetry import get_logger
from cleo_serving.engine.base import Capabilities, Completion, EngineStats, Message, Piece, Sampling
from cleo_serving.engine.loading import LoadedModel, load_folder, start_batching
from cleo_serving.engine.text import GrowingText, TextCodec, complete
from cleo_serving.errors import EngineError, Overloaded
from cleo_serving.settings import EngineSettings

log = get_logger(__name__)


class TransformersEngine:
    """`Engine` over `transformers` (Llama, Mistral, Mixtral, Qwen)."""

    def __init__(self, settings: EngineSettings) -> None:
        self.settings = settings
        self._loaded: LoadedModel | None = None
        self._manager: Any = None
        self._slots = asyncio.Semaphore(self.settings.max_streams)
        self._waiting = 0
        self._active: dict[str, asyncio.Queue[Any]] = {}
        self._draining = False
        self._idle = asyncio.Event()
        self._idle.set()
        self._requests = self._tokens = self._aborted = self._failures = 0

    @property
    def loaded(self) -> LoadedModel:
        if self._loaded is None:
            raise EngineError("No model is loaded.")
        return self._loaded

    @property
    def codec(self) -> TextCodec:
        return self.loaded.codec

    @property
    def capabilities(self) -> Capabilities:
        return self.loaded.capabilities

    async def load(self, folder: Path) -> None:
        self._loaded = await asyncio.to_thread(load_folder, folder, self.settings)
        self._manager = start_batching(self._loaded, self.settings)

    def encode(self, messages: Sequence[Message]) -> list[int]:
        return self.codec.encode(messages)

    def count(self, text: str) -> int:
        return self.codec.count(text)

    async def stream(self, prompt: Sequence[int], sampling: Sampling, *, request: str) -> AsyncGenerator[Piece]:
        if self._draining:
            raise Overloaded("This model takes no new requests.")
        room = self.capabilities.context_tokens - len(prompt)
        if room < 1:
            raise EngineError(f"The prompt has {len(prompt)} tokens, the context {self.capabilities.context_tokens}.")
        if self._slots.locked() and self._waiting >= self.settings.max_waiting:
            raise Overloaded("All streams are busy.", hint="Try again in a moment.")
        self._waiting += 1
        self._idle.clear()
        try:
            try:
                await self._slots.acquire()
            finally:
                self._waiting -= 1
            try:
                async with aclosing(self._run(prompt, sampling, min(sampling.max_tokens, room), request)) as pieces:
                    async for piece in pieces:
                        yield piece
            finally:
                self._slots.release()
        finally:
            if not self._active and not self._waiting:
                self._idle.set()

    async def _run(self, prompt: Sequence[int], sampling: Sampling, limit: int, request: str) -> AsyncGenerator[Piece]:
        if request in self._active:
            raise EngineError(f"The request {request} is in the making already.")
        if self._manager is None:
            raise EngineError("No model is loaded.")
        if not self._manager.is_running():
            self._failures += 1
            log.error("the generation thread had ended; a new one is started")
            self._manager = start_batching(self.loaded, self.settings)
        outputs: asyncio.Queue[Any] = asyncio.Queue()
        self._active[request] = outputs
        self._requests += 1
        manager = self._manager
        growing, done, finished = GrowingText(self.codec), 0, False
        ends = set(self.codec.end_tokens)
        try:
            manager.register_result_handler(request, outputs.put_nowait)
            greedy = sampling.temperature < 0.01
            manager.add_request(
                list(prompt),
                request_id=request,
                max_new_tokens=limit,
                streaming=True,
                temperature=1.0 if greedy else float(sampling.temperature),
                top_k=1 if greedy else int(sampling.top_k),
                top_p=1.0 if greedy else float(sampling.top_p),
            )
            while not finished:
                output = await self._next(outputs)
                if output is None:
                    self._aborted += 1
                    finished = True
                    manager.cancel_request(request)
                    yield Piece("", done, "abort")
                    return
                if output.error is not None:
                    finished = True
                    raise EngineError("The engine could not finish this reply.")
                ids = output.generated_tokens
                self._tokens += len(ids) - done
                done = len(ids)
                finished = bool(output.is_finished())
                text = growing.feed(ids, last=finished)
                if finished:
                    yield Piece(text, done, "stop" if ids and ids[-1] in ends else "length")
                elif text:
                    yield Piece(text, done)
        finally:
            self._active.pop(request, None)
            with manager.output_router._lock:
                manager.output_router.result_handlers.pop(request, None)
            if not finished:
                # The client went away: the reply leaves the batch at the next step.
                self._aborted += 1
                manager.cancel_request(request)

    async def _next(self, outputs: asyncio.Queue[Any]) -> Any:
        try:
            async with asyncio.timeout(self.settings.stall_seconds):
                return await outputs.get()
        except TimeoutError:
            self._failures += 1
            raise EngineError("The engine made no progress on this reply.") from None

    async def generate_batch(self, prompts: Sequence[Sequence[int]], sampling: Sampling) -> list[Completion]:
        room = asyncio.Semaphore(self.settings.max_streams)

        async def in_turn(index: int, prompt: Sequence[int]) -> Completion:
            async with room:
                return await complete(self, prompt, sampling, f"batch-{id(prompts)}-{index}")

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(in_turn(index, prompt)) for index, prompt in enumerate(prompts)]
        return [task.result() for task in tasks]

    async def abort(self, request: str) -> None:
        if outputs := self._active.get(request):
            outputs.put_nowait(None)

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
        manager, self._manager = self._manager, None
        if manager is not None:
            await asyncio.to_thread(manager.stop, block=True, timeout=30, hard_stop=True)
        self._loaded = None

    def stats(self) -> EngineStats:
        return EngineStats(
            healthy=self._manager is not None and self._manager.is_running(),
            active=len(self._active),
            waiting=self._waiting,
            requests=self._requests,
            tokens=self._tokens,
            aborted=self._aborted,
            failures=self._failures,
        )
