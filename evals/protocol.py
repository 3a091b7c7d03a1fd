"""What is decided before a model is scored: the tasks, how each item counts, the margins. Sealed by one digest.

The gate refuses to speak about scores that were made under another protocol, so that neither the number of items nor
a margin can be chosen after the result is known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from cleo_core.digest import digest_json

Form = Literal["multiple_choice", "partial", "last_word", "perplexity"]


class GateRules(BaseModel):
    """The rules of the gate that a setting may change."""

    margin: float = Field(default=0.02, gt=0, lt=0.5)
    """How much the mean score over tasks may fall before a candidate is refused; 0.02 is two points."""
    guard: float = Field(default=0.05, gt=0, lt=0.5)
    """How much the accuracy of one task may fall before a significant fall blocks."""
    perplexity_guard: float = Field(default=0.03, gt=0, lt=0.5)
    """How much the bits per byte of one domain may rise, relative, before a significant rise blocks."""
    dtype: Literal["auto", "bfloat16", "float32"] = "auto"
    """Dtype of the weights while scoring, the same for both models; auto is bfloat16 where the processor computes in
    it."""


class Protocol(GateRules):
    """All rules of the gate."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    alpha: float = Field(default=0.05, gt=0, lt=0.5)
    """One-sided level of each bound; the interval shown is 1 - 2 alpha."""
    iterations: int = Field(default=10_000, ge=1000)
    """Bootstrap resamples."""
    seed: int = 20_260_101
    """Seed of the bootstrap: the same scores always give the same verdict."""


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
