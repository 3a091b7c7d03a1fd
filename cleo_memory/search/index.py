"""One user's resident index: everything that exact hybrid search needs, in arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from threading import RLock
from typing import Concatenate, ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray

from cleo_memory.errors import VectorMismatch
from cleo_memory.search.documents import SLOT_LABEL, AskedFor, Filter, Match
from cleo_memory.search.hybrid import search
from cleo_memory.search.question import IndexArrays
from cleo_memory.search.relevance import Ground
from cleo_memory.search.scan import ZERO, quantize
from cleo_memory.search.segment import Segment

P = ParamSpec("P")
R = TypeVar("R")


def exclusive(method: Callable[Concatenate[UserIndex, P], R]) -> Callable[Concatenate[UserIndex, P], R]:
    """One call at a time: an index is searched in one thread while another one adds to it."""

    @wraps(method)
    def alone(self: UserIndex, /, *args: P.args, **kwargs: P.kwargs) -> R:
        with self.lock:
            return method(self, *args, **kwargs)

    return alone


class UserIndex(IndexArrays):
    """Documents of one user. Safe to use from several threads: each call has the index to itself while it runs.

    A document becomes searchable by its words with `add` and by its meaning as soon as its segment carries a vector,
    then or later through `attach`, so that an acknowledged memory is found before the embedder got to it.
    """

    def __init__(self, dim: int) -> None:
        self.lock = RLock()
        super().__init__(dim)

    @classmethod
    def load(cls, dim: int, segments: Iterable[Segment]) -> UserIndex:
        """Build from stored segments, oldest first; a later document with the same id replaces the earlier one."""
        index = cls(dim)
        for segment in segments:
            index.add(segment)
        return index

    def __len__(self) -> int:
        return len(self._row_of)

    def __contains__(self, id: str) -> bool:
        return id in self._row_of

    @property
    def nbytes(self) -> int:
        """Bytes of memory held; strings by estimate."""
        strings = 120 * len(self._row_of) + 110 * len(self.term_numbers)
        return self.columns.nbytes + self.words.nbytes + self.labels.nbytes + strings

    @exclusive
    def add(self, segment: Segment) -> None:
        """Add documents, in the order in which they were said; one whose id is known replaces the known one.

        Raises:
            VectorMismatch: the segment's vectors have another length than this index holds.
        """
        if segment.vectors.shape[1] not in (0, self.dim):
            raise VectorMismatch(
                f"The segment holds vectors of {segment.vectors.shape[1]} numbers, the index of {self.dim}.",
                hint="Embed the documents again with the present model.",
            )
        last = {id: place for place, id in enumerate(segment.ids)}
        self.remove(id for id in last if id in self._row_of)
        rows = self.columns.append(segment)
        self._row_of.update(zip(segment.ids, rows.tolist(), strict=True))
        numbers = self.term_numbers
        terms = np.array([numbers.setdefault(term, len(numbers)) for term in segment.terms], np.int32)
        self.slots |= {term[len(SLOT_LABEL) :]: numbers[term] for term in segment.terms if term.startswith(SLOT_LABEL)}
        sizes = np.diff(segment.starts)
        row = np.repeat(rows, sizes)
        place = np.arange(len(segment.term)) - np.repeat(segment.starts[:-1], sizes)
        is_label = place < np.repeat(segment.labels, sizes)
        for postings, chosen in ((self.labels, is_label), (self.words, ~is_label)):
            postings.add(terms[segment.term[chosen]], row[chosen], segment.count[chosen])
        if len(last) < len(segment):  # the same id twice in one segment: only the last one counts
            self._erase([row for row, id in zip(rows.tolist(), segment.ids, strict=True) if self._row_of[id] != row])

    @exclusive
    def attach(
        self, ids: Sequence[str], vectors: NDArray[np.float32], windows: Sequence[NDArray[np.float32]] = ()
    ) -> None:
        """Give documents their vectors ``[n, dim]``, and those of their windows; ids that are gone are passed over.

        Raises:
            VectorMismatch: the vectors have another length than this index holds.
        """
        if vectors.shape != (len(ids), self.dim):
            raise VectorMismatch(f"Vectors of shape {vectors.shape} for {len(ids)} documents of dimension {self.dim}.")
        there = [(place, row) for place, id in enumerate(ids) if (row := self._row_of.get(id)) is not None]
        if there:
            places, rows = np.array(there).T
            # Through half precision, as it is stored, so that it ranks the same after it was loaded.
            self.columns.vectors[rows], self.columns.scale[rows] = quantize(vectors[places].astype(np.float16))
            self.columns.embedded[rows] = True
            self.columns.windows.remove(rows)
            for place, row in there if windows else ():
                self.columns.windows.append(np.full(len(windows[place]), row), windows[place].astype(np.float16))

    @exclusive
    def unembedded(self) -> list[str]:
        """Ids of the documents that have no vector yet."""
        ids = self.columns.ids
        return [ids[row] for row in np.flatnonzero(self.columns.alive[: len(ids)] & ~self.columns.embedded[: len(ids)])]

    @exclusive
    def remove(self, ids: Iterable[str]) -> int:
        """Take documents out, their words and vectors too; returns how many were there."""
        rows = [row for id in ids if (row := self._row_of.pop(id, None)) is not None]
        if rows:
            self._erase(rows)
            if len(self.columns.ids) > 1024 and len(self._row_of) < 0.75 * len(self.columns.ids):
                self._compact()
        return len(rows)

    @exclusive
    def close_validity(self, id: str, valid_to: float) -> None:
        """The document ceased to be true at `valid_to`."""
        if (row := self._row_of.get(id)) is not None:
            self.columns.valid_to[row] = valid_to

    @exclusive
    def segments(self, size: int = 5000) -> list[Segment]:
        """The whole index as segments of at most `size` documents, to be sealed and stored in place of older ones."""
        rows = np.flatnonzero(self.columns.alive[: len(self.columns.ids)])
        terms = list(self.term_numbers)
        folded: list[Segment] = []
        for at in range(0, len(rows), size):
            chosen = rows[at : at + size]
            labelled, label, label_count = self.labels.of_rows(chosen)
            worded, word, word_count = self.words.of_rows(chosen)
            # Labels come first within each document: sorted by document, and stable, they stay so.
            order = np.argsort(np.repeat(np.tile(np.arange(len(chosen)), 2), [*labelled, *worded]), kind="stable")
            used, term = np.unique(np.concatenate([label, word])[order], return_inverse=True)
            folded.append(
                self.columns.segment(
                    chosen,
                    terms=[terms[number] for number in used],
                    starts=np.concatenate([[0], np.cumsum(labelled + worded)]),
                    term=term.astype(np.int32),
                    count=np.concatenate([label_count, word_count])[order],
                    labels=labelled.astype(np.int32),
                )
            )
        return folded

    @exclusive
    def search(
        self,
        query: str,
        vector: NDArray[np.float32] | None,
        *,
        limit: int = 10,
        where: Filter | None = None,
        now: float | None = None,
        ground: Ground | None = None,
        asked_for: AskedFor | None = None,
    ) -> list[Match]:
        """The best documents for a question, best first; of those that say the same the newest.

        Args:
            query: the question's text.
            vector: its embedding ``[dim]``; None searches by words alone (the embedder is down).
            now: the day that ``yesterday`` in the question is relative to.
            ground: from `Background.of`: what is above the floor of relevance is found, and with a turn that is the
                other turns too, ranked. None leaves nothing out.
            asked_for: what the question asks of its user.
        """
        where = where or Filter()
        return search(self, query, vector, limit=limit, where=where, now=now, ground=ground, asked_for=asked_for)

    @exclusive
    def wipe(self) -> None:
        """Overwrite vectors and drop everything: called when a user is erased."""
        self.columns.vectors[:] = ZERO
        self.columns.windows.vectors[:] = ZERO
        self.clear()

    def clear(self) -> None:
        super().clear()
        self._row_of: dict[str, int] = {}

    def _erase(self, rows: Sequence[int]) -> None:
        gone = np.zeros(len(self.columns.ids), bool)
        gone[list(rows)] = True
        self.columns.remove(np.flatnonzero(gone))
        self.words.remove(gone)
        self.labels.remove(gone)

    def _compact(self) -> None:
        segments = self.segments()
        self.clear()
        for segment in segments:
            self.add(segment)
