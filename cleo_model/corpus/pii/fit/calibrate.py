"""Chooses the threshold of each type on forms and passages that training never saw.

A word is worth masking as long as the chance that it is personal data pays for the false find it may be: by the F2
measure, which counts a miss four times, that is about one in five. Real text is another matter: there each label must
stay below a number of false finds for the characters read, since unseen documentation is where over-masking hurts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from cleo_model.corpus.pii.decide import BEGINS, NOTHING, Thresholds
from cleo_model.corpus.pii.entities import DIRECT
from cleo_model.corpus.pii.fit.encode import word_labels
from cleo_model.corpus.pii.fit.labels import LABELS
from cleo_model.corpus.pii.fit.sample import Sample
from cleo_model.corpus.pii.token_classifier import TokenClassifier

LEAST = {"direct": 0.3, "every": 0.8}
"""Where the search begins. On text of other kinds than the forms a lower one won nothing and cost precision."""
MOST = {"direct": 0.6, "every": 0.95}
"""Where it ends: no false find in old prose is worth names that are missed."""
STEP = 0.05
WORTH = 0.35
"""Least share of personal words among those just above a threshold."""
FALSE_PER = {"direct": 40_000, "every": 5_000}
"""Characters of real text for one false word of a label."""


def calibrated(classifier: TokenClassifier, forms: Sequence[Sample], real: Sequence[Sample]) -> Thresholds:
    """Thresholds by label, for the direct types and for all."""
    read = [_odds(classifier, samples) for samples in (forms, real)]
    characters = sum(len(sample.text) for sample in real)
    chosen: dict[str, dict[str, float]] = {}
    for mode in ("direct", "every"):
        group = [label for label in LABELS if label not in (NOTHING, BEGINS) and (mode == "every" or label in DIRECT)]
        (mass, kind, truth), (real_mass, real_kind, real_truth) = (_grouped(*one, group) for one in read)
        allowed = characters / FALSE_PER[mode]
        chosen[mode] = {
            label: _threshold(
                mass[kind == place],
                truth[kind == place],
                real_mass[(real_kind == place) & ~real_truth],
                allowed,
                np.arange(LEAST[mode], MOST[mode] + STEP / 2, STEP),
            )
            for place, label in enumerate(group)
        }
    return Thresholds(**chosen)


def _odds(classifier: TokenClassifier, samples: Iterable[Sample]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Probabilities of all words that have a label, and the label of each."""
    listed = list(samples)
    odds, truth = [np.zeros((0, len(LABELS)), np.float32)], [np.zeros(0, np.int64)]
    for sample, (words, found) in zip(listed, classifier.probabilities([one.text for one in listed]), strict=True):
        labels = np.array(word_labels(sample, [(word.start, word.end) for word in words]), np.int64)
        letters = np.array([sample.text[word.start].isalnum() for word in words], bool)
        kept = (labels >= 0) & letters if len(words) else np.zeros(0, bool)
        odds.append(found[kept])
        truth.append(labels[kept])
    return np.concatenate(odds), np.concatenate(truth)


def _grouped(
    odds: NDArray[np.float32], truth: NDArray[np.int64], group: list[str]
) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.bool_]]:
    """The mass of a group for each word, its likeliest label, and whether the word is of the group."""
    columns = [LABELS.index(label) for label in group]
    merged = odds.copy()
    merged[:, LABELS.index("PERSON")] += merged[:, LABELS.index(BEGINS)]
    members = [*columns, LABELS.index(BEGINS)]
    return merged[:, columns].sum(1), merged[:, columns].argmax(1), np.isin(truth, members)


def _threshold(
    mass: NDArray[np.float32],
    truth: NDArray[np.bool_],
    false: NDArray[np.float32],
    allowed: float,
    grid: NDArray[np.float64],
) -> float:
    """The first step of the grid where what is just above is worth finding and real text has few enough false finds."""
    for least in grid:
        near = (mass >= least) & (mass < least + 3 * STEP)
        worth = near.sum() < 8 or truth[near].mean() >= WORTH
        if worth and (false >= least).sum() <= max(allowed, 1):
            return round(float(least), 2)
    return round(float(grid[-1]), 2)
