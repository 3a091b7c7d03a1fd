"""From the probabilities of words to finds: thresholds, whole names, addresses over several lines.

A word is found for the direct types where their probabilities, each over its threshold, together reach one, and else
for all types in the same way: what may be a place or an organisation is personal data whichever it is. A word that may
be of a person is found as one beside whatever else it is found as, for a shape may refuse that (`shapes`).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import regex  # type: ignore[import-untyped]  # it has no stubs
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from cleo_model.corpus.pii.entities import DIRECT
from cleo_model.corpus.pii.find import Find
from cleo_model.corpus.pii.tokens import CAPITALISED, Word

NOTHING, BEGINS, PERSON, STREET = "O", "B-PERSON", "PERSON", "STREET_ADDRESS"
BESIDE_STREET = frozenset(["LOCATION", "ZIP_CODE"])
# What may stand between two words of one find. Lists of anything are not one find, but an address is.
SPACE = regex.compile(r"[^\S\n]*\n?[^\S\n]*")
WITHIN = regex.compile(r"\s?[-–'’.·_/&+@:#]{1,2}\s?")
ADDRESS = regex.compile(r"[\s,;.\-–/#&|()]{0,6}")
COMMA = regex.compile(r",\s*")
ENDS = " \t\r\n.,;:!?\"'`´’‘“”«»()[]{}<>|*=~"
COUNTS = 0.25
"""Share of its threshold from which a type counts for a word that stands beside one that was found."""
NAMES = ("LOCATION", "ORGANIZATION")
"""What a name may be of that is not of a person."""
PERHAPS = 0.3
"""Least probability of a person at which a word that is surely a name counts as half a person's for the rest."""
GOES_ON = 0.1
"""Least probability of a person, or else half of one of any name, of a capitalised word that goes on a name."""
KEEPS_SIGNS = frozenset(["SECRET", "URL"])
POSSESSIVE = regex.compile(r"['’´`]s?$")


class Thresholds(BaseModel):
    """Least probability at which a word is believed to be of a type."""

    model_config = ConfigDict(frozen=True)

    direct: dict[str, float]
    every: dict[str, float]
    """For all types together, by the likeliest."""
    beside: float = 0.5
    """Share of its threshold that is enough for a word beside one that was found for the same type."""


class _Mark(NamedTuple):
    """A word that was found."""

    word: Word
    entity: str
    score: float
    begins: bool


def decided(
    text: str,
    words: Sequence[Word],
    odds: NDArray[np.float32],
    labels: Sequence[str],
    thresholds: Thresholds,
    finder: str,
) -> list[Find]:
    """The finds of a text by the probability of each label for its words, `[words, labels]`."""
    if not len(words):
        return []
    marks, *others = _marks(text, words, odds, labels, thresholds)
    found = _runs(text, _addressed(text, marks), finder)
    found += [find for each in others for find in _runs(text, each, finder)]
    return sorted(found, key=lambda find: (find.start, find.end))


def _runs(text: str, marks: Sequence[_Mark], finder: str) -> list[Find]:
    finds: list[Find] = []
    run: list[_Mark] = []
    for mark in marks:
        if run and not _joined(text, run[-1], mark):
            finds += _find(text, run, finder)
            run = []
        run.append(mark)
    return finds + (_find(text, run, finder) if run else [])


