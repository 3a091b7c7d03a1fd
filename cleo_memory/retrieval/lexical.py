"""BM25 over each document in its context: its own words several times, its neighbours' once (Robertson, Zaragoza 2009).

The context is put together for the words of the question alone, from postings of single documents: adding or removing
a document changes nothing but its own postings and two links.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from cleo_memory.retrieval.columns import NOBODY, Columns
from cleo_memory.retrieval.fusion import Weights
from cleo_memory.retrieval.postings import Postings

__all__ = ["ContextLengths", "bm25"]


def neighbours(columns: Columns, n: int, reach: int) -> Iterator[NDArray[np.int32]]:
    """For each distance up to `reach`, the rows that far before and after each row; `NOBODY` at an end."""
    for link in (columns.before[:n], columns.after[:n]):
        step = link
        for distance in range(reach):
            if distance:
                step = np.where(step == NOBODY, NOBODY, link[step])
            yield step


class ContextLengths:
    """Lengths of all contexts, kept until the rows change."""

    def __init__(self) -> None:
        self._version = -1
        self._lengths: NDArray[np.float32] = np.zeros(0, np.float32)
        self.links: list[NDArray[np.int32]] = []

    def of(self, columns: Columns, weights: Weights) -> NDArray[np.float32]:
        """Length of each row's context relative to the mean, 0 where the row is empty."""
        if self._version != columns.version:
            n = len(columns.ids)
            self.links = list(neighbours(columns, n, weights.reach))
            own = columns.length[:n]
            padded = np.append(own, np.float32(0))  # NOBODY is the last one
            lengths = weights.own_words * own + sum(padded[link] for link in self.links)
            alive = columns.alive[:n]
            mean = float(lengths[alive].mean()) if alive.any() else 1.0
            self._lengths = (lengths / (mean or 1.0)).astype(np.float32)
            self._version = columns.version
        return self._lengths


def bm25(
    columns: Columns,
    lengths: ContextLengths,
    weights: Weights,
    words: Iterable[tuple[Postings, int, bool]],
    alive: int,
) -> NDArray[np.float32]:
    """Score of each row for the words ``(postings, term, whether neighbours lend it)`` of a question."""
    n = len(columns.ids)
    saturation = weights.k1 * (1 - weights.b + weights.b * lengths.of(columns, weights))
    scores = np.zeros(n, np.float32)
    times = np.zeros(n + 1, np.float32)  # the last one takes what falls on NOBODY
    for (postings, term, lent), asked in Counter(words).items():
        rows, counts = postings.of(term)
        if not len(rows):
            continue
        if lent:
            touched = [rows]
            times[rows] = weights.own_words * counts
            for link in lengths.links:
                beside = link[rows]
                times[beside] += counts
                touched.append(beside)
            times[n] = 0
            # Looking through all rows is cheaper than sorting those that were touched, unless these are very few.
            held = np.flatnonzero(times) if len(rows) * 64 > n else np.unique(np.concatenate(touched))
            held = held[held != NOBODY]
        else:
            held = rows
            times[rows] = counts
        rarity = np.log1p((alive - len(held) + 0.5) / (len(held) + 0.5)) if len(held) <= alive else 0.0
        found = times[held]
        scores[held] += asked * rarity * found * (weights.k1 + 1) / (found + saturation[held])
        times[held] = 0
    return scores
