"""Segments: analysed and embedded documents in columns, as bytes that a store seals and hands back.

A segment of one document is what is stored beside a new memory; segments of thousands are what an index is loaded
from. Both have the same form, so folding many small ones into a large one is a concatenation.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cleo_memory.retrieval.documents import Document

__all__ = ["Segment"]


class Segment:
    """Columns of n documents: ids, times, kinds, speakers, conversations, words, and vectors in half precision."""

    ids: list[str]

    @classmethod
    def build(cls, documents: Sequence[Document], vectors: NDArray[np.float32] | None = None) -> Segment:
        """Analyse documents (about 15,000 a second); `vectors` ``[n, dim]`` may come later."""
        raise NotImplementedError

    def to_bytes(self) -> bytes:
        """About 1.1 kB a document with vectors of 384 numbers."""
        raise NotImplementedError

    @classmethod
    def from_bytes(cls, data: bytes | memoryview) -> Segment:
        """Read what `to_bytes` wrote.

        Raises:
            SegmentDamaged: the bytes are not a whole segment of a known version.
        """
        raise NotImplementedError

    def __len__(self) -> int:
        raise NotImplementedError
