"""The column store of a user's index, one row per document, linked to its neighbours in the conversation; and what is
derived from it for scoring: neighbours, conversations, context lengths.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleo_memory.search.fusion import WEIGHTS
from cleo_memory.search.languages import LANGUAGES
from cleo_memory.search.scan import ZERO, dequantize, quantize
from cleo_memory.search.segment import Segment

NOBODY = -1


class Windows:
    """Vectors of the windows of long documents, of one document in order."""

    def __init__(self, dim: int) -> None:
        self.row: NDArray[np.int32] = np.zeros(0, np.int32)
        self.vectors: NDArray[np.uint8] = np.zeros((0, dim), np.uint8)
        self.scale: NDArray[np.float32] = np.zeros(0, np.float32)

    @property
    def nbytes(self) -> int:
        return int(self.row.nbytes + self.vectors.nbytes + self.scale.nbytes)

    def append(self, rows: NDArray[np.int32], vectors: NDArray[Any]) -> None:
        """Add windows ``[n, dim]``, each with the row of its document."""
        if len(rows):
            numbers, scales = quantize(vectors)
            self.row = np.concatenate([self.row, rows.astype(np.int32)])
            self.vectors = np.concatenate([self.vectors, numbers])
            self.scale = np.concatenate([self.scale, scales])

    def remove(self, rows: NDArray[np.int64]) -> None:
        """Take out those of these rows."""
        if len(self.row) and (gone := np.isin(self.row, rows)).any():
            self.row, self.vectors, self.scale = self.row[~gone], self.vectors[~gone], self.scale[~gone]

    def of(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int32], NDArray[np.float16]]:
        """Those of these rows: the place of the row among `rows`, and the vector."""
        order = np.argsort(rows, kind="stable")
        chosen = np.flatnonzero(np.isin(self.row, rows))
        place = order[np.searchsorted(rows[order], self.row[chosen])] if len(chosen) else np.zeros(0, np.int64)
        exact = dequantize(self.vectors[chosen], self.scale[chosen]).astype(np.float16)
        by_document = np.argsort(place, kind="stable")
        return place[by_document].astype(np.int32), exact[by_document]


class Columns:
    """Arrays with room to grow; only the first ``len(ids)`` rows mean anything, and of them those that are alive."""

    # A class's own value is what an empty row holds.
    at: NDArray[np.float64] = np.full(1, np.nan)
    valid_to: NDArray[np.float64] = np.full(1, np.inf)
    kind: NDArray[np.int32] = np.full(1, NOBODY, np.int32)
    speaker: NDArray[np.int32] = np.full(1, NOBODY, np.int32)
    conversation: NDArray[np.int32] = np.full(1, NOBODY, np.int32)
    before: NDArray[np.int32] = np.full(1, NOBODY, np.int32)
    after: NDArray[np.int32] = np.full(1, NOBODY, np.int32)
    answer_types: NDArray[np.uint8] = np.zeros(1, np.uint8)
    question_share: NDArray[np.uint8] = np.zeros(1, np.uint8)
    same: NDArray[np.int64] = np.zeros(1, np.int64)
    language: NDArray[np.uint8] = np.zeros(1, np.uint8)
    length: NDArray[np.float32] = np.zeros(1, np.float32)
    scale: NDArray[np.float32] = np.zeros(1, np.float32)
    embedded: NDArray[np.bool_] = np.zeros(1, np.bool_)
    alive: NDArray[np.bool_] = np.zeros(1, np.bool_)

    def __init__(self, dim: int) -> None:
        self.ids: list[str] = []
        self.names: dict[str, int] = {}
        self.vectors: NDArray[np.uint8] = np.zeros((0, dim), np.uint8)
        """Quantised, see scan.py; their scales are in `scale`."""
        self.windows = Windows(dim)
        self.version = 0
        """Goes up with every change of the rows, so that what is derived from them knows when it is stale."""
        self.speakers: set[int] = set()
        """Everybody who ever spoke here."""
        self._last: dict[int, int] = {}
        for name, empty in EMPTY.items():
            setattr(self, name, empty[:0])

    @property
    def nbytes(self) -> int:
        return int(self.vectors.nbytes + self.windows.nbytes + sum(getattr(self, name).nbytes for name in EMPTY))

    def append(self, segment: Segment) -> NDArray[np.int32]:
        """Put the segment's documents into new rows and return these."""
        first, n = len(self.ids), len(segment)
        self._reserve(first + n)
        rows = np.arange(first, first + n, dtype=np.int32)
        part = slice(first, first + n)
        local = np.array([self.names.setdefault(name, len(self.names)) for name in segment.names] + [NOBODY], np.int32)
        for name in ("kind", "speaker", "conversation"):
            getattr(self, name)[part] = local[getattr(segment, name)]
        for name in ("at", "valid_to", "answer_types", "question_share", "same", "language"):
            getattr(self, name)[part] = getattr(segment, name)
        if segment.vectors.shape[1]:
            self.vectors[part], self.scale[part] = quantize(segment.vectors)
            self.embedded[part] = segment.embedded
            self.windows.append(rows[segment.window_of], segment.window_vectors)
        sums = np.concatenate([[0], np.cumsum(segment.count, dtype=np.int64)])
        ends = segment.starts
        self.length[part] = sums[ends[1:]] - sums[ends[:-1] + segment.labels]
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
        for name, empty in EMPTY.items():
            getattr(self, name)[rows] = empty
        self.vectors[rows] = ZERO
        self.windows.remove(rows)
        self.version += 1

    def segment(self, rows: NDArray[np.int64], **postings: Any) -> Segment:
        """These rows as a segment, with their postings as given."""
        names = list(self.names)
        codes = {name: getattr(self, name)[rows] for name in ("kind", "speaker", "conversation")}
        used = np.unique(np.concatenate([*codes.values(), [NOBODY]]))[1:]
        renumber = np.full(len(names) + 1, NOBODY, np.int32)
        renumber[used] = np.arange(len(used))
        window_of, window_vectors = self.windows.of(rows)
        return Segment(
            ids=[self.ids[row] for row in rows],
            names=[names[code] for code in used],
            at=self.at[rows],
            valid_to=self.valid_to[rows],
            answer_types=self.answer_types[rows],
            question_share=self.question_share[rows],
            same=self.same[rows],
            language=self.language[rows],
            window_of=window_of,
            window_vectors=window_vectors,
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
        for name, empty in EMPTY.items():
            grown = np.repeat(empty, room)
            grown[: len(self.ids)] = getattr(self, name)[: len(self.ids)]
            setattr(self, name, grown)
        vectors = np.full((room, self.vectors.shape[1]), ZERO, np.uint8)
        vectors[: len(self.ids)] = self.vectors[: len(self.ids)]
        self.vectors = vectors


EMPTY: dict[str, NDArray[Any]] = {name: held for name, held in vars(Columns).items() if isinstance(held, np.ndarray)}


Scores = NDArray[np.float32]


class Layout:
    """The rows of an index at one moment."""

    def __init__(self, columns: Columns) -> None:
        self.version = columns.version
        self.rows = n = len(columns.ids)
        self.present = columns.alive[:n].copy()
        self.alive = int(self.present.sum())
        self.before, self.after = columns.before[:n].copy(), columns.after[:n].copy()
        self.links: list[NDArray[np.int32]] = []
        """For each distance and side the neighbour of each row, `NOBODY` (the last slot) where there is none."""
        for link in (self.before, self.after):
            step = link
            for distance in range(WEIGHTS.reach):
                if distance:
                    step = np.where(step == NOBODY, NOBODY, link[step])
                self.links.append(step)
        own = columns.length[:n]
        padded = np.append(own, np.float32(0))
        context = WEIGHTS.own_words * own + sum((padded[link] for link in self.links), np.zeros(n, np.float32))
        self.own_lengths, self.context_lengths = self._relative(own), self._relative(context)
        codes = columns.conversation[:n]
        # A memory outside any conversation is a conversation of its own.
        self.conversation = np.where(codes == NOBODY, len(columns.names) + np.arange(n), codes)
        self.conversations = len(columns.names) + n
        self.languages = [LANGUAGES[code] for code in np.unique(columns.language[:n][self.present])]
        """By whose stems the words of these rows stand."""
        self.question_share: Scores = columns.question_share[:n].astype(np.float32) / np.float32(255)

    def _relative(self, lengths: Scores) -> Scores:
        mean = float(lengths[self.present].mean()) if self.alive else 1.0
        return (lengths / np.float32(mean or 1.0)).astype(np.float32)

    def previous(self, scores: Scores) -> Scores:
        """The score of the document before each, 0 where there is none."""
        return np.append(scores, np.float32(0))[self.before]

    def better_neighbour(self, scores: Scores) -> Scores:
        """The higher score of the two documents beside each."""
        padded = np.append(scores, np.float32(0))
        return np.maximum(padded[self.before], padded[self.after])

    def best_of_conversation(self, scores: Scores) -> Scores:
        """The highest score in each document's conversation."""
        best = np.full(self.conversations, -np.inf, np.float32)
        np.maximum.at(best, self.conversation, scores)
        return best[self.conversation]
