"""From the probabilities of words to finds: thresholds, whole names, addresses over several lines.

A word is found for the direct types where their probabilities, each over its threshold, together reach one, and else
for all types in the same way: what may be a place or an organisation is personal data whichever it is. It is found as
the likeliest of them, and beside that as a person and as every other type that counts for it, for a shape may refuse
the likeliest (`shapes`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
"""Share of its threshold from which a type counts: for a word that stands beside one that was found, and as one more
type that a word is found as."""
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
    """The finds of a text by the probability of each label for its words, `[words, labels]`; the likeliest first."""
    if not len(words):
        return []
    likeliest, people, *others = _marks(text, words, odds, labels, thresholds)
    found = [*_runs(text, _addressed(text, likeliest), finder), *_runs(text, people, finder)]
    found.sort(key=lambda find: (find.start, find.end))
    # A run that took its place or its code along may have another shape than without.
    return [*found, *(find for marks in (likeliest, *others) for find in _runs(text, marks, finder))]


def _runs(text: str, marks: Sequence[_Mark], finder: str) -> list[Find]:
    finds: list[Find] = []
    run: list[_Mark] = []
    for mark in marks:
        if run and not _joined(text, run[-1], mark):
            finds += _find(text, run, finder)
            run = []
        run.append(mark)
    return finds + (_find(text, run, finder) if run else [])


class _Group(NamedTuple):
    """Types that are judged together, and the words that are of one of them, whichever it is."""

    labels: list[str]
    score: NDArray[np.float32]
    """Probability of any of them, `[words]`."""
    shares: NDArray[np.float32]
    """Probability of each type over its threshold, `[words, types]`."""
    sure: NDArray[np.bool_]
    """`[words]`; so is the next."""
    found: NDArray[np.bool_]
    """The sure words, and nearly sure ones beside them."""


def _group(
    columns: Mapping[str, NDArray[np.float32]],
    least: Mapping[str, float],
    beside: float,
    at_least: NDArray[np.float32] | float = 0.0,
) -> _Group:
    odds: NDArray[np.float32] = np.stack([*columns.values()], axis=1)
    over: NDArray[np.float32] = np.array([least[label] for label in columns], np.float32)
    # Each probability counts by its own threshold: more of any of them never makes a word less sure.
    shares: NDArray[np.float32] = odds / over
    reached = np.maximum(shares.sum(1), at_least)
    sure = reached >= 1
    return _Group([*columns], odds.sum(1), shares, sure, sure | _beside(reached >= beside, sure, shares >= COUNTS))


def _marks(
    text: str, words: Sequence[Word], odds: NDArray[np.float32], labels: Sequence[str], thresholds: Thresholds
) -> list[list[_Mark]]:
    """The words found as the likeliest type but a person; those of a person; those of each other type that counts.

    A word may be in several: a likelier type whose shape it has not must not take the find of another type away.
    """
    columns = {label: odds[:, place] for place, label in enumerate(labels) if label not in (NOTHING, BEGINS)}
    begins, inside = odds[:, labels.index(BEGINS)], columns[PERSON]
    columns[PERSON] = person = begins + inside
    elsewhere = np.sum([columns[label] for label in NAMES if label in columns], axis=0)
    # A name that may be of a person and of a place counts half a person's for the rest.
    name = np.where(person >= PERHAPS, (person + elsewhere / 2) / thresholds.direct[PERSON], 0)
    every = _group(columns, thresholds.every, thresholds.beside)
    direct = _group(
        {label: odds for label, odds in columns.items() if label in DIRECT}, thresholds.direct, thresholds.beside, name
    )
    likeliest = np.where(direct.found, _likeliest(columns, direct.labels), "")
    indirect = [label for label in columns if label not in DIRECT]
    likeliest = np.where(every.found & ~direct.found, _likeliest(columns, indirect), likeliest)
    is_person = direct.sure & (person >= COUNTS * thresholds.direct[PERSON]) | (likeliest == PERSON)
    is_person |= _goes_on(text, words, is_person, (person >= GOES_ON) | (person + elsewhere + columns[STREET] >= 0.5))

    def marked(label: str, which: NDArray[np.bool_], score: NDArray[np.float32]) -> list[_Mark]:
        return [_Mark(words[place], label, float(score[place]), False) for place in np.flatnonzero(which).tolist()]

    first = [
        mark
        for label in columns
        if label != PERSON
        for mark in marked(label, likeliest == label, np.where(direct.found, direct.score, every.score))
    ]
    people = [
        mark._replace(begins=bool(begins[place] > inside[place]))
        for place, mark in zip(np.flatnonzero(is_person).tolist(), marked(PERSON, is_person, person), strict=True)
    ]
    others = [
        marked(label, which, group.score)
        for group in (direct, every)
        for place, label in enumerate(group.labels)
        if label != PERSON and (label in DIRECT) is (group is direct)
        if (which := group.found & (group.shares[:, place] >= COUNTS))[likeliest != label].any()
    ]
    return [sorted(first, key=lambda mark: mark.word.start), people, *others]


def _likeliest(columns: Mapping[str, NDArray[np.float32]], labels: Sequence[str]) -> NDArray[np.str_]:
    """The likeliest of these types for each word."""
    if not labels:
        return np.full(len(columns[PERSON]), "")
    likeliest: NDArray[np.str_] = np.array(labels)[np.stack([columns[label] for label in labels], axis=1).argmax(1)]
    return likeliest


def _goes_on(
    text: str, words: Sequence[Word], is_person: NDArray[np.bool_], perhaps: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Which of the capitalised words that may be of a person stand directly beside one that is."""
    more = np.zeros_like(is_person)
    for place in np.flatnonzero(is_person[1:] != is_person[:-1]).tolist():
        other = place if is_person[place + 1] else place + 1
        if perhaps[other] and words[other].case == CAPITALISED:
            more[other] |= text[words[place].end : words[place + 1].start] == " "
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
    marks = [*marks]
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
