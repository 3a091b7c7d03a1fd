"""What was told later about the same: it stands before what it supersedes, also where it shares fewer of the
question's words ("I moved to Porto" for "Where do I live?", beside an older "I live in Lyon")."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cleo_memory.search.columns import NOBODY
from cleo_memory.search.question import IndexArrays, Question
from cleo_memory.search.relevance import Ground, above
from cleo_memory.search.scan import cosines, dequantize
from cleo_memory.search.text import CHANGE

LOOKED_AT = 3
"""How many of the best are looked at for something newer that the question did not find."""
ALIKE = 0.4
"""How far two memories are above the background of each other when one says the other anew."""
CHANGING = 0.15
"""The same where the newer one says that something changed."""
LEAST = 0.1
"""The relevance that it has to the question by itself, at least."""


def newer_first(
    index: IndexArrays, rows: list[int], asked: Question, permitted: NDArray[np.bool_], limit: int
) -> list[int]:
    """The rows, each told memory behind what was told later about the same, which is added where it is missing."""
    columns = index.columns
    conversation = columns.names.get("conversation", NOBODY)
    told = np.flatnonzero(permitted & (columns.kind[: len(permitted)] != conversation) & asked.embedded)
    if asked.cosine is None or asked.ground.trust < 1 or len(told) < 2:
        return rows  # what cannot be read looks alike
    for row in [row for row in rows if columns.kind[row] != conversation and asked.embedded[row]][:LOOKED_AT]:
        newer = told[(columns.at[told] > columns.at[row]) & (asked.relevance[told] >= LEAST)]
        if len(newer):
            alike = _alike(index, row, newer, asked.ground)
            changing = (columns.answer_types[newer] & CHANGE) > 0
            for other in newer[(alike >= ALIKE) | (changing & (alike >= CHANGING))].tolist():
                if columns.same[other] != columns.same[row]:
                    rows = _before(rows, other, row)
    return rows[:limit]


def _alike(index: IndexArrays, row: int, others: NDArray[np.int64], ground: Ground) -> NDArray[np.float32]:
    columns = index.columns
    vector = dequantize(columns.vectors[row : row + 1], columns.scale[row : row + 1])[0]
    return above(cosines(columns.vectors[others], columns.scale[others], vector), ground.seen_from(vector))


def _before(rows: list[int], newer: int, older: int) -> list[int]:
    if newer in rows and rows.index(newer) < rows.index(older):
        return rows
    rest = [row for row in rows if row != newer]
    place = rest.index(older)
    return [*rest[:place], newer, *rest[place:]]
