"""The parent's side of the child process that runs a model (`worker`): started, spoken to, and noticed when it ends."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

from cleo_core.errors import CleoError, UnsafeWeights, UnusableModel
from cleo_core.redact import names_secret
from cleo_core.routing import RoutingTrace
from cleo_core.settings import CoreSettings, load
from cleo_core.telemetry import get_logger
from cleo_serving.engine.backend import Chunk
from cleo_serving.engine.base import Capabilities, Sampling
from cleo_serving.engine.threads import WAITING
from cleo_serving.errors import EngineError, UnsupportedModel
from cleo_serving.settings import EngineSettings

log = get_logger(__name__)

END_SECONDS = 10.0
LONGEST_MESSAGE = 2**26
"""Bytes: the routing of a long text through many layers."""
LOADING_ERRORS: dict[str, type[CleoError]] = {
    kind.code: kind for kind in (UnsupportedModel, UnsafeWeights, UnusableModel, EngineError)
}


class EngineProcess:
    """One child with one model. It ends when `end` is called, when it crashes, or with this process."""

    def __init__(self, child: subprocess.Popen[bytes], reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        self._child = child
        self._reader = reader
        self._writer = writer
        self._streams: dict[str, asyncio.Queue[Chunk | None]] = {}
        self._asked: dict[str, deque[asyncio.Future[Any]]] = {"steps": deque(), "routing": deque()}
        """Who waits for an answer of each kind; they come in the order of the questions."""
        self._listening: asyncio.Task[None] | None = None
        self._ending = False
        self.alive = True
        self.capabilities: Capabilities

    @property
    def pid(self) -> int:
        return self._child.pid

    @classmethod
    async def start(cls, engine: str, folder: Path, settings: EngineSettings, ended: Callable[[], None]) -> Self:
        """A child that has loaded the model.

        Args:
            ended: called when it ends without having been told to.

        Raises:
            ModelError, UnsupportedModel: it cannot load the folder.
            EngineError: it ended while it did.
        """
        ours, theirs = socket.socketpair()
        try:
            child = await asyncio.to_thread(_spawn, theirs)
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        reader, writer = await asyncio.open_connection(sock=ours, limit=LONGEST_MESSAGE)
        process = cls(child, reader, writer)
        try:
            process._send({"engine": engine, "folder": str(folder), "settings": settings.model_dump(mode="json")})
            told = await reader.readline()
            process.capabilities = _ready(json.loads(told) if told else None)
        except BaseException:
            await process.end()
            raise
        process._listening = asyncio.create_task(process._listen(ended))
        return process

    def run(self, request: str, prompt: Sequence[int], sampling: Sampling) -> asyncio.Queue[Chunk | None]:
        """Begin a reply; its chunks come through the queue, None when the process ended."""
        chunks = self._streams[request] = asyncio.Queue()
        if self.alive:
            self._send({"run": request, "prompt": list(prompt), "sampling": asdict(sampling)})
        else:
            chunks.put_nowait(None)
        return chunks

    def finish(self, request: str, *, cancel: bool) -> None:
        """Nothing more is wanted of a reply."""
        self._streams.pop(request, None)
        if cancel and self.alive:
            self._send({"cancel": request})

    async def steps(self) -> int:
        """Forward passes of the model since it was loaded."""
        return int(await self._ask("steps", True))

    async def routing(self, tokens: Sequence[int], domain: str) -> RoutingTrace:
        """Which experts each token of a text went to, by one forward of its own."""
        return RoutingTrace.model_validate(await self._ask("routing", {"tokens": list(tokens), "domain": domain}))

    async def _ask(self, kind: str, question: Any) -> Any:
        if not self.alive:
            raise EngineError("The engine's process has ended.")
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._asked[kind].append(answer)
        self._send({kind: question})
        return await answer

    def _answer(self, told: dict[str, Any]) -> bool:
        """Hand an answer to who waits for it; False when the message is none."""
        for kind, waiting in self._asked.items():
            if kind in told:
                answer = waiting.popleft()
                if answer.cancelled():
                    pass
                elif "failed" in told:
                    answer.set_exception(EngineError(f"The engine could not tell its {kind} ({told['failed']})."))
                else:
                    answer.set_result(told[kind])
                return True
        return False

    def _send(self, message: dict[str, Any]) -> None:
        with suppress(OSError, RuntimeError):  # a process that has ended is noticed by the reader
            self._writer.write(json.dumps(message, separators=(",", ":")).encode() + b"\n")

    async def _listen(self, ended: Callable[[], None]) -> None:
        with suppress(OSError):
            while line := await self._reader.readline():
                told: dict[str, Any] = json.loads(line)
                if not self._answer(told) and (chunks := self._streams.get(told.pop("of"))):
                    chunks.put_nowait(Chunk(**told))
        self.alive = False
        for chunks in self._streams.values():
            chunks.put_nowait(None)
        for answer in (each for waiting in self._asked.values() for each in waiting if not each.done()):
            answer.set_exception(EngineError("The engine's process has ended."))
        if not self._ending:
            code = await asyncio.to_thread(self._child.wait)
            self._writer.close()
            log.error("the engine's process ended by itself", exit_code=code, replies_lost=len(self._streams))
            ended()

    async def end(self) -> None:
        """Close the socket, which ends the process; its memory is free when this returns."""
        self._ending = True
        self._writer.close()
        try:
            await asyncio.to_thread(self._child.wait, END_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            await asyncio.to_thread(self._child.wait)
        self.alive = False
        if self._listening is not None:
            await self._listening


def _spawn(connection: socket.socket) -> subprocess.Popen[bytes]:
    quiet = {
        **WAITING,
        "TOKENIZERS_PARALLELISM": "false",
        "HF_HUB_OFFLINE": "1",
    }
    # A model needs no key of ours.
    inherited = {name: value for name, value in os.environ.items() if not names_secret(name)}
    # What the libraries print may quote prompts.
    shown = None if load(CoreSettings).log_level == "DEBUG" else subprocess.DEVNULL
    return subprocess.Popen(  # noqa: S603 - this interpreter, and a module of ours
        [sys.executable, "-P", "-m", "cleo_serving.engine.worker", str(connection.fileno())],
        pass_fds=[connection.fileno()],
        env=inherited | quiet,
        stdin=subprocess.DEVNULL,
        stdout=shown,
        stderr=shown,
    )


def _ready(told: dict[str, Any] | None) -> Capabilities:
    match told:
        case {"ready": capabilities}:
            return Capabilities(**{**capabilities, "cannot": tuple(capabilities["cannot"])})
        case {"failed": [code, message, hint]}:
            raise LOADING_ERRORS.get(code, EngineError)(message, hint=hint)
        case _:
            raise EngineError(
                "The engine's process ended while it loaded the model.",
                hint="Is there memory enough? CLEO_LOG_LEVEL=DEBUG shows what it prints.",
            )
