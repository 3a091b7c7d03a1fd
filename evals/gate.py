"""The gate: may the candidate take the champion's place?

    SUPERIOR       better on average: the lower bound of the macro difference is above 0
    NON_INFERIOR   not worse by the margin: the lower bound is above -margin
    INCONCLUSIVE   the bound is not, but the candidate may still be as good: so many items would be needed
    INFERIOR       worse by more than the margin, or one task fell hard and not by chance
    INVALID        the two sets of scores cannot be compared

Only the first two pass. Everything the verdict depends on is in the sealed protocol and the two sets of scores.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Any

from evals.protocol import Protocol, TaskSpec
from evals.scores import ItemScore, Scores
from evals.statistics import Interval, holm, macro_interval, mcnemar_harm, mean_interval, ratio_rise
from evals.verdict import VerdictName

__all__ = ["TaskResult", "Verdict", "compare"]

POWER = 0.8


@dataclass(frozen=True, slots=True)
class TaskResult:
    """One task of the comparison. For perplexity, `champion` and `candidate` are bits per byte, lower is better."""

    name: str
    form: str
    items: int
    champion: float
    candidate: float
    difference: Interval
    """Score points; for perplexity the relative rise of bits per byte."""
    p_harm: float
    p_adjusted: float = 1.0
    violated: bool = False
    accuracy: tuple[float, float] | None = None
    """Champion's and candidate's share of right answers."""
    won: int = 0
    lost: int = 0

    def to_json(self) -> dict[str, Any]:
        return {
            "form": self.form,
            "items": self.items,
            "champion": self.champion,
            "candidate": self.candidate,
            "difference": self.difference.to_json(),
            "accuracy": None
            if self.accuracy is None
            else {"champion": self.accuracy[0], "candidate": self.accuracy[1]},
            "won": self.won,
            "lost": self.lost,
            "p_harm": self.p_harm,
            "p_adjusted": self.p_adjusted,
            "guard_violated": self.violated,
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    name: VerdictName
    reason: str
    macro: Interval | None = None
    tasks: tuple[TaskResult, ...] = ()
    items: int = 0
    items_needed: int | None = None
    protocol: Protocol = field(default_factory=Protocol)

    @property
    def passed(self) -> bool:
        return self.name in ("SUPERIOR", "NON_INFERIOR")

    def to_json(self) -> dict[str, Any]:
        return {
            "verdict": self.name,
            "passed": self.passed,
            "reason": self.reason,
            "macro_diff": None if self.macro is None else self.macro.point,
            "ci": None if self.macro is None else [self.macro.low, self.macro.high],
            "margin": self.protocol.margin,
            "items": self.items,
            "items_needed": self.items_needed,
            "per_task": {task.name: task.to_json() for task in self.tasks},
        }


def compare(champion: Scores, candidate: Scores, protocol: Protocol) -> Verdict:
    """Judge the candidate's scores against the champion's, item by item."""
    if fault := _not_comparable(champion, candidate):
        return Verdict("INVALID", fault, protocol=protocol)
    results = _guarded([_task(champion, candidate, spec, protocol) for spec in _specs(champion)], protocol)
    differences = {
        spec.name: ([_value(b) - _value(a) for a, b in pairs], [a.cluster for a, _ in pairs])
        for spec in _specs(champion)
        if spec.in_macro
        for pairs in [_pairs(champion, candidate, spec)]
    }
    if not differences:
        return Verdict("INVALID", "No task of this set counts for the macro difference.", protocol=protocol)
    macro = macro_interval(differences, alpha=protocol.alpha, iterations=protocol.iterations, seed=protocol.seed)
    items = sum(len(values) for values, _ in differences.values())
    name, reason, needed = _decide(macro, results, items, protocol)
    return Verdict(name, reason, macro, tuple(results), items, needed, protocol)


def _decide(
    macro: Interval, results: Sequence[TaskResult], items: int, protocol: Protocol
) -> tuple[VerdictName, str, int | None]:
    margin = protocol.margin
    seen = f"macro difference {_points(macro.point)} [{_points(macro.low)}, {_points(macro.high)}]"
    if harmed := [task for task in results if task.violated]:
        names = ", ".join(task.name for task in harmed)
        return "INFERIOR", f"{names} fell by more than the guard allows, and not by chance; {seen}.", None
    if macro.low > 0:
        return "SUPERIOR", f"{seen}: better on average.", None
    if macro.low > -margin:
        return "NON_INFERIOR", f"{seen}: not worse by {_points(margin, sign=False)}.", None
    if macro.high < -margin:
        return "INFERIOR", f"{seen}: worse by more than {_points(margin, sign=False)}.", None
    room = margin + min(0.0, macro.point)
    if room <= 0:
        return "INCONCLUSIVE", f"{seen}: as it stands, more items would rather show that it is worse.", None
    reach = NormalDist().inv_cdf(1 - protocol.alpha) + NormalDist().inv_cdf(POWER)
    needed = math.ceil(items * (reach * macro.error / room) ** 2)
    return "INCONCLUSIVE", f"{seen}: about {needed} items are needed to decide, there are {items}.", needed


def _guarded(results: list[TaskResult], protocol: Protocol) -> list[TaskResult]:
    adjusted = holm({task.name: task.p_harm for task in results})
    marked = []
    for task in results:
        if task.accuracy is None:
            fell = task.difference.point > protocol.perplexity_guard
        else:
            fell = task.accuracy[0] - task.accuracy[1] > protocol.guard
        values = {name: getattr(task, name) for name in TaskResult.__slots__}
        values |= {"p_adjusted": adjusted[task.name], "violated": fell and adjusted[task.name] < protocol.alpha}
        marked.append(TaskResult(**values))
    return marked


def _task(champion: Scores, candidate: Scores, spec: TaskSpec, protocol: Protocol) -> TaskResult:
    pairs = _pairs(champion, candidate, spec)
    clusters = [a.cluster for a, _ in pairs]
    old, new = [_value(a) for a, _ in pairs], [_value(b) for _, b in pairs]
    rules = {"alpha": protocol.alpha, "iterations": protocol.iterations, "seed": protocol.seed}
    if not spec.in_macro:
        size = sum(a.bytes for a, _ in pairs) * math.log(2)
        # A document's bits are its negative log-likelihood: a rise of the sum is a loss.
        rise, p = ratio_rise([-v for v in old], [-v for v in new], clusters, **rules)  # type: ignore[arg-type]
        return TaskResult(spec.name, spec.form, len(pairs), -sum(old) / size, -sum(new) / size, rise, p)
    won = sum(bool(b.correct) and not a.correct for a, b in pairs)
    lost = sum(bool(a.correct) and not b.correct for a, b in pairs)
    right = (sum(bool(a.correct) for a, _ in pairs) / len(pairs), sum(bool(b.correct) for _, b in pairs) / len(pairs))
    return TaskResult(
        name=spec.name,
        form=spec.form,
        items=len(pairs),
        champion=sum(old) / len(old),
        candidate=sum(new) / len(new),
        difference=mean_interval([b - a for a, b in zip(old, new, strict=True)], clusters, **rules),  # type: ignore[arg-type]
        p_harm=mcnemar_harm(won, lost),
        accuracy=right,
        won=won,
        lost=lost,
    )


def _not_comparable(champion: Scores, candidate: Scores) -> str | None:
    """Why the scores cannot be compared, or None."""
    for scores, who in ((champion, "champion"), (candidate, "candidate")):
        if scores.limit is not None:
            return (
                f"Only the first {scores.limit} items of each task were scored for the {who}: no basis for promotion."
            )
    same = {
        "task set": (champion.task_set, candidate.task_set),
        "tokenizer": (champion.tokenizer_digest, candidate.tokenizer_digest),
        "chat template": (champion.template_digest, candidate.template_digest),
        "dtype": (champion.dtype, candidate.dtype),
        "environment": (champion.environment, candidate.environment),
    }
    for what, (one, other) in same.items():
        if one != other:
            return f"The {what} differs: champion {_short(one)}, candidate {_short(other)}."
    if list(champion.tasks) != list(candidate.tasks):
        return f"The tasks differ: champion {list(champion.tasks)}, candidate {list(candidate.tasks)}."
    for name, task in champion.tasks.items():
        other_task = candidate.tasks[name]
        ours = [(item.id, item.hash, item.cluster, item.bytes) for item in task.items]
        theirs = [(item.id, item.hash, item.cluster, item.bytes) for item in other_task.items]
        if task.spec.digest != other_task.spec.digest or ours != theirs:
            return f"The items of {name} differ between champion and candidate."
        if len(ours) != task.spec.items:
            return f"{name} was sealed with {task.spec.items} items, {len(ours)} were scored."
        for who, scored in (("champion", task.items), ("candidate", other_task.items)):
            if bad := next((item.id for item in scored if item.value is None or not math.isfinite(item.value)), None):
                return f"The {who} gave no finite number for item {bad} of {name}."
    return None


def _specs(scores: Scores) -> list[TaskSpec]:
    return [task.spec for task in scores.tasks.values()]


def _pairs(champion: Scores, candidate: Scores, spec: TaskSpec) -> list[tuple[ItemScore, ItemScore]]:
    return list(zip(champion.tasks[spec.name].items, candidate.tasks[spec.name].items, strict=True))


def _value(item: ItemScore) -> float:
    if item.value is None:
        raise ValueError(f"{item.id} has no score")  # _not_comparable was asked before
    return item.value


def _short(value: object) -> str:
    return str(value)[:12] if isinstance(value, str) else str(value)


def _points(share: float, *, sign: bool = True) -> str:
    return f"{100 * share:{'+' if sign else ''}.2f} pp"
