"""A question beside the rows of an index: what it has in common with each, before that is weighed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from cleo_memory.search.columns import Columns, Layout
from cleo_memory.search.documents import AskedFor
from cleo_memory.search.languages import ENGLISH, telling
from cleo_memory.search.lexical import Asked, Postings, bm25
from cleo_memory.search.related import related
from cleo_memory.search.relevance import BY_SLOT, Ground, above, relevant
from cleo_memory.search.scan import cosines
from cleo_memory.search.text import Analysis, variants, words

Scores = NDArray[np.float32]
AKIN = 5
"""Letters that two words of one family share at least."""


class IndexArrays:
    """What a search reads of a user's index."""

    def __init__(self, dim: int) -> None:
        self.dim = dim
        self.clear()

    def clear(self) -> None:
        """Drop everything."""
        self.columns = Columns(self.dim)
        self.words, self.labels = Postings(), Postings()
        self.term_numbers: dict[str, int] = {}
        """Of words and of labels, see `Segment`."""
        self.slots: dict[str, int] = {}
        """The labels of slots among them, by slot."""
        self._layout: Layout | None = None

    def layout(self) -> Layout:
        """What is derived from the rows as they are now."""
        if self._layout is None or self._layout.version != self.columns.version:
            self._layout = Layout(self.columns)
        return self._layout


class Question:
    """What a question has in common with each row, before it is weighed."""

    def __init__(
        self,
        index: IndexArrays,
        query: str,
        vector: NDArray[np.float32] | None,
        ground: Ground,
        asked_for: AskedFor | None = None,
    ) -> None:
        self.ground = ground
        self.text, self.columns = query, index.columns
        self.speakers = named_speakers(index, query)
        layout = index.layout()
        self.context, self.alone, covered = bm25(asked_words(index, query, self.speakers), index.words, layout)
        self.embedded = index.columns.embedded[: layout.rows]
        self.cosine: Scores | None = None
        self._windows = np.zeros(0, np.float32)
        if vector is not None:
            asked, windows = np.asarray(vector, np.float32), index.columns.windows
            self.cosine = cosines(index.columns.vectors[: layout.rows], index.columns.scale[: layout.rows], asked)
            if len(windows.row):
                self._windows = cosines(windows.vectors, windows.scale, asked)
                np.maximum.at(self.cosine, windows.row, self._windows)
        self.meaning = None if self.cosine is None else above(self.cosine, ground)
        self.covered = covered
        self.told = told(index, asked_for)
        self.relevance, self.passing = relevant(self.meaning, covered + self.told, self.embedded)
        self.passing &= layout.present

    def window(self, row: int) -> int | None:
        """Of a long row the place of the window that is nearest."""
        if not len(self._windows) or not len(own := np.flatnonzero(self.columns.windows.row == row)):
            return None
        return int(np.argmax(self._windows[own]))


def asked_words(index: IndexArrays, query: str, speakers: list[int]) -> Iterator[Asked]:
    """The question's words, each with its stems in the languages of these memories and its related words, as far as
    these memories hold them; a speaker's name has none related."""
    numbers, names = index.term_numbers, list(index.columns.names)
    unrelated = {word for code in speakers for word in words(names[code])}
    analysis, languages = Analysis(query), index.layout().languages
    found = analysis.forms
    word_of = {stem: (word, piece) for stem, word, piece in found}
    for stem, times in Counter(stem for stem, _, _ in found).items():
        word, piece = word_of[stem]
        forms = [stem] if piece else variants(word, languages)
        terms = tuple({numbers[form] for form in forms if form in numbers})
        if not (terms or piece or analysis.language == ENGLISH):
            terms = akin(stem, numbers)
        close = () if piece or stem in unrelated else tuple(numbers[each] for each in related(stem) if each in numbers)
        yield Asked(terms, close, times, telling(stem) if piece else 1.0)


def akin(stem: str, numbers: Mapping[str, int]) -> tuple[int, ...]:
    """Terms that begin as the stem does, or that it begins with: stemmers part allergy from allergic in most languages,
    and compounds from their first part."""
    if len(stem) < AKIN:
        return ()
    start = stem[: max(AKIN, len(stem) - 2)]
    return tuple(
        number
        for term, number in numbers.items()
        if term.startswith(start) or (len(term) >= 4 and stem.startswith(term))
    )


def told(index: IndexArrays, asked_for: AskedFor | None) -> Scores:
    """Of each row how much of the question it answers by its slot, 0 to `relevance.BY_SLOT`."""
    found = np.zeros(index.layout().rows, np.float32)
    if asked_for is not None:
        for number in [number for slot, number in index.slots.items() if asked_for.means(slot)]:
            rows, _ = index.labels.of(number)
            found[rows] = np.float32(BY_SLOT * asked_for.share)
    return found


def named_speakers(index: IndexArrays, query: str) -> list[int]:
    """The speakers whom the question names."""
    names = list(index.columns.names)
    asked = query.casefold()
    return [
        code
        for code in sorted(index.columns.speakers)
        if names[code].casefold() in asked and re.search(rf"\b{re.escape(names[code].casefold())}\b", asked)
    ]
