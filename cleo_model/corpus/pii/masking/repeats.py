"""Find known values again in a text, in one pass, however many there are.

A value is known by its first word and how many words it has. At each word of a text the index says which lengths occur
with it, and only for these the stretch is looked up: a few look-ups for each word, as many for twenty values as for
twenty million. Values of digits are looked up however they are set apart (4111 1111, 4111-1111, 41111111).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from cleo_model.corpus.pii.values import squash

WORD = re.compile(r"\w+")
GAP = re.compile(r"[\s\-./()\u2010-\u2015]{1,3}")
MOST_WORDS = 40
"""A longer value is not looked for again."""
MOST_GROUPS = 9
"""An IBAN is written in nine groups at most."""


class Lookup(Protocol):
    """From texts to small numbers, 0 for those it does not know."""

    def many(self, texts: Sequence[str]) -> list[int]: ...


class Known(dict[str, int]):
    """A `Lookup` in memory, for the values of one record."""

    def many(self, texts: Sequence[str]) -> list[int]:
        return [self.get(text, 0) for text in texts]


def entry(value: str) -> tuple[str, int, str] | None:
    """A value as the index knows it: first word, number of words, and the whole; None if it cannot be looked for."""
    words = list(WORD.finditer(value))
    if not words or len(words) > MOST_WORDS:
        return None
    return squash(words[0].group()), len(words), squash(value[words[0].start() : words[-1].end()])


@dataclass(slots=True)
class Repeats:
    """Finds values again: `heads` has a bit for each number of words by first word, `wholes` a number by value."""

    heads: Lookup
    wholes: Lookup
    lookups: int = field(default=0, init=False)
    """How many were made: what the time grows with."""

    @classmethod
    def of(cls, values: Iterable[tuple[str, int]]) -> Repeats:
        """An index of these values and their numbers, in memory; of two with the same form the first counts."""
        heads, wholes = Known(), Known()
        for value, number in values:
            if known := entry(value):
                first, count, whole = known
                heads[first] = heads.get(first, 0) | 1 << count
                wholes.setdefault(whole, number)
        return cls(heads, wholes)

    def find(self, text: str) -> list[tuple[int, int, int]]:
        """Start, end and number of each value that stands in the text as whole words; they may overlap."""
        words = list(WORD.finditer(text))
        masks = self.heads.many([squash(word.group()) for word in words])
        places = [(words[low].start(), words[high].end()) for low, high in _stretches(text, words, masks)]
        numbers = self.wholes.many([squash(text[start:end]) for start, end in places])
        self.lookups += len(words) + len(places)
        return [(start, end, number) for (start, end), number in zip(places, numbers, strict=True) if number]


def _stretches(text: str, words: list[re.Match[str]], masks: list[int]) -> Iterator[tuple[int, int]]:
    """First and last word of each stretch that may be a value."""
    for low, mask in enumerate(masks):
        count = 1
        while mask >> count:
            if mask >> count & 1 and low + count <= len(words):
                yield low, low + count - 1
            count += 1
        if any(char.isdigit() for char in words[low].group()):
            for high in range(low, min(low + MOST_GROUPS, len(words))):
                if high > low and not GAP.fullmatch(text, words[high - 1].end(), words[high].start()):
                    break
                if not mask >> (high - low + 1) & 1:
                    yield low, high
