"""Decisions of the token classifier, from probabilities that are given: no weights are needed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from cleo_model.corpus.pii.decide import Thresholds, decided
from cleo_model.corpus.pii.detector import covered
from cleo_model.corpus.pii.entities import DIRECT, MASKED, MaskingProfile
from cleo_model.corpus.pii.find import Find, needed, union
from cleo_model.corpus.pii.shapes import SHAPES, Shaped
from cleo_model.corpus.pii.tokens import WORD, Word, case

pytestmark = pytest.mark.unit

LABELS = (
    "O",
    "B-PERSON",
    "PERSON",
    "STREET_ADDRESS",
    "ZIP_CODE",
    "LOCATION",
    "ORGANIZATION",
    "PHONE_NUMBER",
    "SECRET",
    "USERNAME",
)
THRESHOLDS = Thresholds(direct=dict.fromkeys(LABELS[1:], 0.5), every=dict.fromkeys(LABELS[1:], 0.5))


UNEVEN = Thresholds(
    direct={label: 0.2 + 0.1 * (place % 6) for place, label in enumerate(LABELS[1:])},
    every={label: 0.2 + 0.1 * (place % 5) for place, label in enumerate(LABELS[1:])},
)


def finds(text: str, *odds: dict[str, float], thresholds: Thresholds = THRESHOLDS) -> list[Find]:
    """The finds where the words of a text have these probabilities; the rest is nothing."""
    words = [Word(match.start(), match.end(), case(match[0]), (1,)) for match in WORD.finditer(text)]
    table = np.zeros((len(words), len(LABELS)), np.float32)
    for row, given_odds in zip(table, odds, strict=True):
        for label, probability in given_odds.items():
            row[LABELS.index(label)] = probability
        row[0] = 1 - row[1:].sum()
    return decided(text, words, table, LABELS, thresholds, "test")


def seen(text: str, *odds: dict[str, float]) -> list[tuple[str, str]]:
    return [(text[find.start : find.end], find.entity) for find in needed(finds(text, *odds), len(text))]


BEGIN, INSIDE, NOT = {"B-PERSON": 0.9}, {"PERSON": 0.9}, {"O": 1.0}


def test_given_and_family_name_are_one_find_and_each_of_a_list_is_its_own() -> None:
    text = "Ann Lee, Bo Ek"
    assert seen(text, BEGIN, INSIDE, NOT, BEGIN, INSIDE) == [("Ann Lee", "PERSON"), ("Bo Ek", "PERSON")]


def test_a_family_name_in_front_is_of_the_same_person() -> None:
    assert seen("Lee, Ann", BEGIN, NOT, INSIDE) == [("Lee, Ann", "PERSON")]


def test_a_name_ends_with_its_sentence_and_not_with_an_initial() -> None:
    assert seen("Bo Ek. Ann", BEGIN, INSIDE, NOT, BEGIN) == [("Bo Ek", "PERSON"), ("Ann", "PERSON")]
    assert seen("A. Ek", BEGIN, INSIDE, INSIDE) == [("A. Ek", "PERSON")]


def test_the_possessive_s_stays() -> None:
    assert seen("Ann's", BEGIN, INSIDE, INSIDE) == [("Ann", "PERSON")]


def test_an_address_goes_on_over_lines_and_takes_its_place_along() -> None:
    street, code, place = {"STREET_ADDRESS": 0.9}, {"ZIP_CODE": 0.9}, {"LOCATION": 0.9}
    text = "5 Oak Rd,\n10115 Bern"
    assert seen(text, street, street, street, NOT, code, place) == [(text, "STREET_ADDRESS")]
    assert seen("near Bern", NOT, place) == [("Bern", "LOCATION")]


def test_what_is_personal_whichever_it_is_is_found() -> None:
    either = {"LOCATION": 0.3, "ORGANIZATION": 0.4}
    assert seen("Vera", either) == [("Vera", "ORGANIZATION")]
    assert seen("Vera", {"LOCATION": 0.2, "ORGANIZATION": 0.2}) == []


def test_a_word_that_is_more_likely_a_place_is_found_as_a_person_where_persons_are_sure_enough() -> None:
    low = Thresholds(direct=dict.fromkeys(LABELS[1:], 0.3), every=dict.fromkeys(LABELS[1:], 0.5))
    assert finds("Paris", {"LOCATION": 0.55, "PERSON": 0.4}, thresholds=low)[0].entity == "PERSON"


def test_a_nearly_sure_word_beside_a_sure_one_is_found_and_alone_is_not() -> None:
    nearly = {"PERSON": 0.3}
    assert seen("Ann Lee", BEGIN, nearly) == [("Ann Lee", "PERSON")]
    assert seen("Lee", nearly) == []


def test_a_capitalised_word_beside_a_name_goes_on_with_it_and_another_word_does_not() -> None:
    perhaps = {"PERSON": 0.12}
    assert seen("Hinemoa Ngata", BEGIN, perhaps) == [("Hinemoa Ngata", "PERSON")]
    assert seen("Hinemoa said", BEGIN, perhaps) == [("Hinemoa", "PERSON")]
    assert seen("Hinemoa, Ngata", BEGIN, NOT, perhaps) == [("Hinemoa", "PERSON")]


def test_what_is_likelier_takes_no_other_find_away() -> None:
    def kinds(text: str, odds: dict[str, float]) -> set[str]:
        return {find.entity for find in finds(text, odds)}

    # A street without a number is refused by its shape, and a telephone number of three digits.
    assert "PERSON" in kinds("Luz", {"STREET_ADDRESS": 0.6, "B-PERSON": 0.3})
    assert kinds("hunter2", {"PHONE_NUMBER": 0.55, "SECRET": 0.3}) == {"PHONE_NUMBER", "SECRET"}
    assert kinds("hunter2", {"PHONE_NUMBER": 0.55, "SECRET": 0.1}) == {"PHONE_NUMBER"}
    # Where the likeliest is believed, the others are not needed.
    assert seen("hunter2", {"PHONE_NUMBER": 0.55, "SECRET": 0.3}) == [("hunter2", "PHONE_NUMBER")]


def test_a_name_that_reads_like_a_place_is_a_persons_from_a_lower_share_on() -> None:
    assert seen("Thu Ha", *[{"LOCATION": 0.65, "PERSON": 0.32}] * 2) == [("Thu Ha", "PERSON")]
    assert seen("Thu Ha", *[{"LOCATION": 0.65, "PERSON": 0.2}] * 2) == [("Thu Ha", "LOCATION")]


def test_user_names_are_no_find_over_a_space() -> None:
    user = {"USERNAME": 0.9}
    assert seen("@channel Ann", user, user, user) == [("@channel", "USERNAME"), ("Ann", "USERNAME")]


ODDS = st.dictionaries(
    st.sampled_from(LABELS[1:]), st.integers(0, 20).map(lambda hundredths: hundredths / 100), max_size=4
)


@settings(deadline=None)
@example(
    odds=[{"SECRET": 0.4}, {"SECRET": 0.2, "ZIP_CODE": 0.02}, *[{}] * 4],
    more=1,
    label="ZIP_CODE",
)
@given(
    odds=st.lists(ODDS, min_size=6, max_size=6),
    # The signs between are masked as part of a find and never alone.
    more=st.sampled_from([0, 1, 3, 4]),
    label=st.sampled_from(LABELS[1:]),
)
def test_more_evidence_for_a_word_never_unmasks_it(odds: list[dict[str, float]], more: int, label: str) -> None:
    text = "one two, three four. five"
    surer = [*odds[:more], {**odds[more], label: min(odds[more].get(label, 0.0) + 0.2, 1.0)}, *odds[more + 1 :]]
    words = [match.span() for match in WORD.finditer(text)]
    padded, sure = ([*given_odds, *[{}] * (len(words) - 6)] for given_odds in (odds, surer))
    start, end = words[more]
    for profile, types in MASKED.items():
        if profile == "direct" and label in ("LOCATION", "ORGANIZATION"):
            continue

        def covered(found: list[Find], types: frozenset[str] = types) -> bool:
            return any(one.start <= start and end <= one.end for one in union(found, types))

        if covered(finds(text, *padded, thresholds=UNEVEN)):
            assert covered(finds(text, *sure, thresholds=UNEVEN))


class Given:
    """A finder that decides by given probabilities."""

    name = "given"

    def __init__(self, words: list[Word], odds: NDArray[np.float32]) -> None:
        self._words, self._odds = words, odds

    def find(self, texts: Sequence[str]) -> list[list[Find]]:
        return [decided(text, self._words, self._odds, EVERY, CARD, self.name) for text in texts]


EVERY = (
    "O",
    "B-PERSON",
    "PERSON",
    *(entity for entity in SHAPES if entity != "PERSON"),
    "LOCATION",
    "ORGANIZATION",
    "TITLE",
)
CARD = Thresholds(direct=dict.fromkeys(EVERY, 0.3), every=dict.fromkeys(EVERY, 0.8))
VALUES = (
    "call 415 555 2671 or Ann", "5 Oak Rd 10115 Bern now", "card 4111 1111 1111 1111 of", "hunter2 is Ann's 12/3",
    "Route 29 near Luz Ek", "on 4 May 10.1.2.3 x", "aged forty five 44 22", "page 12 of 3c:22:fb:9a",
)  # fmt: skip


def left(text: str, words: list[Word], odds: NDArray[np.float32], profile: MaskingProfile) -> set[int]:
    """The letters and digits that a profile does not mask."""
    masked = covered(union(Shaped(Given(words, odds)).find([text])[0], MASKED[profile]))
    return {place for place, char in enumerate(text) if char.isalnum() and place not in masked}


def test_more_evidence_takes_nothing_away_behind_the_shapes_either() -> None:
    rng = np.random.default_rng(5)
    for number in range(400):
        text = VALUES[number % len(VALUES)]
        words = [Word(match.start(), match.end(), case(match[0]), (1,)) for match in WORD.finditer(text)]
        odds = np.zeros((len(words), len(EVERY)), np.float32)
        types = rng.choice(np.arange(1, len(EVERY)), 3, replace=False)
        odds[:, types] = rng.choice([0, 0, 0.1, 0.2, 0.4, 0.6], (len(words), 3))
        odds /= np.maximum(odds.sum(1, keepdims=True), 1)
        surer, label, place = odds.copy(), types[0], rng.integers(len(words))
        surer[place, label] += min(0.2, 1 - odds[place].sum())
        assert left(text, words, surer, "strict") <= left(text, words, odds, "strict")
        if EVERY[label] in (*DIRECT, "B-PERSON"):
            assert left(text, words, surer, "direct") <= left(text, words, odds, "direct")


@settings(deadline=None)
@given(odds=st.lists(ODDS, min_size=8, max_size=8))
def test_finds_are_whole_words(odds: list[dict[str, float]]) -> None:
    text = "Ann-Lee O'Hara, 5"
    bounds = {place for match in WORD.finditer(text) for place in match.span()}
    assert all({find.start, find.end} <= bounds for find in finds(text, *odds))
