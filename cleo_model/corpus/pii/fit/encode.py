"""Samples as what the model reads: numbers of pieces, case, and a label for each piece."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from cleo_model.corpus.pii.fit.labels import BEGINS, LABELS
from cleo_model.corpus.pii.fit.sample import IGNORED, Sample
from cleo_model.corpus.pii.tokens import LOWER, Vocabulary

NUMBER = {label: number for number, label in enumerate(LABELS)}
NO_SIDE = -100
LONGEST = 256
"""Pieces of one training window; longer texts are cut at words."""


class Encoded(NamedTuple):
    """One window: three lists of the same length."""

    ids: list[int]
    cases: list[int]
    labels: list[int]


def word_labels(sample: Sample, bounds: list[tuple[int, int]]) -> list[int]:
    """The label of each word: that of most of its characters."""
    labels, before = [], -1
    for start, end in bounds:
        owner = Counter(sample.owner[start:end]).most_common(1)[0][0]
        label = sample.labels[owner] if owner >= 0 else "O"
        if label == "PERSON" and owner != before:
            label = BEGINS
        labels.append(NO_SIDE if label == IGNORED else NUMBER[label])
        if not sample.text[start:end].isspace():
            before = owner if owner >= 0 else before
    return labels


def encode(sample: Sample, vocabulary: Vocabulary, longest: int = LONGEST) -> Iterator[Encoded]:
    """The windows of a sample."""
    words = vocabulary.words(sample.text)
    labels = word_labels(sample, [(word.start, word.end) for word in words])
    ids, cases, marks = [vocabulary.first], [LOWER], [NO_SIDE]
    for word, label in zip(words, labels, strict=True):
        if len(ids) + len(word.pieces) + 1 > longest:
            yield Encoded([*ids, vocabulary.last], [*cases, LOWER], [*marks, NO_SIDE])
            ids, cases, marks = [vocabulary.first], [LOWER], [NO_SIDE]
        ids += word.pieces
        cases += [word.case] * len(word.pieces)
        marks += [label] * len(word.pieces)
    if len(ids) > 1:
        yield Encoded([*ids, vocabulary.last], [*cases, LOWER], [*marks, NO_SIDE])
