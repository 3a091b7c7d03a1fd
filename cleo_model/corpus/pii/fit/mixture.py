"""The stream of training texts: filled forms, real passages, and two of them in one."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from cleo_model.corpus.pii.fit.fill import fill
from cleo_model.corpus.pii.fit.forms import Form, forms
from cleo_model.corpus.pii.fit.noise import noisy
from cleo_model.corpus.pii.fit.pools import fakers
from cleo_model.corpus.pii.fit.sample import Sample

REAL = 0.12
"""Share of real text among the texts."""
WORDY = ("de_DE", "fr_FR", "it_IT", "nl_NL", "es_ES", "pt_BR")
"""Locales whose common words stand in texts in a language other than English."""
PIECE = 280
"""Characters of a piece of real text: as much as two forms, since most of it teaches that there is nothing."""
LANGUAGES = {"en": 0.7}
"""Share of English; the other languages share the rest by their forms."""


class Mixture:
    """Texts without end, the same for the same seed.

    Args:
        real: passages with the labels that are believed of them.
        held_out: the forms that are kept from training, instead of those that are not.
    """

    def __init__(self, real: list[Sample], seed: int, *, held_out: bool = False) -> None:
        self.rng = Random(seed)  # noqa: S311 - data, not secrets
        chosen = [form for form in forms() if form.held_out == held_out]
        self.english = [form for form in chosen if form.language == "en"]
        self.others = [form for form in chosen if form.language != "en"] or self.english
        self.real = real

    def _form(self) -> Form:
        return self.rng.choice(self.english if self.rng.random() < LANGUAGES["en"] else self.others)

    def _one(self) -> Sample:
        if self.real and self.rng.random() < REAL:
            return self._piece(self.rng.choice(self.real))
        return fill(self._form(), self.rng)

    def _piece(self, whole: Sample) -> Sample:
        start = self.rng.randrange(max(len(whole.text) - PIECE, 0) + 1)
        end = start + PIECE
        while start and whole.text[start - 1].isalnum():
            start -= 1
        while end < len(whole.text) and whole.text[end].isalnum():
            end += 1
        return Sample(whole.text[start:end], whole.owner[start:end], whole.labels)

    def _chatter(self) -> Sample:
        """Common words in a row, which are nobody's name in any order."""
        faker = fakers("en_US" if self.rng.random() < LANGUAGES["en"] else self.rng.choice(WORDY))
        faker.seed_instance(self.rng.getrandbits(32))
        return Sample().add(" ".join(faker.sentences(self.rng.choice([1, 1, 2, 3]))))

    def __iter__(self) -> Iterator[Sample]:
        while True:
            sample = self._one()
            if (pick := self.rng.random()) < 0.24:  # a text is seldom about one thing
                other = self._one() if pick < 0.12 else self._chatter()
                if self.rng.random() < 0.5:
                    sample, other = other, sample
                sample = Sample().extend(sample).add(self.rng.choice(["\n", "\n\n", " ", " "])).extend(other)
            yield noisy(sample, self.rng)
