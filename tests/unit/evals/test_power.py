"""The item counts and margins: an equal model passes nine times in ten, a damaged one does not.

What "equal" means is taken from a measurement: the scores of SmolLM2-135M-Instruct before and after 32 steps of 4,096
tokens (learning rate 2e-5, mixed domains) move, item by item, with the spread in the table. Two models that both lie
that far apart around a common origin are exchangeable: neither is better in truth, whatever the sample says.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from evals.gate import compare
from evals.protocol import Protocol
from evals.scores import Scores
from evals.tasks.build import FEWEST, handwritten

pytestmark = pytest.mark.unit
MakeScores = Callable[..., Scores]


class Measured(NamedTuple):
    """Log-odds of a task's item scores, and how far fine-tuning moves a score."""

    mean: float
    spread: float
    move: float
    """Of the log-odds; chosen to give `change`."""
    change: float
    """Standard deviation of the difference of two scores of an item."""


TASKS = {
    "cleo_knowledge": Measured(3.02, 3.73, 0.456, 0.051),
    "cleo_commonsense": Measured(3.84, 3.80, 0.642, 0.065),
    "cleo_python": Measured(-0.32, 3.75, 0.533, 0.069),
    "cleo_last_word": Measured(-1.03, 1.76, 0.470, 0.078),
    "heldout_last_word": Measured(-1.75, 3.16, 0.491, 0.064),
}
# The task from the corpus with the fewest items it may have.
ITEMS = {spec.name: len(items) for spec, items in handwritten().items()} | {"heldout_last_word": FEWEST["last_word"]}
RUNS = 200
FAST = Protocol(iterations=1000)


def share_passed(make_scores: MakeScores, *, fall: float = 0.0, move: float = 1.0, binary: bool = False) -> float:
    """Share of runs in which a candidate passes whose true score is lower by `fall` in every task.

    Args:
        move: times the measured change from item to item.
        binary: judge by right and wrong instead of by probability.
    """
    rng = np.random.default_rng(7)
    passed = 0
    for _ in range(RUNS):
        columns: tuple[dict[str, list[float]], dict[str, list[float]]] = ({}, {})
        for name, items in ITEMS.items():
            task = TASKS[name]
            origin = rng.normal(task.mean, task.spread, items)
            steps = rng.normal(0.0, move * task.move / np.sqrt(2), (2, items))
            one, other = (_probability(origin + step) for step in steps)
            other = other * (1 - fall / _probability(rng.normal(task.mean, task.spread, 4000)).mean())
            if binary:
                one, other = (one > 0.5).astype(float), (other > 0.5).astype(float)
            columns[0][name], columns[1][name] = one.tolist(), other.tolist()
        passed += compare(make_scores(columns[0]), make_scores(columns[1]), FAST).passed
    return passed / RUNS


def _probability(log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
    result: NDArray[np.float64] = 1 / (1 + np.exp(-log_odds))
    return result


def test_the_simulated_items_change_as_the_measured_ones_do() -> None:
    rng = np.random.default_rng(0)
    for task in TASKS.values():
        origin = rng.normal(task.mean, task.spread, 50_000)
        steps = rng.normal(0.0, task.move / np.sqrt(2), (2, 50_000))
        one, other = (_probability(origin + step) for step in steps)
        assert np.std(other - one) == pytest.approx(task.change, rel=0.05)


def test_an_equal_model_passes_nine_times_in_ten(make_scores: MakeScores) -> None:
    assert set(ITEMS) == set(TASKS)
    assert share_passed(make_scores) >= 0.95
    # Also one that training moves half as much again.
    assert share_passed(make_scores, move=1.5) >= 0.90


def test_a_model_that_is_worse_by_the_margin_seldom_passes(make_scores: MakeScores) -> None:
    assert share_passed(make_scores, fall=FAST.margin) <= 0.09


def test_a_damaged_model_does_not_pass(make_scores: MakeScores) -> None:
    assert share_passed(make_scores, fall=0.04) <= 0.005


def test_right_and_wrong_alone_could_not_hold_this_margin_with_these_items(make_scores: MakeScores) -> None:
    """Why the macro difference is taken over probabilities and not over accuracy."""
    assert share_passed(make_scores, binary=True) < 0.6
