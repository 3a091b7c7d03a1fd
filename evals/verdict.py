"""verdict.json: what the gate decided, as the file that the registry, the card and the pipeline read."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel

__all__ = ["VERDICT", "TaskVerdict", "VerdictFile", "VerdictName"]

VERDICT = "verdict.json"
VerdictName = Literal["SUPERIOR", "NON_INFERIOR", "INCONCLUSIVE", "INFERIOR", "INVALID"]


class Bounds(BaseModel):
    """A difference with its confidence interval."""

    point: float
    low: float
    high: float
    standard_error: float | None = None


class Accuracy(BaseModel):
    """Share of right answers of each side."""

    champion: float
    candidate: float


class TaskVerdict(BaseModel):
    """One task of the comparison."""

    form: str
    items: int
    champion: float
    candidate: float
    difference: Bounds
    accuracy: Accuracy | None
    won: int
    lost: int
    p_harm: float
    p_adjusted: float
    guard_violated: bool


class VerdictFile(BaseModel):
    """The whole decision."""

    version: int = 1
    verdict: VerdictName
    passed: bool
    reason: str
    macro_diff: float | None
    ci: tuple[float, float] | None
    margin: float
    items: int
    items_needed: int | None
    per_task: dict[str, TaskVerdict]
    plan_digest: str
    candidate_digest: str
    champion_digest: str
