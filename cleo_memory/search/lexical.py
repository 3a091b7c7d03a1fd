"""BM25 over each document in its context: its own words several times, its neighbours' once (Robertson, Zaragoza 2009).

The context is put together for the words of the question alone, from postings of single documents: adding or removing
a document changes nothing but its own postings and two links. A word of the question and the words related to it count
as one word: together they can say it often, but not weigh more than it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cleo_memory.search.columns import Layout
from cleo_memory.search.fusion import WEIGHTS

Rows = NDArray[np.int32]
Counts = NDArray[np.uint8]


class Postings:
    """Term number -> (rows, counts). A sorted bulk, and a tail of what was added since it was last folded in."""

    def __init__(self) -> None:
        self._starts = np.zeros(1, np.int64)  # of each term in the bulk, one more at the end
        self._rows: Rows = np.zeros(0, np.int32)
        self._counts: Counts = np.zeros(0, np.uint8)
        self._tail: defaultdict[int, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
        self._tail_size = 0

    def __len__(self) -> int:
        return len(self._rows) + self._tail_size

    @property
    def nbytes(self) -> int:
        return self._starts.nbytes + self._rows.nbytes + self._counts.nbytes + 24 * self._tail_size

    def add(self, terms: NDArray[np.int32], rows: Rows, counts: Counts) -> None:
        """Add postings, given as three columns of one length."""
        if len(terms) > max(4096, len(self._rows) // 16):
            self._fold(terms, rows, counts)
            return
        for term, row, count in zip(terms.tolist(), rows.tolist(), counts.tolist(), strict=True):
            held = self._tail[term]
            held[0].append(row)
            held[1].append(count)
        self._tail_size += len(terms)
        if self._tail_size > max(16384, len(self._rows) // 16):
            self._fold()

    def of(self, term: int) -> tuple[Rows, Counts]:
        """Rows that hold the term, each once, and how often."""
        rows, counts = self._rows[:0], self._counts[:0]
        if term + 1 < len(self._starts):
            part = slice(self._starts[term], self._starts[term + 1])
            rows, counts = self._rows[part], self._counts[part]
        if (held := self._tail.get(term)) is not None:
            more_rows, more_counts = np.array(held[0], np.int32), np.array(held[1], np.uint8)
            rows, counts = np.concatenate([rows, more_rows]), np.concatenate([counts, more_counts])
        return rows, counts

    def of_rows(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int32], Counts]:
        """How many terms each of these rows holds, and row after row which and how often.

        Args:
            rows: in ascending order.
        """
        self._fold()
        wanted = np.full(max(int(self._rows.max(initial=0)), int(rows.max(initial=0))) + 1, -1, np.int64)
        wanted[rows] = np.arange(len(rows))
        places = wanted[self._rows]
        held = np.flatnonzero(places >= 0)
        order = held[np.argsort(places[held], kind="stable")]
        terms = np.searchsorted(self._starts, order, side="right") - 1
        return np.bincount(places[held], minlength=len(rows)), terms.astype(np.int32), self._counts[order]

    def remove(self, gone: NDArray[np.bool_]) -> None:
        """Take out the postings of the rows for which `gone` ``[rows]`` is true."""
        self._fold()
        keep = ~gone[self._rows]
        kept = np.concatenate([[0], np.cumsum(keep)])
        self._starts = kept[self._starts]
        self._rows, self._counts = self._rows[keep], self._counts[keep]

    def _fold(self, *more: NDArray[np.integer]) -> None:
        """Merge the tail, and three more columns (term, row, count), into the bulk."""
        if not (self._tail_size or more):
            return
        bulk = (np.repeat(np.arange(len(self._starts) - 1), np.diff(self._starts)), self._rows, self._counts)
        tail = (
            np.array([term for term, held in self._tail.items() for _ in held[0]], np.int64),
            np.array([row for held in self._tail.values() for row in held[0]], np.int32),
            np.array([count for held in self._tail.values() for count in held[1]], np.uint8),
        )
        columns = [np.concatenate(column) for column in zip(bulk, tail, *([more] if more else []), strict=True)]
        order = np.argsort(columns[0], kind="stable")
        self._starts = np.concatenate([[0], np.cumsum(np.bincount(columns[0]))])
        self._rows = columns[1][order].astype(np.int32)
        self._counts = columns[2][order].astype(np.uint8)
        self._tail.clear()
        self._tail_size = 0


Scores = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Asked:
    """A word of the question by the numbers of its terms in these memories."""

    terms: tuple[int, ...]
    """Its stems, one per language at most."""
    related: tuple[int, ...] = ()
    times: int = 1
    weight: float = 1.0
    """What it tells of what is asked, beside its rarity: a single sign less than a word."""


def rarity(holding: int, of: int) -> float:
    """Inverse document frequency, above 0."""
    return float(np.log1p((max(of - holding, 0) + 0.5) / (holding + 0.5)))


def bm25(words: Iterable[Asked], postings: Postings, layout: Layout) -> tuple[Scores, Scores, Scores]:
    """Score of each row in its context, by its own words alone, and the share of the question that its own words cover.

    The share is 0 to 1, each word of the question weighing what it is rare; one that no memory holds weighs most.
    """
    n = layout.rows
    context, alone, covered = np.zeros(n, np.float32), np.zeros(n, np.float32), np.zeros(n, np.float32)
    slow = WEIGHTS.k1 * (1 - WEIGHTS.b + WEIGHTS.b * layout.context_lengths)
    slow_alone = WEIGHTS.k1 * (1 - WEIGHTS.b + WEIGHTS.b * layout.own_lengths)
    own = np.zeros(n, np.float32)
    total = np.zeros(n + 1, np.float32)  # the last one takes what falls beside a conversation's end
    whole = 0.0
    for word in words:
        holding = own_holding = 0
        for share, term in [*((1.0, term) for term in word.terms), *((WEIGHTS.related, term) for term in word.related)]:
            rows, counts = postings.of(term)
            heard = counts * np.float32(share)
            own[rows] += heard
            total[rows] += heard * np.float32(WEIGHTS.own_words)
            for link in layout.links:
                total[link[rows]] += heard
            total[n] = 0
            if share == 1.0:
                own_holding += len(rows)
                if word.related:
                    holding = int(np.count_nonzero(total))
        rare = word.weight * rarity(own_holding, layout.alive)
        whole += rare
        held = np.flatnonzero(total)
        if len(held):
            weight = np.float32(
                word.times * word.weight * rarity(holding or len(held), layout.alive) * (WEIGHTS.k1 + 1)
            )
            found, mine = total[held], own[held]
            context[held] += weight * found / (found + slow[held])
            alone[held] += weight * mine / (mine + slow_alone[held])
            covered[held] += np.float32(rare) * np.minimum(mine, 1)
            own[held] = total[held] = 0
    return context, alone, covered / np.float32(whole or 1.0)
