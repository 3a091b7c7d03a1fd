"""Exact hybrid search: every memory of the user is scored by meaning, words and who said it, none is approximated."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cleo_memory.retrieval.dates import query_marks
from cleo_memory.retrieval.documents import Filter, Match
from cleo_memory.retrieval.fusion import min_max
from cleo_memory.retrieval.lexical import bm25
from cleo_memory.retrieval.text import words

if TYPE_CHECKING:
    from cleo_memory.retrieval.index import UserIndex
    from cleo_memory.retrieval.postings import Postings

__all__ = ["search"]


def search(
    index: UserIndex,
    query: str,
    vector: NDArray[np.float32] | None,
    *,
    limit: int,
    where: Filter,
    now: float | None,
) -> list[Match]:
    """See `UserIndex.search`."""
    columns, weights = index.columns, index.weights
    n = len(columns.ids)
    allowed = permitted(index, where)
    if limit < 1 or not allowed.any():
        return []
    parts: dict[str, NDArray[np.float32]] = {}
    alive = columns.alive[:n]
    lexical = bm25(columns, index.lengths, weights, asked_terms(index, query, now), len(index))
    parts["words"] = weights.words * min_max(lexical, alive)
    if vector is not None:
        cosine = columns.vectors[:n] @ np.asarray(vector, np.float32)
        embedded = alive & columns.embedded[:n]
        parts["meaning"] = weights.meaning * min_max(cosine, embedded)
        around = cosine + beside(columns.before[:n], cosine) + beside(columns.after[:n], cosine)
        parts["around"] = weights.around * min_max(around, embedded)
    if (named := named_speaker(index, query)) is not None:
        parts["speaker"] = np.where(columns.speaker[:n] == named, np.float32(weights.speaker), np.float32(0))
    total = np.zeros(n, np.float32)
    for part in parts.values():
        total += part
    better = np.maximum(beside(columns.before[:n], total), beside(columns.after[:n], total))
    parts["neighbour"] = better * np.float32(weights.neighbour)
    total += parts["neighbour"]
    return best(index, total, parts, allowed, limit)


def asked_terms(index: UserIndex, query: str, now: float | None) -> list[tuple[Postings, int, bool]]:
    """The question's words and dates that this user's memories hold at all."""
    numbers = index.term_numbers
    found = [(index.words, numbers[word], True) for word in words(query) if word in numbers]
    return found + [(index.marks, numbers[mark], False) for mark in query_marks(query, now) if mark in numbers]


def permitted(index: UserIndex, where: Filter) -> NDArray[np.bool_]:
    """Rows that the filter lets through."""
    columns = index.columns
    n = len(columns.ids)
    allowed = columns.alive[:n].copy()
    for chosen, column in (
        (where.kinds, columns.kind),
        (where.conversations, columns.conversation),
        (where.speakers, columns.speaker),
    ):
        if chosen is not None:
            codes = [columns.names[name] for name in chosen if name in columns.names]
            allowed &= np.isin(column[:n], codes)
    if where.since is not None:
        allowed &= columns.at[:n] >= where.since
    if where.until is not None:
        allowed &= columns.at[:n] < where.until
    if where.valid_at is not None:
        allowed &= (columns.valid_to[:n] > where.valid_at) & ~(columns.at[:n] > where.valid_at)
    return allowed


def named_speaker(index: UserIndex, query: str) -> int | None:
    """The one speaker whom the question names, if it is one only."""
    columns = index.columns
    speakers = np.unique(columns.speaker[: len(columns.ids)])
    names = list(columns.names)
    asked = query.casefold()
    named = [
        code
        for code in speakers.tolist()
        if code >= 0 and re.search(rf"\b{re.escape(names[code].casefold())}\b", asked)
    ]
    return named[0] if len(named) == 1 else None


def beside(link: NDArray[np.int32], scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each row's neighbour's score, 0 where there is none."""
    return np.append(scores, np.float32(0))[link]


def best(
    index: UserIndex,
    total: NDArray[np.float32],
    parts: dict[str, NDArray[np.float32]],
    allowed: NDArray[np.bool_],
    limit: int,
) -> list[Match]:
    """The `limit` best permitted rows; among equals the one added last."""
    masked = np.where(allowed, total, -np.inf)
    limit = min(limit, int(allowed.sum()))
    rows = np.argpartition(-masked, limit - 1)[:limit]
    rows = rows[np.lexsort((-rows, -masked[rows]))]
    return [
        Match(
            index.columns.ids[row],
            float(total[row]),
            {name: round(float(part[row]), 4) for name, part in parts.items() if part[row]},
        )
        for row in rows.tolist()
    ]
