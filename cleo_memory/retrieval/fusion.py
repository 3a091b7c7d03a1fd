"""How the signals of a search become one score."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["WEIGHTS", "Weights", "min_max"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """Weights of the fusion and shape of the lexical context. One set is shipped; see benchmarks/README.md."""

    meaning: float = 1.0
    """Cosine of question and document, min-max over the user's memories."""
    words: float = 1.5
    """BM25 of the document in its context, min-max over the user's memories."""
    around: float = 0.5
    """Cosine of the document and its two neighbours together."""
    speaker: float = 0.6
    """Given when the question names one speaker and this one said it."""
    neighbour: float = 0.15
    """Share of the better neighbour's score."""
    own_words: float = 3.0
    """How often the document's own words count in its context; those of the two turns before and after count once."""
    reach: int = 2
    """Neighbours on each side whose words are part of a document's context."""
    k1: float = 1.5
    b: float = 0.4


WEIGHTS = Weights()


def min_max(scores: NDArray[np.float32], among: NDArray[np.bool_]) -> NDArray[np.float32]:
    """``(score - min) / (max - min)`` over the chosen rows, 0 when they are all alike; the other rows get 0."""
    out = np.zeros_like(scores)
    chosen = scores[among]
    if chosen.size:
        low, high = float(chosen.min()), float(chosen.max())
        if high > low:
            out[among] = (chosen - low) / (high - low)
    return out
