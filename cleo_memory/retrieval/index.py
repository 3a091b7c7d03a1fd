"""One user's resident index: everything that exact hybrid search needs, in arrays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from cleo_memory.retrieval.documents import Filter, Match
from cleo_memory.retrieval.segment import Segment

__all__ = ["UserIndex"]


class UserIndex:
    """Documents of one user. Not thread-safe for writers: one writer at a time, readers in other threads are fine.

    A document becomes searchable by its words with `add` and by its meaning as soon as its segment carries a vector,
    then or later through `attach`, so that an acknowledged memory is found before the embedder got to it.
    """

    def __init__(self, dim: int) -> None:
        raise NotImplementedError

    @classmethod
    def load(cls, dim: int, segments: Iterable[Segment]) -> UserIndex:
        """Build from stored segments, oldest first; a later document with the same id replaces the earlier one."""
        raise NotImplementedError

    def __len__(self) -> int:
        raise NotImplementedError

    def __contains__(self, id: str) -> bool:
        raise NotImplementedError

    @property
    def nbytes(self) -> int:
        """Bytes of memory held."""
        raise NotImplementedError

    def add(self, segment: Segment) -> None:
        """Add documents, in the order in which they were said; one whose id is known replaces the known one."""
        raise NotImplementedError

    def attach(self, ids: Sequence[str], vectors: NDArray[np.float32]) -> None:
        """Give documents their vectors ``[n, dim]``; ids that are gone by now are passed over."""
        raise NotImplementedError

    def unembedded(self) -> list[str]:
        """Ids of the documents that have no vector yet."""
        raise NotImplementedError

    def remove(self, ids: Iterable[str]) -> int:
        """Take documents out, their words and vectors too; returns how many were there."""
        raise NotImplementedError

    def close_validity(self, id: str, valid_to: float) -> None:
        """The document ceased to be true at `valid_to`."""
        raise NotImplementedError

    def segments(self, size: int = 5000) -> Iterator[Segment]:
        """The whole index as segments of at most `size` documents, to be sealed and stored in place of older ones."""
        raise NotImplementedError

    def search(
        self, query: str, vector: NDArray[np.float32] | None, *, limit: int = 10, where: Filter | None = None
    ) -> list[Match]:
        """The best documents for a question, best first.

        Args:
            query: the question's text.
            vector: its embedding ``[dim]``; None searches by words alone (the embedder is down).
        """
        raise NotImplementedError

    def wipe(self) -> None:
        """Overwrite vectors and drop everything: called when a user is erased."""
        raise NotImplementedError
