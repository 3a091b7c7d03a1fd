"""An engine without a model, for tests of what stands before and behind it: it counts words."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Any

from cleo_serving.engine.base import Capabilities, Completion, EngineStats, Message, Piece, Sampling


class WordsEngine:
    """Keeps the messages that it was given last; says one thing, unless a subclass streams something else."""

    def __init__(self, context: int = 2000, says: str = "") -> None:
        self.capabilities = Capabilities(
            name="words", architecture="none", context_tokens=context, device="cpu", dtype="none", streams=1
        )
        self.read: list[Message] = []
        self._says = says

    def encode(self, messages: Sequence[Message]) -> list[int]:
        self.read = list(messages)
        return [1] * sum(self.count(message.content) for message in messages)

    def count(self, text: str) -> int:
        return len(text.split())

    async def load(self, folder: Path) -> None: ...
    async def abort(self, request: str) -> None: ...
    async def close(self) -> None: ...
    async def drain(self, seconds: float) -> bool:
        return True

    def stats(self) -> EngineStats:
        return EngineStats(healthy=True, active=0, waiting=0, requests=0, tokens=0, aborted=0, failures=0)

    async def generate_batch(self, prompts: Any, sampling: Sampling) -> list[Completion]:
        return []

    async def stream(self, prompt: Any, sampling: Sampling, *, request: str, user: str = "") -> AsyncGenerator[Piece]:
        yield Piece(self._says, self.count(self._says), "stop")
