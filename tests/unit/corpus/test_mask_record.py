"""One record is masked: its names wherever they stand in it, known values from elsewhere, in the mode of its source."""

from __future__ import annotations

import pytest

from cleo_model.corpus.pii.find import Find
from cleo_model.corpus.pii.masking.placeholders import Placeholders
from cleo_model.corpus.pii.masking.record import JOINT, RecordMasker
from cleo_model.corpus.pii.masking.repeats import Repeats
from cleo_model.corpus.pii.masking.vocabulary import NUMBER, numbered
from cleo_model.corpus.pii.surrogates import Surrogates

pytestmark = pytest.mark.unit

MASKER = RecordMasker(Surrogates(b"k" * 16), Repeats.of([("far@away.org", NUMBER["EMAIL_ADDRESS"])]))
SAID = ["I am Rachel Thornton. My mail is rachel.thornton@acme.com.", "Thank you, Rachel. Ms. Thornton, may I go on?"]
TEXT = JOINT.join(SAID)
LENGTHS = [len(part) for part in SAID]


def finds(text: str, *values: tuple[str, str]) -> list[Find]:
    return [Find(text.index(value), text.index(value) + len(value), entity) for entity, value in values]


FOUND = finds(TEXT, ("PERSON", "Rachel Thornton"), ("EMAIL_ADDRESS", "rachel.thornton@acme.com"))


def test_a_name_found_once_is_replaced_at_all_its_places_in_the_record() -> None:
    made = MASKER.mask("a/1", TEXT, LENGTHS, FOUND, "surrogate")
    question, answer = made.pieces
    given, family = question.removeprefix("I am ").split(".")[0].split()
    assert answer == f"Thank you, {given}. Ms. {family}, may I go on?"
    assert f"{given}.{family}".lower() in question
    assert made.replaced == {"PERSON": 3, "EMAIL_ADDRESS": 1}
    assert "achel" not in "".join(made.pieces)
    assert "hornton" not in "".join(made.pieces)


def test_a_name_that_is_an_ordinary_word_stays_one_where_it_is_written_small() -> None:
    text = "Miss May Hill came. May I come, too? You may climb the hill, May."
    made = MASKER.mask("a/1", text, [len(text)], finds(text, ("PERSON", "May Hill")), "surrogate").pieces[0]
    assert "You may climb the hill" in made
    assert " May" not in made


def test_a_value_found_in_another_record_is_replaced_here() -> None:
    text = "Copy FAR@away.org on it."
    made = MASKER.mask("a/2", text, [len(text)], [], "surrogate")
    assert made.pieces[0].startswith("Copy ")
    assert "away" not in made.pieces[0]
    assert MASKER.mask("a/2", "Copy near@away.org", [18], [], "surrogate").pieces == ["Copy near@away.org"]


def test_placeholders_are_numbered_in_the_record_and_one_person_has_one_number() -> None:
    text = f"{TEXT}{JOINT}R. Thornton and Peter Ng met. RT and P. Ng agreed."
    lengths = [*LENGTHS, len(text) - len(TEXT) - len(JOINT)]
    found = [
        *FOUND,
        *finds(text, ("PERSON", "R. Thornton"), ("PERSON", "Peter Ng"), ("PERSON", "RT"), ("PERSON", "P. Ng")),
    ]
    made = MASKER.mask("a/1", text, lengths, found, "placeholder").pieces
    assert made == [
        "I am [PERSON_1]. My mail is [EMAIL_ADDRESS_1].",
        "Thank you, [PERSON_1]. Ms. [PERSON_1], may I go on?",
        "[PERSON_1] and [PERSON_2] met. [PERSON_1] and [PERSON_2] agreed.",
    ]


def test_a_users_own_type_stands_in_the_placeholder_also_where_the_value_is_known_from_elsewhere() -> None:
    numbers = numbered(["EMPLOYEE_ID"])
    elsewhere = Repeats.of([("BDG-1234567", numbers["EMPLOYEE_ID"])])
    masker = RecordMasker(Surrogates(b"k" * 16), elsewhere, numbers)
    text = "Badges: ZZ-1, bdg-1234567; project Falcon"
    found = finds(text, ("EMPLOYEE_ID", "ZZ-1"), ("DENIED", "Falcon"))
    made = masker.mask("a/1", text, [len(text)], found, "placeholder")
    assert made.pieces == ["Badges: [EMPLOYEE_ID_1], [EMPLOYEE_ID_2]; project [DENIED_1]"]
    assert made.replaced == {"EMPLOYEE_ID": 2, "DENIED": 1}


def test_a_number_that_the_text_has_already_is_not_given_again() -> None:
    text = "[PERSON_1] wrote to Anna Meyer."
    assert Placeholders(text, [("PERSON", "Anna Meyer")])("PERSON", "Anna Meyer") == "[PERSON_2]"


def test_two_people_of_one_family_are_two() -> None:
    names = ["Rachel Thornton", "Robert Thornton", "Robert", "Rachel"]
    put = Placeholders("", [("PERSON", name) for name in names])
    assert [put("PERSON", name) for name in names] == ["[PERSON_1]", "[PERSON_2]", "[PERSON_2]", "[PERSON_1]"]


def test_a_source_that_drops_loses_the_records_with_personal_data_alone() -> None:
    gone = MASKER.mask("a/1", TEXT, LENGTHS, FOUND, "drop")
    assert gone.dropped
    assert gone.pieces == []
    kept = MASKER.mask("a/2", "Nothing in it.", [14], [], "drop")
    assert not kept.dropped
    assert kept.pieces == ["Nothing in it."]
    assert kept.made == [[]]
    elsewhere = MASKER.mask("a/3", "Mail far@away.org!", [18], [], "drop")
    assert elsewhere.dropped


def test_finds_that_overlap_are_replaced_as_one() -> None:
    text = "It is rachel.thornton@acme.com, they say."
    part = [Find(6, 12, "PERSON"), Find(6, 30, "EMAIL_ADDRESS")]
    made = MASKER.mask("a/1", text, [len(text)], part, "placeholder").pieces[0]
    assert made == "It is [EMAIL_ADDRESS_1], they say."


def test_a_find_that_reaches_over_two_messages_is_replaced_in_both() -> None:
    text = f"call Rachel{JOINT}Thornton said so"
    made = MASKER.mask("a/1", text, [11, 16], [Find(5, 21, "PERSON")], "placeholder").pieces
    assert made[0].startswith("call [PERSON_")
    assert made[1].startswith("[PERSON_")
    assert made[1].endswith(" said so")


def test_many_people_of_one_given_name_are_told_apart() -> None:
    letters = "abcdefghijklmnopqrst"
    names = [f"Anna {a}{b}{c}{d}".title() for a in letters for b in letters for c in letters[:5] for d in letters[:5]]
    assert len(names) == 10_000
    put = Placeholders("", [("PERSON", name) for name in names])
    assert len({put("PERSON", name) for name in names}) == len(names)
