"""BM25 over each document in its context: its own words several times, its neighbours' once (Robertson, Zaragoza 2009).

The context is put together for the words of the question alone, from postings of single documents: adding or removing
a document changes nothing but its own postings and two links. A word of the question and the words related to it count
as one word: together they can say it often, but not weigh more than it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cleo_memory.search.fusion import Weights
from cleo_memory.search.layout import Layout
from cleo_memory.search.postings import Postings

__all__ = ["Asked", "bm25", "rarity"]

Scores = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Asked:
    """A word of the question: its term number, if these memories hold it, and those of related words."""

    term: int | None
    related: tuple[int, ...] = ()
    times: int = 1


def rarity(holding: int, of: int) -> float:
    """Inverse document frequency, above 0."""
    return float(np.log1p((max(of - holding, 0) + 0.5) / (holding + 0.5)))


def bm25(words: Iterable[Asked], postings: Postings, layout: Layout, weights: Weights) -> tuple[Scores, Scores]:
    """Score of each row in its context, and by its own words alone."""
    n = layout.rows
    context, alone = np.zeros(n, np.float32), np.zeros(n, np.float32)
    slow = weights.k1 * (1 - weights.b + weights.b * layout.context_lengths)
    slow_alone = weights.k1 * (1 - weights.b + weights.b * layout.own_lengths)
    own = np.zeros(n, np.float32)
    total = np.zeros(n + 1, np.float32)  # the last one takes what falls beside a conversation's end
    for word in words:
        holding = 0
        for share, term in [(1.0, word.term), *((weights.related, term) for term in word.related)]:
            if term is None:
                continue
            rows, counts = postings.of(term)
            heard = counts * np.float32(share)
            own[rows] += heard
            total[rows] += heard * np.float32(weights.own_words)
            for link in layout.links:
                total[link[rows]] += heard
            total[n] = 0
            if term == word.term and word.related:
                holding = int(np.count_nonzero(total))
        held = np.flatnonzero(total)
        if len(held):
            weight = np.float32(word.times * rarity(holding or len(held), layout.alive) * (weights.k1 + 1))
            found, mine = total[held], own[held]
            context[held] += weight * found / (found + slow[held])
            alone[held] += weight * mine / (mine + slow_alone[held])
            own[held] = total[held] = 0
    return context, alone
