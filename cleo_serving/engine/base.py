"""The engine interface, and the values that go in and out of it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from cleo_serving.engine.sampling import Sampling

__all__ = [
    "Capabilities", "Completion", "Engine", "EngineStats", "FinishReason", "Message", "Piece", "Role", "Sampling",
]  # fmt: skip

FinishReason = Literal["stop", "length", "repetition", "abort"]
"""The model ended it or a stop string came; the limit was reached; it repeated itself and was ended; it was cut off."""
Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True)
class Message:
    """One turn. Content is text: markers of the chat template inside it lose their meaning."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Piece:
    """Text that became readable since the last piece. The last one of a stream has a `finish_reason`."""

    text: str
    tokens: int
    """Tokens made so far."""
    finish_reason: FinishReason | None = None


@dataclass(frozen=True, slots=True)
class Completion:
    text: str
    prompt_tokens: int
    tokens: int
    finish_reason: FinishReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What an engine can do with the model it has loaded."""

    name: str
    architecture: str
    context_tokens: int
    """Longest prompt and reply together."""
    device: str
    dtype: str
    streams: int
    """Replies that can be made at the same time."""
    cache_tokens: int | None = None
    """Tokens that all replies in the making may hold together; None where the engine sees to that itself."""
    cannot: tuple[str, ...] = ()
    """Parameters of `Sampling` that it does not have."""
    routing: bool = False
    """It can say which experts each token of a text went to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineStats:
    healthy: bool
    active: int
    waiting: int
    requests: int
    tokens: int
    """Tokens made since the model was loaded."""
    aborted: int
    failures: int
    turned_away: int = 0
    """Requests that were refused because too many waited, or that waited too long."""
    overloaded: bool = False
    """Somebody was turned away, and others wait still: the next one would fare no better."""


class Engine(Protocol):
    """A loaded model that answers. All calls come from one event loop."""

    @property
    def capabilities(self) -> Capabilities: ...

    async def load(self, folder: Path) -> None:
        """Read the model from a local folder.

        Raises:
            ModelError: the folder is not safe or not whole (`cleo_core.model_folder`).
            UnsupportedModel: this engine does not know the architecture.
        """

    def encode(self, messages: Sequence[Message]) -> list[int]:
        """Token ids of a prompt, up to the place where the reply begins."""

    def count(self, text: str) -> int:
        """Tokens of a text."""

    def stream(
        self, prompt: Sequence[int], sampling: Sampling, *, request: str, user: str = ""
    ) -> AsyncGenerator[Piece]:
        """Make a reply. Closing the iterator ends its compute.

        Args:
            user: whose turn it is when requests wait: users take turns, not requests.

        Raises:
            InputError: the engine does not have a parameter that was asked for.
            Overloaded: too many requests wait already, or this one waited too long.
            EngineError: the reply could not be finished.
        """

    async def generate_batch(self, prompts: Sequence[Sequence[int]], sampling: Sampling) -> list[Completion]: ...

    async def abort(self, request: str) -> None:
        """End a reply in the making; its stream finishes with ``abort``. Unknown requests are no error."""

    async def drain(self, seconds: float) -> bool:
        """Take no new requests, wait for those in the making. False when some were cut off."""

    async def close(self) -> None: ...

    def stats(self) -> EngineStats: ...
