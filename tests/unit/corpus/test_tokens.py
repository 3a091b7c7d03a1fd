"""Words of the token classifier: nothing is left out, and case is kept beside the pieces."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleo_model.corpus.pii.token_classifier import MODEL
from cleo_model.corpus.pii.tokens import CAPITALISED, CAPITALS, LONGEST, LOWER, MIXED, Vocabulary, case

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return Vocabulary(MODEL / "tokenizer.json")


@given(text=st.text(max_size=200))
def test_every_sign_but_white_space_is_of_a_word(vocabulary: Vocabulary, text: str) -> None:
    covered = {place for word in vocabulary.words(text) for place in range(word.start, word.end)}
    assert all(text[place].isspace() for place in set(range(len(text))) - covered)


@given(text=st.text(max_size=200))
def test_words_do_not_overlap_and_have_a_bounded_number_of_pieces(vocabulary: Vocabulary, text: str) -> None:
    words = vocabulary.words(text)
    assert all(one.end <= other.start for one, other in pairwise(words))
    assert all(1 <= len(word.pieces) <= LONGEST for word in words)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("anna", LOWER), ("Anna", CAPITALISED), ("A", CAPITALISED), ("ANNA", CAPITALS), ("McKay", MIXED), ("B2", MIXED),
        ("1984", LOWER), ("-", LOWER), ("李", LOWER), ("Ödön", CAPITALISED), ("İpek", CAPITALISED),
    ],
)  # fmt: skip
def test_case_is_told(word: str, expected: int) -> None:
    assert case(word) == expected


def test_a_name_in_another_script_is_read_in_latin_letters(vocabulary: Vocabulary) -> None:
    (native,), (latin,) = vocabulary.words("Пушкин"), vocabulary.words("Pushkin")
    assert native.pieces == latin.pieces
    assert (native.start, native.end) == (0, 6)
