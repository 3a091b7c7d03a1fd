"""Cuts a long text into windows that a model of limited length reads, each word judged with text on both sides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

SIZE = 254
"""Pieces of a window, without the two signs at its ends. The model could read 510; half of that costs less each."""
BORDER = 40
"""Pieces of context that every word is judged with on either side, where the text goes on."""


class Window(NamedTuple):
    """Words `start` to `end` are read; those from `first` to `last` are judged here."""

    start: int
    end: int
    first: int
    last: int


def windows(lengths: Sequence[int], size: int = SIZE, border: int = BORDER) -> list[Window]:
    """Windows over words of these lengths in pieces; each word is judged in exactly one of them."""
    made: list[Window] = []
    first, count = 0, len(lengths)
    while first < count:
        start = _back(lengths, first, border)
        end, room = start, size
        while end < count and lengths[end] <= room:
            room -= lengths[end]
            end += 1
        last = count if end == count else max(_back(lengths, end, border), first + 1)
        made.append(Window(start, end, first, last))
        first = last
    return made


def _back(lengths: Sequence[int], place: int, pieces: int) -> int:
    """The first word of those before `place` that together have at least `pieces` pieces."""
    while place and pieces > 0:
        place -= 1
        pieces -= lengths[place]
    return place
