"""Exact hybrid search: every memory of the user is scored by meaning, words and who said it, none is approximated."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cleo_memory.search.columns import NOBODY
from cleo_memory.search.dates import query_date_terms
from cleo_memory.search.documents import AskedFor, Filter, Match
from cleo_memory.search.fusion import WEIGHTS, min_max
from cleo_memory.search.lexical import rarity
from cleo_memory.search.question import IndexArrays, Question
from cleo_memory.search.relevance import NOWHERE, Ground, with_turns
from cleo_memory.search.text import NAME, NUMBER, TIME, expected_answer_types
from cleo_memory.search.updates import newer_first

Scores = NDArray[np.float32]


def search(
    index: IndexArrays,
    query: str,
    vector: NDArray[np.float32] | None,
    *,
    limit: int,
    where: Filter,
    now: float | None,
    ground: Ground | None,
    asked_for: AskedFor | None = None,
) -> list[Match]:
    """See `UserIndex.search`."""
    allowed = let_through = permitted(index, where)
    if limit < 1 or not allowed.any():
        return []
    asked = Question(index, query, vector, ground or NOWHERE, asked_for)
    parts = scored(index, asked, now)
    total = np.zeros(len(allowed), np.float32)
    for part in parts.values():
        total += part
    if ground is not None:
        turns = index.columns.conversation[: len(allowed)] != NOBODY
        allowed = allowed & with_turns(asked.passing, turns) & (total > 0)
    rows = best(index, total, allowed, limit)
    if ground is not None and rows:
        rows = newer_first(index, rows, asked, let_through, limit)
    return [
        Match(
            index.columns.ids[row],
            float(total[row]),
            {name: round(float(part[row]), 4) for name, part in parts.items() if part[row]},
            round(float(asked.relevance[row]), 4),
            asked.window(row),
        )
        for row in rows
    ]


def scored(index: IndexArrays, asked: Question, now: float | None) -> dict[str, Scores]:
    """The summands of every row's score, by name."""
    columns, layout = index.columns, index.layout()
    n, present, embedded = layout.rows, layout.present, asked.embedded
    parts: dict[str, Scores] = {}
    for date in query_date_terms(asked.text, now):
        if (term := index.term_numbers.get(date)) is not None:
            rows, _ = index.labels.of(term)
            asked.context[rows] += np.float32(rarity(len(rows), layout.alive))
    by_words = min_max(asked.context, present)
    parts["words"] = by_words * np.float32(WEIGHTS.words) + asked.covered * np.float32(WEIGHTS.relevance)
    if asked.told.any():
        parts["slot"] = asked.told * np.float32(WEIGHTS.slot)
    if asked.cosine is not None and asked.meaning is not None:
        meaning = min_max(asked.cosine, present & embedded)
        # A memory that the embedder has not reached yet is taken to mean what its words say.
        meaning = np.where(embedded, meaning, by_words)
        own = np.where(embedded, asked.meaning, np.float32(0)) * np.float32(WEIGHTS.relevance)
        trust = asked.ground.trust
        parts["meaning"] = meaning * np.float32(WEIGHTS.meaning * trust) + own
        parts["conversation"] = layout.best_of_conversation(meaning) * np.float32(WEIGHTS.conversation * trust)
    if len(asked.speakers) == 1:
        said_by = columns.speaker[:n] == asked.speakers[0]
        parts["speaker"] = np.where(said_by, np.float32(WEIGHTS.speaker), np.float32(0))
    together = sum((parts[name] for name in ("words", "meaning", "speaker") if name in parts), np.zeros(n, np.float32))
    parts["neighbour"] = layout.better_neighbour(together) * np.float32(WEIGHTS.neighbour)
    asked_about: Scores = min_max(asked.alone, present) * layout.question_share
    parts["answers"] = layout.previous(asked_about) * np.float32(WEIGHTS.answers)
    parts["asking"] = layout.question_share * np.float32(-WEIGHTS.asking)
    wanted = expected_answer_types(asked.text)
    for bit, name, weight in (
        (TIME, "time", WEIGHTS.time),
        (NUMBER, "number", WEIGHTS.number),
        (NAME, "name", WEIGHTS.name),
    ):
        if wanted & bit:
            parts[name] = np.where(columns.answer_types[:n] & bit, np.float32(weight), np.float32(0))
    return parts


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


def best(index: IndexArrays, total: Scores, allowed: NDArray[np.bool_], limit: int) -> list[int]:
    """The `limit` best permitted rows, each saying something else; among equals the one added last."""
    columns = index.columns
    masked = np.where(allowed, total, -np.inf)
    there = int(allowed.sum())
    most = min(limit, there)
    while True:
        rows = np.argpartition(-masked, most - 1)[:most] if most else np.zeros(0, np.int64)
        rows = rows[np.lexsort((-rows, -masked[rows]))]
        chosen: dict[int, int] = {}
        for row in rows.tolist():
            same = int(columns.same[row])
            held = chosen.setdefault(same, row)
            if _told_and_time(index, row) > _told_and_time(index, held):
                chosen[same] = row  # in the place of the one that it repeats
        if len(chosen) >= limit or most == there:
            return list(chosen.values())[:limit]
        most = min(4 * most, there)


def _told_and_time(index: IndexArrays, row: int) -> tuple[bool, float]:
    """Of two memories that say the same, the one that counts: what was told for keeping, then the newer."""
    columns = index.columns
    at = float(columns.at[row])
    return int(columns.kind[row]) != columns.names.get("conversation", NOBODY), at if at == at else -np.inf
