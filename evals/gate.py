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
from statistics import NormalDist
from typing import Any, TypeAlias

from evals.protocol import Protocol, TaskSpec
from evals.scores import ItemScore, Scores
from evals.statistics import holm, macro_interval, mcnemar_harm, ratio_rise
from evals.verdict import Accuracy, Interval, TaskVerdict, Verdict, VerdictName

POWER = 0.8
Pairs: TypeAlias = list[tuple[ItemScore, ItemScore]]
"""The champion's and the candidate's score of each item."""


def compare(champion: Scores, candidate: Scores, protocol: Protocol) -> Verdict:
    """Judge the candidate's scores against the champion's, item by item."""
    fault = _not_comparable(champion, candidate)
    specs = [task.spec for task in champion.tasks.values()]
    if not fault and not any(spec.in_macro for spec in specs):
        fault = "No task of this set counts for the macro difference."
    if fault:
        return Verdict(verdict="INVALID", passed=False, reason=fault, margin=protocol.margin)
    results, differences = {}, {}
    for spec in specs:
        pairs = list(zip(champion.tasks[spec.name].items, candidate.tasks[spec.name].items, strict=True))
        results[spec.name] = _task(spec, pairs, protocol)
        if spec.in_macro:
            differences[spec.name] = _differences(pairs)
    results = _guarded(results, protocol)
    macro = macro_interval(differences, **_bootstrap(protocol))
    items = sum(len(values) for values, _ in differences.values())
    name, reason, needed = _decide(macro, results, items, protocol)
    return Verdict(
        verdict=name,
        passed=name in ("SUPERIOR", "NON_INFERIOR"),
        reason=reason,
        macro_diff=macro.point,
        ci=(macro.low, macro.high),
        margin=protocol.margin,
        items=items,
        items_needed=needed,
        per_task=results,
    )


def _bootstrap(protocol: Protocol) -> dict[str, Any]:
    return {"alpha": protocol.alpha, "iterations": protocol.iterations, "seed": protocol.seed}


def _differences(pairs: Pairs) -> tuple[list[float], list[str]]:
    """The paired differences, and the cluster of each."""
    return [_value(new) - _value(old) for old, new in pairs], [old.cluster for old, _ in pairs]


def _decide(
    macro: Interval, results: dict[str, TaskVerdict], items: int, protocol: Protocol
) -> tuple[VerdictName, str, int | None]:
    margin = protocol.margin
    seen = f"macro difference {_points(macro.point)} [{_points(macro.low)}, {_points(macro.high)}]"
    if harmed := [name for name, task in results.items() if task.guard_violated]:
        return "INFERIOR", f"{', '.join(harmed)} fell by more than the guard allows, and not by chance; {seen}.", None
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
    needed = math.ceil(items * (reach * macro.standard_error / room) ** 2)
    return "INCONCLUSIVE", f"{seen}: about {needed} items are needed to decide, there are {items}.", needed


def _guarded(results: dict[str, TaskVerdict], protocol: Protocol) -> dict[str, TaskVerdict]:
    """The same, each held against its guard with all p-values adjusted together."""
    adjusted = holm({name: task.p_harm for name, task in results.items()})
    marked = {}
    for name, task in results.items():
        if task.accuracy is None:
            fell = task.difference.point > protocol.perplexity_guard
        else:
            fell = task.accuracy.champion - task.accuracy.candidate > protocol.guard
        violated = fell and adjusted[name] < protocol.alpha
        marked[name] = task.model_copy(update={"p_adjusted": adjusted[name], "guard_violated": violated})
    return marked


def _task(spec: TaskSpec, pairs: Pairs, protocol: Protocol) -> TaskVerdict:
    differences, clusters = _differences(pairs)
    count = len(pairs)
    old, new = [_value(a) for a, _ in pairs], [_value(b) for _, b in pairs]
    if not spec.in_macro:
        size = sum(a.bytes for a, _ in pairs) * math.log(2)
        champion, candidate = -sum(old) / size, -sum(new) / size
        # A document's bits are its negative log-likelihood: a rise of the sum is a loss.
        rise, p = ratio_rise([-v for v in old], [-v for v in new], clusters, **_bootstrap(protocol))
        return TaskVerdict(
            form=spec.form, items=count, champion=champion, candidate=candidate, difference=rise, p_harm=p
        )
    won = sum(bool(b.correct) and not a.correct for a, b in pairs)
    lost = sum(bool(a.correct) and not b.correct for a, b in pairs)
    right = [sum(bool(item.correct) for item in side) / count for side in zip(*pairs, strict=True)]
    return TaskVerdict(
        form=spec.form,
        items=count,
        champion=sum(old) / count,
        candidate=sum(new) / count,
        difference=macro_interval({"": (differences, clusters)}, **_bootstrap(protocol)),
        p_harm=mcnemar_harm(won, lost),
        accuracy=Accuracy(champion=right[0], candidate=right[1]),
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


def _value(item: ItemScore) -> float:
    if item.value is None:
        raise ValueError(f"{item.id} has no score")  # _not_comparable was asked before
    return item.value


def _short(value: object) -> str:
    return str(value)[:12] if isinstance(value, str) else str(value)


def _points(share: float, *, sign: bool = True) -> str:
    return f"{100 * share:{'+' if sign else ''}.2f} pp"
