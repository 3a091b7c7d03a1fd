"""What the weights reach: by language on forms that training never saw, and false finds in real text."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import NamedTuple

from cleo_core.markdown import table
from cleo_model.corpus.pii.entities import DIRECT, ENTITIES
from cleo_model.corpus.pii.find import Find, Finder
from cleo_model.corpus.pii.fit.fill import fill
from cleo_model.corpus.pii.fit.forms import forms
from cleo_model.corpus.pii.fit.noise import noisy
from cleo_model.corpus.pii.fit.sample import IGNORED, Sample
from cleo_model.corpus.pii.tokens import WORD

TEXTS = 200
"""Texts of each language."""


class Score(NamedTuple):
    """Words of personal data, found and missed, whatever their type; and others that were found."""

    found: int
    missed: int
    false: int

    @property
    def precision(self) -> float:
        return self.found / max(self.found + self.false, 1)

    @property
    def recall(self) -> float:
        return self.found / max(self.found + self.missed, 1)

    @property
    def f2(self) -> float:
        """Recall counts four times as much as precision."""
        return 5 * self.precision * self.recall / max(4 * self.precision + self.recall, 1e-9)


def score(samples: Sequence[Sample], finds: Sequence[Sequence[Find]], types: frozenset[str]) -> Score:
    """Counts by word, without regard to the type; only what is labelled with one of these types is to be found."""
    counts = [0, 0, 0]
    for sample, found in zip(samples, finds, strict=True):
        covered = {place for find in found if find.entity in types for place in range(find.start, find.end)}
        for match in WORD.finditer(sample.text):
            owner = sample.owner[match.start()]
            label = sample.labels[owner] if owner >= 0 else None
            if label == IGNORED or not match[0].isalnum() or (label is not None and label not in types):
                continue
            hit = match.start() in covered
            counts[0] += hit and label is not None
            counts[1] += not hit and label is not None
            counts[2] += hit and label is None
    return Score(*counts)


def figures(finder: Finder, real: Sequence[Sample], seed: int = 23) -> str:
    """A table in Markdown: each language's precision, recall and F2 on held-out forms, and false finds in real text."""
    rows: list[list[object]] = []
    for language in sorted({form.language for form in forms()}):
        kept = [form for form in forms() if form.held_out and form.language == language]
        rng = Random(seed)  # noqa: S311 - data, not secrets
        samples = [noisy(fill(rng.choice(kept), rng), rng) for _ in range(TEXTS)]
        finds = finder.find([sample.text for sample in samples])
        every, direct = score(samples, finds, frozenset(ENTITIES)), score(samples, finds, frozenset(DIRECT))
        figures_of_it = (every.precision, every.recall, every.f2, direct.recall)
        rows.append([language, len(kept), *(f"{figure:.3f}" for figure in figures_of_it)])
    made = table(["language", "forms", "precision", "recall", "F2", "recall of direct types"], rows, "lrrrrr")
    if not real:
        return f"{made}\n"
    finds = finder.find([sample.text for sample in real])
    false = score(real, finds, frozenset(DIRECT)).false
    characters = sum(len(sample.text) for sample in real)
    rate = f"{false * 20_000 / characters:.2f}"
    return (
        f"{made}\n\nIn prose, documentation and code {rate} words in 20,000 characters are found as of a direct type.\n"
    )
