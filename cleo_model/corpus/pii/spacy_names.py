"""spaCy's name finder, as a finder: the English pipeline of the pinned wheel."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import regex  # type: ignore[import-untyped]  # it has no stubs

from cleo_model.corpus.pii.find import Find
from cleo_model.corpus.pii.given_names import given_names
from cleo_model.corpus.pii.patterns.names import PARTICLE
from cleo_model.corpus.sources.words import words

ASSISTANT = "Cleo"
"""The assistant's own name, which it has to learn."""
LONGEST = 100_000
"""Characters that spaCy reads at a time: it refuses a million."""
HUMAN = regex.compile(
    rf"\p{{Lu}}[\p{{L}}'’-]+(?:\s(?:\p{{Lu}}\.(?:\s?\p{{Lu}}\.)*|{PARTICLE}|\p{{Lu}}[\p{{L}}'’-]+)){{0,4}}"
)


@cache
def pipeline(model: Path) -> Any:
    """The name finder and nothing else of the pipeline: the other parts cost two thirds of the time."""
    import spacy

    return spacy.load(model, exclude=["parser", "tagger", "lemmatizer", "attribute_ruler", "senter"])


class SpacyNames:
    """Names of people.

    Args:
        model: folder of the pipeline.
        technical: the texts are technical, where it takes identifiers for people: only a full name with a known
            given name is believed.
    """

    name = "spacy"

    def __init__(self, model: Path, *, technical: bool) -> None:
        self._model, self._technical = model, technical

    def find(self, texts: Sequence[str]) -> list[list[Find]]:
        found: list[list[Find]] = [[] for _ in texts]
        pieces = [
            (text[at : at + LONGEST], (number, at))
            for number, text in enumerate(texts)
            for at in range(0, len(text), LONGEST)
        ]
        for doc, (number, at) in pipeline(self._model).pipe(pieces, as_tuples=True, batch_size=64):
            found[number] += [
                Find(at + entity.start_char, at + entity.end_char, "PERSON", 0.85, self.name)
                for entity in doc.ents
                if entity.label_ == "PERSON" and is_person(entity.text, technical=self._technical)
            ]
        return found


def is_person(text: str, *, technical: bool) -> bool:
    """Whether what was found is a name: the finder is trained on news and sees people in old and technical text."""
    text = text.removesuffix("'s").removesuffix("’s")
    if not HUMAN.fullmatch(text) or text == ASSISTANT:
        return False
    parts = [word.strip(".").lower() for word in text.split()]
    if not set(parts).isdisjoint(words("not_people")):  # what the name finder takes for a person in these texts
        return False
    known = parts[0] in given_names()
    if technical:
        return known and len(parts) > 1
    return known or len(parts) > 1
