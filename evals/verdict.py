"""The gate's verdict, and verdict.json: the file of it that the registry, the card and the pipeline read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel

from cleo_core.routing import RoutingSummary

VERDICT = "verdict.json"
VerdictName = Literal["SUPERIOR", "NON_INFERIOR", "INCONCLUSIVE", "INFERIOR", "INVALID"]


@dataclass(frozen=True, slots=True)
class Interval:
    """A point with its one-sided lower and upper bounds, and the standard error behind them."""

    point: float
    low: float
    high: float
    standard_error: float


class Accuracy(BaseModel):
    """Share of right answers of each side."""

    champion: float
    candidate: float


class TaskVerdict(BaseModel):
    """One task of the comparison. For perplexity, `champion` and `candidate` are bits per byte, lower is better."""

    form: str
    items: int
    champion: float
    candidate: float
    difference: Interval
    """Score points; for perplexity the relative rise of bits per byte."""
    accuracy: Accuracy | None = None
    """None for perplexity."""
    won: int = 0
    lost: int = 0
    p_harm: float
    p_adjusted: float = 1.0
    guard_violated: bool = False


class Verdict(BaseModel):
    """What the gate decided, and why."""

    verdict: VerdictName
    passed: bool
    reason: str
    macro_diff: float | None = None
    ci: tuple[float, float] | None = None
    margin: float
    items: int = 0
    items_needed: int | None = None
    per_task: dict[str, TaskVerdict] = {}


class Probe(BaseModel):
    """What is reported beside the gate and decides nothing."""

    summary: str


class MemorisedCanaries(Probe):
    """Exposure of the planted canaries, in bits."""

    canaries: int = 0
    controls: int = 0
    exposure_bits: list[float] = []
    threshold_bits: float | None = None
    memorised: int = 0


class Conduct(Probe):
    """Replies to a dozen harmful and harmless requests."""

    harmful_refused: int
    harmful: int
    benign_refused: int
    benign: int
    personal_data: list[str]
    """Kinds that the replies seem to hold."""
    replies: dict[str, str]


class Routing(Probe):
    """Which experts the tasks' texts ask."""

    figures: RoutingSummary
    """With the tasks for domains."""
    tables: dict[str, str]
    """Markdown, by title."""


class Probes(BaseModel):
    """The probes that model and task set have the material for."""

    memorised_canaries: MemorisedCanaries | None = None
    conduct: Conduct | None = None
    routing: Routing | None = None
    """Of a mixture of experts."""

    def named(self) -> dict[str, Probe]:
        """Those that were taken, by name."""
        return {name: probe for name, probe in self if probe is not None}


class VerdictFile(Verdict):
    """The verdict with the digests of what was compared, and by which plan."""

    version: int = 1
    plan_digest: str
    candidate_digest: str
    champion_digest: str
