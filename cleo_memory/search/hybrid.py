"""Exact hybrid search: every memory of the user is scored by meaning, words and who said it, none is approximated."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from cleo_memory.search.columns import Columns, Layout
from cleo_memory.search.dates import query_date_terms
from cleo_memory.search.documents import Filter, Match
from cleo_memory.search.fusion import WEIGHTS, min_max
from cleo_memory.search.lexical import Asked, Postings, bm25, rarity
from cleo_memory.search.related import related
from cleo_memory.search.scan import cosines
from cleo_memory.search.text import NAME, NUMBER, TIME, expected_answer_types, words

Scores = NDArray[np.float32]


class IndexArrays:
    """What a search reads of a user's index."""

    def __init__(self, dim: int) -> None:
        self.dim = dim
        self.clear()

    def clear(self) -> None:
        """Drop everything."""
        self.columns = Columns(self.dim)
        self.words, self.dates = Postings(), Postings()
        self.term_numbers: dict[str, int] = {}
        """Of words and of date terms, see dates.py."""
        self._layout: Layout | None = None

    def layout(self) -> Layout:
        """What is derived from the rows as they are now."""
        if self._layout is None or self._layout.version != self.columns.version:
            self._layout = Layout(self.columns)
        return self._layout


def search(
    index: IndexArrays, query: str, vector: NDArray[np.float32] | None, *, limit: int, where: Filter, now: float | None
) -> list[Match]:
    """See `UserIndex.search`."""
    allowed = permitted(index, where)
    if limit < 1 or not allowed.any():
        return []
    parts = scored(index, query, vector, now)
    total = np.zeros(len(allowed), np.float32)
    for part in parts.values():
        total += part
    return best(index, total, parts, allowed, limit)


def scored(index: IndexArrays, query: str, vector: NDArray[np.float32] | None, now: float | None) -> dict[str, Scores]:
    """The summands of every row's score, by name."""
    columns, layout = index.columns, index.layout()
    n, present = layout.rows, layout.present
    speakers = named_speakers(index, query)
    parts: dict[str, Scores] = {}
    context, alone = bm25(asked_words(index, query, speakers), index.words, layout)
    for date in query_date_terms(query, now):
        if (term := index.term_numbers.get(date)) is not None:
            rows, _ = index.dates.of(term)
            context[rows] += np.float32(rarity(len(rows), layout.alive))
    by_words = min_max(context, present)
    parts["words"] = by_words * np.float32(WEIGHTS.words)
    if vector is not None:
        cosine = cosines(columns.vectors[:n], columns.scale[:n], np.asarray(vector, np.float32))
        meaning = min_max(cosine, present & columns.embedded[:n])
        # A memory that the embedder has not reached yet is taken to mean what its words say.
        meaning = np.where(columns.embedded[:n], meaning, by_words)
        parts["meaning"] = meaning * np.float32(WEIGHTS.meaning)
        parts["conversation"] = layout.best_of_conversation(meaning) * np.float32(WEIGHTS.conversation)
    if len(speakers) == 1:
        parts["speaker"] = np.where(columns.speaker[:n] == speakers[0], np.float32(WEIGHTS.speaker), np.float32(0))
    together = sum((parts[name] for name in ("words", "meaning", "speaker") if name in parts), np.zeros(n, np.float32))
    parts["neighbour"] = layout.better_neighbour(together) * np.float32(WEIGHTS.neighbour)
    asked_about: Scores = min_max(alone, present) * layout.question_share
    parts["answers"] = layout.previous(asked_about) * np.float32(WEIGHTS.answers)
    parts["asking"] = layout.question_share * np.float32(-WEIGHTS.asking)
    wanted = expected_answer_types(query)
    for bit, name, weight in (
        (TIME, "time", WEIGHTS.time),
        (NUMBER, "number", WEIGHTS.number),
        (NAME, "name", WEIGHTS.name),
    ):
        if wanted & bit:
            parts[name] = np.where(columns.answer_types[:n] & bit, np.float32(weight), np.float32(0))
    return parts


def asked_words(index: IndexArrays, query: str, speakers: list[int]) -> Iterator[Asked]:
    """The question's words that these memories hold, each with its related ones; a speaker's name has none."""
    numbers, names = index.term_numbers, list(index.columns.names)
    unrelated = {word for code in speakers for word in words(names[code])}
    for word, times in Counter(words(query)).items():
        close = () if word in unrelated else tuple(numbers[each] for each in related(word) if each in numbers)
        if close or word in numbers:
            yield Asked(numbers.get(word), close, times)


def permitted(index: IndexArrays, where: Filter) -> NDArray[np.bool_]:
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


def named_speakers(index: IndexArrays, query: str) -> list[int]:
    """The speakers whom the question names."""
    names = list(index.columns.names)
    asked = query.casefold()
    return [
        code
        for code in sorted(index.columns.speakers)
        if names[code].casefold() in asked and re.search(rf"\b{re.escape(names[code].casefold())}\b", asked)
    ]


def best(
    index: IndexArrays, total: Scores, parts: dict[str, Scores], allowed: NDArray[np.bool_], limit: int
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
