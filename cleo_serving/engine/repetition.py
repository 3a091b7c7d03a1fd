"""Notices a reply that goes round in a loop: "1. 1. 1. …", one sentence over and over, the same item of a list.

A loop is a unit of words that fills the end of the text several times in a row. How often depends on its length, so
that verse passes: the bells of a poem ring seven times, a shanty sings its line thrice, and then both go on.
"""

from __future__ import annotations

import re

LONGEST_UNIT = 80
"""Words of the longest unit that is looked for."""
FEWEST_TIMES = 4
FEWEST_WORDS = 16
"""A unit must stand at least so many times in a row, and fill so many words."""
WINDOW = 4000
"""Characters at the end of a text that are looked at."""

# Scripts that put no spaces between words are read sign by sign.
_WORD = re.compile(
    r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|[^\W\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]+"
)
# The number or dash of an item: a list whose items are all the same is a loop, too.
_MARKER = re.compile(r"^[ \t]*(?:\d{1,4}[.)]|[-*•])[ \t]+(?=\S)", re.MULTILINE)
_BLANKS = 100
_SIGNS = re.compile(r"([^\w\s])\1{199,}\Z")
_SYLLABLES = re.compile(r"([^\W_]{1,6})\1{23,}\Z")


class RepetitionDetector:
    """Reads the pieces of one reply."""

    def __init__(self) -> None:
        self._tail = ""

    def feed(self, piece: str) -> bool:
        """Whether the text so far ends in a loop."""
        if not piece:
            return False
        self._tail = (self._tail + piece)[-WINDOW:]
        return loops(self._tail)


def loops(text: str) -> bool:
    """Whether a text ends in a loop."""
    if _SYLLABLES.search(text[-160:]) or _SIGNS.search(text[-200:]):
        return True
    if len(text) >= _BLANKS and not text[-_BLANKS:].strip():
        return True
    words = [word.casefold() for word in _WORD.findall(_MARKER.sub("", text))]
    if text and text[-1].isalnum() and words and text[-1].isascii():
        words.pop()  # it may not be whole yet
    size = len(words)
    for unit in range(1, min(LONGEST_UNIT, size // FEWEST_TIMES) + 1):
        times = max(FEWEST_TIMES, -(-FEWEST_WORDS // unit))
        # Equal to itself one unit further on: that is what a run of equal units is.
        run = unit * times
        if run <= size and words[-run : size - unit] == words[size - run + unit :]:
            return True
    return False
