"""The absolute measure of how well a memory fits a question, and the floor below which none is found.

The fused score compares the memories of one user with each other: its best is high even where nothing fits. This one
stands by itself. It is the sum of two shares: how far the memory is above the background in meaning (`background.py`; 0
at its level, 1 for the same text), and how much of the question its own words cover, each word by its rarity.
`python -m benchmarks relevance` shows what the floor lets through and keeps out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float32]
FLOOR = 0.22
BY_WORDS = FLOOR / 0.15
"""How much more the words count where meaning is not known (without an embedder, and for a memory that it has not
reached yet): 0.15 of the question's words are as good there as 0.22 of words and meaning together."""
BY_SLOT = 0.7
"""Of what holds what a question asks of its user, when it asks for nothing else; one word shared is worth less."""
NEAREST = 10
"""How many sentences of the background make its level: about as many as there are of the question's language."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What the meaning of one question is measured from."""

    level: float = 0.0
    """Cosine of what has nothing to do with it."""
    trust: float = 1.0
    """How much its meaning counts: less where the embedder does not know the script."""
    background: NDArray[np.float32] | None = None
    """Vectors ``[n, dim]`` of what has nothing to do with anything."""

    def seen_from(self, vector: NDArray[np.float32]) -> Ground:
        """The ground of another text, by its vector ``[dim]``."""
        if self.background is None:
            return self
        level = float(np.sort(self.background @ np.asarray(vector, np.float32))[-NEAREST:].mean())
        return Ground(level, self.trust, self.background)


NOWHERE = Ground()


def above(cosine: Scores, ground: Ground) -> Scores:
    """Cosines as shares of the way from the background's level to 1, as far as they can be trusted; 0 below it."""
    share = (cosine - np.float32(ground.level)) / np.float32(max(1 - ground.level, 1e-6))
    trusted: Scores = np.maximum(share * np.float32(ground.trust), np.float32(0)).astype(np.float32)
    return trusted


def relevant(meaning: Scores | None, covered: Scores, embedded: NDArray[np.bool_]) -> tuple[Scores, NDArray[np.bool_]]:
    """The relevance of each row, on one scale whether its meaning is known or not, and whether it is above the floor.

    Args:
        meaning: shares above the background; None without an embedder.
        covered: shares of the question that the rows cover: by their own words, and by what they tell.
        embedded: rows whose meaning is known.
    """
    by_words = covered * np.float32(BY_WORDS)
    relevance: Scores = by_words if meaning is None else np.where(embedded, covered + meaning, by_words)
    # To four places, as a `Match` states it: whoever reads that comes to the same answer.
    return relevance, np.round(relevance.astype(np.float64), 4) >= FLOOR


def with_turns(passing: NDArray[np.bool_], turns: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Those rows; and when a turn of any conversation is among them all turns, ranked: an answer says little without
    its question, and a talk is found by its best line."""
    return passing | turns if (passing & turns).any() else passing
