"""The usual ways to search, written out: dense, BM25 of single texts, and their reciprocal rank fusion."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from benchmarks.questions import Case
from cleo_memory.search import passage
from cleo_memory.search.text import words

Ranks = NDArray[np.intp]
K1, B = 1.5, 0.75
RRF_K = 60  # Cormack, Clarke, Büttcher 2009


def dense(case: Case, vectors: NDArray[np.float32], queries: NDArray[np.float32]) -> Ranks:
    """Cosine of ``speaker: text (date)``."""
    return np.argsort(-(queries @ vectors.T), axis=1, kind="stable")


def bm25(case: Case, vectors: NDArray[np.float32], queries: NDArray[np.float32]) -> Ranks:
    """Of ``speaker: text (date)`` with a stemmer and stop words; no neighbours."""
    counts = [Counter(words(passage(document))) for document in case.documents]
    lengths = np.array([sum(count.values()) for count in counts], np.float64)
    saturation = K1 * (1 - B + B * lengths / max(lengths.mean(), 1e-9))
    postings: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    for row, count in enumerate(counts):
        for word, times in count.items():
            postings[word].append((row, times))
    scores = np.zeros((len(case.questions), len(counts)))
    for place, question in enumerate(case.questions):
        for word in words(question.text):
            if held := postings.get(word):
                rows, times = np.array(held).T
                rarity = np.log1p((len(counts) - len(rows) + 0.5) / (len(rows) + 0.5))
                scores[place, rows] += rarity * times * (K1 + 1) / (times + saturation[rows])
    return np.argsort(-scores, axis=1, kind="stable")


def rrf(case: Case, vectors: NDArray[np.float32], queries: NDArray[np.float32]) -> Ranks:
    """Reciprocal rank fusion of the two."""
    total = np.zeros((len(queries), len(vectors)))
    for ranks in (dense(case, vectors, queries), bm25(case, vectors, queries)):
        places = np.empty_like(ranks)
        np.put_along_axis(places, ranks, np.arange(ranks.shape[1])[None], axis=1)
        total += 1 / (RRF_K + 1 + places)
    return np.argsort(-total, axis=1, kind="stable")


BASELINES: dict[str, Callable[[Case, NDArray[np.float32], NDArray[np.float32]], Ranks]] = {
    "dense": dense,
    "bm25": bm25,
    "rrf": rrf,
}
