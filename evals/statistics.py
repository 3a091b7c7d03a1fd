"""The statistics of the gate: paired, clustered, stratified. numpy and the standard library only."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from evals.verdict import Interval

Floats = NDArray[np.float64]


def _resampled(
    above: Floats, below: Floats, clusters: Sequence[str], iterations: int, rng: np.random.Generator
) -> Floats:
    """Ratio of two sums over each of `iterations` samples of whole clusters, drawn with replacement. [iterations]

    Deviations are widened by sqrt(k / (k - 1)), without which the bootstrap of few clusters is too sure of itself.
    """
    _, index = np.unique(np.asarray(clusters), return_inverse=True)
    count = int(index.max()) + 1
    drawn = rng.integers(0, count, (iterations, count))
    tops, bottoms = np.bincount(index, above, count), np.bincount(index, below, count)
    ratios: Floats = tops[drawn].sum(1) / bottoms[drawn].sum(1)
    centre = float(above.sum() / below.sum())
    return centre + (ratios - centre) * math.sqrt(count / max(1, count - 1))


def macro_interval(
    tasks: Mapping[str, tuple[Sequence[float], Sequence[str]]], *, alpha: float, iterations: int, seed: int
) -> Interval:
    """Mean over tasks of the mean paired difference; tasks are strata, clusters are drawn within each.

    Args:
        tasks: per task the paired differences and the cluster of each.
    """
    total = np.zeros(iterations)
    point = 0.0
    for name, (values, clusters) in sorted(tasks.items()):
        array = np.asarray(values, dtype=float)
        # A stream per task: adding a task does not change the draws of the others.
        rng = np.random.default_rng([seed, *name.encode()])
        total += _resampled(array, np.ones_like(array), clusters, iterations, rng)
        point += float(array.mean())
    means = total / len(tasks)
    low, high = np.quantile(means, [alpha, 1 - alpha])
    return Interval(point / len(tasks), float(low), float(high), float(means.std()))


def ratio_rise(
    before: Sequence[float],
    after: Sequence[float],
    clusters: Sequence[str],
    *,
    alpha: float,
    iterations: int,
    seed: int,
) -> tuple[Interval, float]:
    """Relative change of a sum (bits of all documents), with a paired bootstrap over clusters.

    Returns:
        The interval of ``sum(after) / sum(before) - 1``, and the one-sided p-value of "it did not rise".
    """
    old, new = np.asarray(before, dtype=float), np.asarray(after, dtype=float)
    rises = _resampled(new, old, clusters, iterations, np.random.default_rng(seed)) - 1
    point = float(new.sum() / old.sum() - 1)
    low, high = np.quantile(rises, [alpha, 1 - alpha])
    p = (1 + int((rises <= 0).sum())) / (1 + iterations)
    return Interval(point, float(low), float(high), float(rises.std())), p


def mcnemar_harm(won: int, lost: int) -> float:
    """Exact one-sided McNemar test of "no more items were lost than won": P(lost or more | won + lost, 1/2)."""
    changed = won + lost
    at_least = sum(math.comb(changed, by_chance) for by_chance in range(lost, changed + 1))
    return min(1.0, float(at_least / 2**changed))


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Holm-adjusted p-values (Holm 1979): the chance of any false alarm over all tasks stays below alpha."""
    adjusted: dict[str, float] = {}
    running = 0.0
    for rank, name in enumerate(sorted(p_values, key=lambda name: p_values[name])):
        running = max(running, min(1.0, (len(p_values) - rank) * p_values[name]))
        adjusted[name] = running
    return adjusted
