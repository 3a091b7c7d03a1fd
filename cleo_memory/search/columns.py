"""The column store of a user's index: one row per document, with links to its neighbours in the conversation."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleo_memory.search.scan import ZERO, dequantize, quantize
from cleo_memory.search.segment import Segment

__all__ = ["Columns"]

NOBODY = -1
FILLS: dict[str, tuple[Any, Any]] = {
    "at": (np.float64, np.nan),
    "valid_to": (np.float64, np.inf),
    "kind": (np.int32, NOBODY),
    "speaker": (np.int32, NOBODY),
    "conversation": (np.int32, NOBODY),
    "before": (np.int32, NOBODY),
    "after": (np.int32, NOBODY),
    "answer_types": (np.uint8, 0),
    "question_share": (np.uint8, 0),
    "length": (np.float32, 0),
    "scale": (np.float32, 0),
    "embedded": (np.bool_, False),
    "alive": (np.bool_, False),
}


class Columns:
    """Arrays with room to grow; only the first ``len(ids)`` rows mean anything, and of them those that are alive."""

    at: NDArray[np.float64]
    valid_to: NDArray[np.float64]
    kind: NDArray[np.int32]
    speaker: NDArray[np.int32]
    conversation: NDArray[np.int32]
    before: NDArray[np.int32]
    after: NDArray[np.int32]
    answer_types: NDArray[np.uint8]
    question_share: NDArray[np.uint8]
    length: NDArray[np.float32]
    scale: NDArray[np.float32]
    embedded: NDArray[np.bool_]
    alive: NDArray[np.bool_]

    def __init__(self, dim: int) -> None:
        self.ids: list[str] = []
        self.names: dict[str, int] = {}
        self.vectors: NDArray[np.uint8] = np.zeros((0, dim), np.uint8)
        """Quantised, see scan.py; their scales are in `scale`."""
        self.version = 0
        """Goes up with every change of the rows, so that what is derived from them knows when it is stale."""
        self.speakers: set[int] = set()
        """Everybody who ever spoke here."""
        self._last: dict[int, int] = {}
        for name, (dtype, _) in FILLS.items():
            setattr(self, name, np.zeros(0, dtype))

    @property
    def nbytes(self) -> int:
        return int(self.vectors.nbytes + sum(getattr(self, name).nbytes for name in FILLS))

    def append(self, segment: Segment) -> NDArray[np.int32]:
        """Put the segment's documents into new rows and return these."""
        first, n = len(self.ids), len(segment)
        self._reserve(first + n)
        rows = np.arange(first, first + n, dtype=np.int32)
        part = slice(first, first + n)
        local = np.array([self.names.setdefault(name, len(self.names)) for name in segment.names] + [NOBODY], np.int32)
        for name in ("kind", "speaker", "conversation"):
            getattr(self, name)[part] = local[getattr(segment, name)]
        for name in ("at", "valid_to", "answer_types", "question_share"):
            getattr(self, name)[part] = getattr(segment, name)
        if segment.vectors.shape[1]:
            self.vectors[part], self.scale[part] = quantize(segment.vectors)
            self.embedded[part] = segment.embedded
        sums = np.concatenate([[0], np.cumsum(segment.count, dtype=np.int64)])
        ends = segment.starts
        self.length[part] = sums[ends[1:]] - sums[ends[:-1] + segment.date_terms]
        self.alive[part] = True
        self.ids += segment.ids
        for row, conversation in zip(rows.tolist(), self.conversation[part].tolist(), strict=True):
            if conversation != NOBODY:
                before = self._last.get(conversation, NOBODY)
                self.before[row] = before
                if before != NOBODY:
                    self.after[before] = row
                self._last[conversation] = row
        self.speakers.update(set(self.speaker[part].tolist()) - {NOBODY})
        self.version += 1
        return rows

    def remove(self, rows: NDArray[np.int64]) -> None:
        """Empty these rows and let their neighbours become neighbours of each other."""
        for row in rows.tolist():
            before, after = int(self.before[row]), int(self.after[row])
            if before != NOBODY:
                self.after[before] = after
            if after != NOBODY:
                self.before[after] = before
            elif (conversation := int(self.conversation[row])) != NOBODY:
                if before == NOBODY:
                    self._last.pop(conversation, None)
                else:
                    self._last[conversation] = before
            self.ids[row] = ""
        for name, (_, fill) in FILLS.items():
            getattr(self, name)[rows] = fill
        self.vectors[rows] = ZERO
        self.version += 1

    def segment(self, rows: NDArray[np.int64], **postings: Any) -> Segment:
        """These rows as a segment, with their postings as given."""
        names = list(self.names)
        codes = {name: getattr(self, name)[rows] for name in ("kind", "speaker", "conversation")}
        used = np.unique(np.concatenate([*codes.values(), [NOBODY]]))[1:]
        renumber = np.full(len(names) + 1, NOBODY, np.int32)
        renumber[used] = np.arange(len(used))
        return Segment(
            ids=[self.ids[row] for row in rows],
            names=[names[code] for code in used],
            at=self.at[rows],
            valid_to=self.valid_to[rows],
            answer_types=self.answer_types[rows],
            question_share=self.question_share[rows],
            embedded=self.embedded[rows],
            vectors=dequantize(self.vectors[rows], self.scale[rows]).astype(np.float16),
            **{name: renumber[code] for name, code in codes.items()},
            **postings,
        )

    def _reserve(self, rows: int) -> None:
        room = len(self.alive)
        if rows <= room:
            return
        room = max(rows, room + room // 4, 64)
        for name, (dtype, fill) in FILLS.items():
            grown = np.full(room, fill, dtype)
            grown[: len(self.ids)] = getattr(self, name)[: len(self.ids)]
            setattr(self, name, grown)
        vectors = np.full((room, self.vectors.shape[1]), ZERO, np.uint8)
        vectors[: len(self.ids)] = self.vectors[: len(self.ids)]
        self.vectors = vectors
