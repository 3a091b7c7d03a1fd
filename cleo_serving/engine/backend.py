"""What runs a model inside the child process: an interface of six calls, and the chunks of a reply it sends.

A backend makes text and counts tokens, no more. Queueing, stop strings, loops and errors are `ProcessEngine`'s, once
for all backends.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from cleo_core.routing import RoutingTrace
from cleo_serving.engine.base import Capabilities, Sampling
from cleo_serving.settings import EngineSettings


@dataclass(frozen=True, slots=True)
class Chunk:
    """What became readable of a reply since the last chunk."""

    text: str
    tokens: int
    """Tokens made so far."""
    ended: Literal["stop", "length"] | None = None
    error: str | None = None
    """Type of the error that ended the reply; never its message, which may quote what a user wrote."""


Emit = Callable[[Chunk], None]


class Backend(Protocol):
    def load(self, folder: Path, settings: EngineSettings) -> Capabilities:
        """Read the model; what `EngineError` or `ModelError` it raises reaches the parent process."""

    def start(self, request: str, prompt: Sequence[int], sampling: Sampling, emit: Emit) -> None:
        """Begin a reply; `emit` is called from any thread, for the last time with `ended` or `error`."""

    def cancel(self, request: str) -> None:
        """End the compute of a reply; nothing of it need be emitted any more. Unknown requests are no error."""

    def steps(self) -> int:
        """Forward passes since the model was loaded."""

    def routing(self, tokens: Sequence[int], domain: str) -> RoutingTrace:
        """Which experts each token of a text went to; only where `Capabilities.routing` says so."""

    def end(self) -> None:
        """End what it started outside this process, which ends next."""
