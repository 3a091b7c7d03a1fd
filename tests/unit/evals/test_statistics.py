"""The statistics: exact where they claim to be exact, honest about clusters."""

from __future__ import annotations

import math

import numpy as np
import pytest

from evals.statistics import holm, macro_interval, mcnemar_harm, ratio_rise

pytestmark = pytest.mark.unit
RULES = {"alpha": 0.05, "iterations": 4000, "seed": 1}


def ids(count: int, size: int = 1) -> list[str]:
    return [str(number // size) for number in range(count)]


def test_mcnemar_gives_the_binomial_tail() -> None:
    assert mcnemar_harm(won=0, lost=5) == pytest.approx(1 / 32)
    assert mcnemar_harm(won=2, lost=8) == pytest.approx(sum(math.comb(10, k) for k in (8, 9, 10)) / 1024)
    assert mcnemar_harm(won=0, lost=0) == 1.0
    assert mcnemar_harm(won=9, lost=1) > 0.99


def test_holm_raises_each_p_value_and_keeps_their_order() -> None:
    assert holm({"a": 0.01, "b": 0.04, "c": 0.03}) == pytest.approx({"a": 0.03, "c": 0.06, "b": 0.06})
    assert holm({"a": 0.9, "b": 0.8}) == pytest.approx({"b": 1.0, "a": 1.0})


def test_the_interval_has_the_width_that_theory_gives() -> None:
    values = np.random.default_rng(0).normal(0.0, 0.2, 400)
    interval = macro_interval({"task": (values.tolist(), ids(400))}, **RULES)
    expected = float(values.std(ddof=1)) / math.sqrt(400)
    assert interval.standard_error == pytest.approx(expected, rel=0.05)
    assert interval.high - interval.low == pytest.approx(2 * 1.645 * expected, rel=0.06)


def test_items_of_one_cluster_are_not_counted_as_independent() -> None:
    values = np.repeat(np.random.default_rng(0).normal(0.0, 0.2, 80), 5).tolist()
    apart = macro_interval({"task": (values, ids(400))}, **RULES)
    together = macro_interval({"task": (values, ids(400, size=5))}, **RULES)
    assert together.standard_error > 2 * apart.standard_error


def test_the_macro_difference_weighs_tasks_not_items() -> None:
    tasks = {"large": ([0.0] * 300, ids(300)), "small": ([-0.1] * 20, ids(20))}
    assert macro_interval(tasks, **RULES).point == pytest.approx(-0.05)


def test_the_same_scores_always_give_the_same_interval() -> None:
    values = np.random.default_rng(0).normal(0.0, 0.2, 50).tolist()
    assert macro_interval({"t": (values, ids(50))}, **RULES) == macro_interval({"t": (values, ids(50))}, **RULES)


def test_a_rise_of_bits_is_found_and_noise_is_not() -> None:
    rng = np.random.default_rng(0)
    before = rng.uniform(500, 900, 40)
    noise = before * rng.normal(0, 0.01, 40)
    risen, p_risen = ratio_rise(before.tolist(), (before * 1.04 + noise).tolist(), ids(40), **RULES)
    same, p_same = ratio_rise(before.tolist(), (before - before * 0.002 + noise).tolist(), ids(40), **RULES)
    assert risen.point == pytest.approx(0.04, abs=0.005)
    assert p_risen < 0.001
    assert abs(same.point) < 0.006
    assert p_same > 0.05
