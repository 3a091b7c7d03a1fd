"""Arrays derived from the columns for scoring: neighbours, conversations, context lengths; cached until rows change."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cleo_memory.search.columns import NOBODY, Columns
from cleo_memory.search.fusion import Weights

__all__ = ["Layout"]

Scores = NDArray[np.float32]


class Layout:
    """The rows of an index at one moment."""

    def __init__(self, columns: Columns, weights: Weights) -> None:
        self.version = columns.version
        self.rows = n = len(columns.ids)
        self.present = columns.alive[:n].copy()
        self.alive = int(self.present.sum())
        self.before, self.after = columns.before[:n].copy(), columns.after[:n].copy()
        self.links: list[NDArray[np.int32]] = []
        """For each distance and side the neighbour of each row, `NOBODY` (the last slot) where there is none."""
        for link in (self.before, self.after):
            step = link
            for distance in range(weights.reach):
                if distance:
                    step = np.where(step == NOBODY, NOBODY, link[step])
                self.links.append(step)
        own = columns.length[:n]
        padded = np.append(own, np.float32(0))
        context = weights.own_words * own + sum((padded[link] for link in self.links), np.zeros(n, np.float32))
        self.own_lengths, self.context_lengths = self._relative(own), self._relative(context)
        codes = columns.conversation[:n]
        # A memory outside any conversation is a conversation of its own.
        self.conversation = np.where(codes == NOBODY, len(columns.names) + np.arange(n), codes)
        self.conversations = len(columns.names) + n
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
