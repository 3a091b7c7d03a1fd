"""Score fusion: the weights of the signals, and their normalisation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """Weights of the fusion and shape of the lexical context. One set is shipped; see benchmarks/README.md.

    The first group are shares of the score, each signal being between 0 and 1 over the user's memories.
    """

    words: float = 1.5
    """BM25 of the document in its context."""
    meaning: float = 0.6
    """Cosine of question and document."""
    conversation: float = 1.7
    """The best cosine in the document's conversation: a talk about the subject lifts all that was said in it."""
    speaker: float = 1.0
    """Given when the question names one speaker and this one said it."""
    answers: float = 0.9
    """Words of the turn before, as far as that was a question: what follows a question on the subject answers it."""
    asking: float = 0.3
    """Taken off a turn that asks rather than tells."""
    time: float = 0.75
    """Given for a time in the document when the question asks when."""
    number: float = 0.85
    """Given for a number when it asks how many."""
    name: float = 0.6
    """Given for a name when it asks who, where or which."""
    slot: float = 6.0
    """Of the share of the question that asks for what the document was learned to tell of its user."""
    neighbour: float = 0.2
    """Share of the better neighbour's words, meaning and speaker together."""
    relevance: float = 0.001
    """Of the absolute measure: what is found at all has a score above 0, and a reason."""

    own_words: float = 3.0
    """How often the document's own words count in its context; those of its neighbours count once."""
    reach: int = 2
    """Neighbours on each side whose words are part of a document's context."""
    related: float = 0.2
    """How much a related word counts of the word asked for."""
    k1: float = 1.5
    b: float = 0.4


WEIGHTS = Weights()


def min_max(scores: NDArray[np.float32], among: NDArray[np.bool_]) -> NDArray[np.float32]:
    """``(score - min) / (max - min)`` over the chosen rows; the other rows get 0.

    Rows that are all alike get 1 when their score is above 0: a user's only memory is found for a reason too.
    """
    out = np.zeros_like(scores)
    chosen = scores[among]
    if chosen.size:
        low, high = float(chosen.min()), float(chosen.max())
        if high > low:
            out[among] = (chosen - low) / (high - low)
        elif high > 0:
            out[among] = 1.0
    return out
