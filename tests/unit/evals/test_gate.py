"""The verdicts, each with the case beside it that gets another one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from evals.gate import compare
from evals.protocol import Protocol
from evals.scores import Scores

pytestmark = pytest.mark.unit
MakeScores = Callable[..., Scores]
PROTOCOL = Protocol(iterations=2000)
RNG = np.random.default_rng(5)
BASE = {name: RNG.beta(1.2, 0.8, 80).tolist() for name in ("knowledge", "python")}


def moved(by: float, spread: float, seed: int = 0) -> dict[str, list[float]]:
    rng = np.random.default_rng(seed)
    found = {}
    for name, values in BASE.items():
        change = rng.normal(0.0, spread, len(values))
        found[name] = (np.asarray(values) + by + change - change.mean()).tolist()
    return found


def test_the_same_model_is_not_inferior(make_scores: MakeScores) -> None:
    verdict = compare(make_scores(BASE), make_scores(BASE), PROTOCOL)
    assert (verdict.verdict, verdict.passed) == ("NON_INFERIOR", True)
    assert verdict.macro_diff == 0


def test_a_better_model_is_superior(make_scores: MakeScores) -> None:
    verdict = compare(make_scores(BASE), make_scores(moved(0.03, 0.05)), PROTOCOL)
    assert (verdict.verdict, verdict.passed) == ("SUPERIOR", True)


def test_a_model_worse_by_more_than_the_margin_is_inferior(make_scores: MakeScores) -> None:
    verdict = compare(make_scores(BASE), make_scores(moved(-0.045, 0.03)), PROTOCOL)
    assert (verdict.verdict, verdict.passed) == ("INFERIOR", False)
    assert compare(make_scores(BASE), make_scores(moved(-0.005, 0.03)), PROTOCOL).verdict == "NON_INFERIOR"


def test_too_little_evidence_is_inconclusive_and_says_how_many_items_are_needed(make_scores: MakeScores) -> None:
    verdict = compare(make_scores(BASE), make_scores(moved(0.0, 0.4)), PROTOCOL)
    assert (verdict.verdict, verdict.passed) == ("INCONCLUSIVE", False)
    assert verdict.items_needed is not None
    assert verdict.items_needed > verdict.items == 160
    assert str(verdict.items_needed) in verdict.reason


def test_one_task_that_falls_hard_blocks_although_the_mean_rises(make_scores: MakeScores) -> None:
    champion = {"a": [0.9] * 60, "b": [0.4] * 60, "c": [0.4] * 60}
    candidate = {"a": [0.1] * 15 + [0.9] * 45, "b": [0.8] * 60, "c": [0.8] * 60}
    verdict = compare(make_scores(champion), make_scores(candidate), PROTOCOL)
    assert verdict.verdict == "INFERIOR"
    assert "a fell" in verdict.reason
    assert [task.guard_violated for task in verdict.per_task.values()] == [True, False, False]
    # Three items of sixty are a fall of 5 points that chance gives every eighth time.
    candidate["a"] = [0.1] * 3 + [0.9] * 57
    assert compare(make_scores(champion), make_scores(candidate), PROTOCOL).verdict == "SUPERIOR"


def test_a_domain_that_becomes_harder_to_predict_blocks(make_scores: MakeScores) -> None:
    forms = {"prose": "perplexity"}
    documents = np.random.default_rng(1).uniform(-900, -600, 32)
    champion = make_scores({**BASE, "prose": documents.tolist()}, forms=forms)
    worse = compare(champion, make_scores({**BASE, "prose": (1.05 * documents).tolist()}, forms=forms), PROTOCOL)
    kept = compare(champion, make_scores({**BASE, "prose": (1.01 * documents).tolist()}, forms=forms), PROTOCOL)
    assert (worse.verdict, kept.verdict) == ("INFERIOR", "NON_INFERIOR")
    assert worse.per_task["prose"].difference.point == pytest.approx(0.05)


def test_a_gain_in_perplexity_buys_no_loss_of_knowledge(make_scores: MakeScores) -> None:
    forms = {"prose": "perplexity"}
    champion = make_scores({**BASE, "prose": [-900.0] * 32}, forms=forms)
    candidate = make_scores({**moved(-0.045, 0.03), "prose": [-300.0] * 32}, forms=forms)
    assert compare(champion, candidate, PROTOCOL).verdict == "INFERIOR"


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"tokenizer_digest": "other"}, "tokenizer"),
        ({"template_digest": "other"}, "chat template"),
        ({"dtype": "float32"}, "dtype"),
        ({"task_set": "other"}, "task set"),
        ({"environment": {"torch": "3"}}, "environment"),
        ({"limit": 10}, "10 items"),
    ],
)
def test_scores_made_under_other_conditions_are_invalid(
    make_scores: MakeScores, changed: dict[str, object], named: str
) -> None:
    verdict = compare(make_scores(BASE), make_scores(BASE, **changed), PROTOCOL)
    assert (verdict.verdict, verdict.passed) == ("INVALID", False)
    assert named in verdict.reason


def test_another_item_set_is_invalid(make_scores: MakeScores) -> None:
    champion = make_scores(BASE)
    fewer = make_scores({**BASE, "python": BASE["python"][:-1]}, sealed=80)
    assert "items of python differ" in compare(champion, fewer, PROTOCOL).reason
    both = make_scores(BASE, sealed=81)
    assert "sealed with 81 items, 80 were scored" in compare(both, both, PROTOCOL).reason
    task = champion.tasks["python"]
    swapped = task.items[3].model_copy(update={"hash": "f" * 16})
    items = [*task.items[:3], swapped, *task.items[4:]]
    tasks = {**champion.tasks, "python": task.model_copy(update={"items": items})}
    other = champion.model_copy(update={"tasks": tasks})
    assert "items of python differ" in compare(champion, other, PROTOCOL).reason


def test_a_model_that_gives_no_number_never_passes(make_scores: MakeScores) -> None:
    broken = {**BASE, "python": [None, *BASE["python"][1:]]}
    verdict = compare(make_scores(BASE), make_scores(broken), PROTOCOL)
    assert (verdict.verdict, verdict.passed) == ("INVALID", False)
    assert "python-0" in verdict.reason