def _marks(
    text: str, words: Sequence[Word], odds: NDArray[np.float32], labels: Sequence[str], thresholds: Thresholds
) -> list[list[_Mark]]:
    """The words found as the likeliest type but a person; those of a person; those of another type for sure.

    A word may be in several: a likelier type whose shape it has not must not take the find of another type away.
    """
    places = {label: place for place, label in enumerate(labels)}
    direct = [label for label in labels if label in DIRECT]
    indirect = [label for label in labels if label not in DIRECT and label not in (NOTHING, BEGINS)]
    begins, inside = odds[:, places[BEGINS]].copy(), odds[:, places[PERSON]].copy()
    odds = odds.copy()
    odds[:, places[PERSON]] += odds[:, places[BEGINS]]
    odds[:, places[BEGINS]] = 0
    person = odds[:, places[PERSON]]
    elsewhere = odds[:, [places[label] for label in NAMES if label in places]].sum(1)
    name, anything = person + elsewhere / 2, person + elsewhere + odds[:, places[STREET]]
    found: list[tuple[str, float] | None] = [None] * len(words)
    for group, least, among in (
        ([*direct, *indirect], thresholds.every, indirect),
        (direct, thresholds.direct, direct),
    ):
        columns = odds[:, [places[label] for label in group]]
        named = odds[:, [places[label] for label in among]].argmax(1)
        # Each probability counts by its own threshold: more of any of them never makes a word less sure.
        shares = columns / np.array([least[label] for label in group], np.float32)
        score = shares.sum(1)
        if among is direct:
            score = np.where(person >= PERHAPS, np.maximum(score, name / least[PERSON]), score)
        sure = score >= 1
        for place in np.flatnonzero(sure | _beside(score >= thresholds.beside, sure, shares >= COUNTS)):
            found[place] = among[named[place]], float(columns[place].sum())
    is_person = sure & (person >= COUNTS * thresholds.direct[PERSON])
    is_person |= [one is not None and one[0] == PERSON for one in found]
    is_person |= _goes_on(text, words, is_person, (person >= GOES_ON) | (anything >= 0.5))
    firsts = begins > inside
    likeliest = [
        _Mark(word, *one, begins=False)
        for word, one in zip(words, found, strict=True)
        if one is not None and one[0] != PERSON
    ]
    people = [
        _Mark(words[place], PERSON, float(person[place]), begins=bool(firsts[place]))
        for place in np.flatnonzero(is_person).tolist()
    ]
    also = [
        [
            _Mark(words[place], label, float(columns[place, number]), begins=False)
            for place in np.flatnonzero(alone).tolist()
        ]
        for number, label in enumerate(direct)
        if label != PERSON and (alone := shares[:, number] >= 1)[named != number].any()
    ]
    return [likeliest, people, *also]


def _goes_on(
    text: str, words: Sequence[Word], is_person: NDArray[np.bool_], perhaps: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Which of the capitalised words that may be of a person stand directly beside one that is."""
    more = np.zeros_like(is_person)
    for place, (before, after) in enumerate(pairwise(words)):
        if is_person[place] == is_person[place + 1] or text[before.end : after.start] != " ":
            continue
        other = place if is_person[place + 1] else place + 1
        more[other] = perhaps[other] and words[other].case == CAPITALISED
    return more


def _beside(near: NDArray[np.bool_], sure: NDArray[np.bool_], counts: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which of the words that are nearly sure touch one that is, with a type that counts for both, `[words, types]`.

    A type that counts, not the likeliest one: more of any type would change that, and could unmask the word.
    """
    touches = (counts[1:] & counts[:-1]).any(1)
    beside = np.zeros_like(near)
    beside[1:] |= near[1:] & sure[:-1] & touches
    beside[:-1] |= near[:-1] & sure[1:] & touches
    return beside


def _addressed(text: str, marks: list[_Mark]) -> list[_Mark]:
    """The marks, with the places and postal codes that stand beside a street made part of its address.

    City and country tell nothing by themselves, but after a street they say which one it is.
    """
    for order in (range(1, len(marks)), range(len(marks) - 2, -1, -1)):
        for place in order:
            mark, near = marks[place], marks[place - 1 if order.step > 0 else place + 1]
            if mark.entity not in BESIDE_STREET or near.entity != STREET:
                continue
            first, second = sorted((mark, near), key=lambda one: one.word.start)
            if ADDRESS.fullmatch(text, first.word.end, second.word.start):
                marks[place] = mark._replace(entity=STREET)
    return marks


def _joined(text: str, before: _Mark, after: _Mark) -> bool:
    if before.entity != after.entity:
        return False
    between = text[before.word.end : after.word.start]
    if before.entity == "USERNAME":
        return not between
    if before.entity == STREET:
        return ADDRESS.fullmatch(between) is not None
    if before.entity == PERSON and after.begins and between.strip(" '’-"):
        return False
    if before.entity == PERSON and COMMA.fullmatch(between):
        return True
    return SPACE.fullmatch(between) is not None or WITHIN.fullmatch(between) is not None


def _find(text: str, run: list[_Mark], finder: str) -> list[Find]:
    start, end, entity = run[0].word.start, run[-1].word.end, run[0].entity
    if entity not in KEEPS_SIGNS:
        while start < end and text[start] in ENDS and not (entity == "PHONE_NUMBER" and text[start] == "("):
            start += 1
        while end > start and text[end - 1] in ENDS:
            end -= 1
    if entity == PERSON and (match := POSSESSIVE.search(text, start, end)):
        end = match.start()
    if not any(char.isalnum() for char in text[start:end]):
        return []
    return [Find(start, end, entity, round(max(mark.score for mark in run), 4), finder)]
