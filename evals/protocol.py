"""What is decided before a model is scored: the tasks, how each item counts, the margins. Sealed by one digest.

The gate refuses to speak about scores that were made under another protocol, so that neither the number of items nor
a margin can be chosen after the result is known.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from cleo_core.digest import digest_json
from cleo_core.errors import InputError

__all__ = ["Form", "Protocol", "TaskSpec"]

Form = Literal["multiple_choice", "partial", "last_word", "perplexity"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """The rules of the gate."""

    margin: float = 0.02
    """How much the mean over tasks may fall, in score points (0.02 = two percentage points)."""
    guard: float = 0.05
    """How much a single task's accuracy may fall before a significant fall blocks."""
    perplexity_guard: float = 0.03
    """How much a domain's bits per byte may rise, relative, before a significant rise blocks."""
    alpha: float = 0.05
    """One-sided level of each bound; the interval shown is 1 - 2 alpha."""
    iterations: int = 10_000
    """Bootstrap resamples."""
    seed: int = 20_260_101
    """Seed of the bootstrap: the same scores always give the same verdict."""
    dtype: Literal["auto", "bfloat16", "float32"] = "auto"
    """Weights' dtype while scoring, the same for both models; auto is bfloat16 where the processor computes in it."""

    def __post_init__(self) -> None:
        for name in ("margin", "guard", "perplexity_guard", "alpha"):
            value = getattr(self, name)
            if not 0 < value < 0.5:
                raise InputError(f"The gate's {name} is {value}.", hint="It is a share between 0 and 0.5.")
        if self.iterations < 1000:
            raise InputError(f"The gate's iterations is {self.iterations}.", hint="Take at least 1000 resamples.")

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Protocol:
        known = {field.name for field in fields(cls)}
        if extra := set(value) - known:
            raise InputError(f"The protocol has unknown entries: {', '.join(sorted(extra))}.")
        return cls(**value)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSpec:
    """One task: its name, its form, its file of items and what that file must be."""

    name: str
    form: Form
    items: int
    sha256: str
    """Of the JSON Lines file ``<name>.jsonl`` beside the seal."""
    what: str = ""
    origin: str = ""

    @property
    def in_macro(self) -> bool:
        """Perplexity is guarded by itself: a gain in it must not buy a loss of knowledge."""
        return self.form != "perplexity"

    @property
    def digest(self) -> str:
        return digest_json({"name": self.name, "form": self.form, "items": self.items, "sha256": self.sha256})

    def to_json(self) -> dict[str, Any]:
        return asdict(self)
