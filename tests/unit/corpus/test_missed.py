"""What masking missed is counted from values that were planted, with an interval that says how sure that is."""

from __future__ import annotations

import re

import pytest
from stdnum import iban, luhn

from cleo_core.stage.declaration import Results
from cleo_core.stage.execution import StageResult
from cleo_model.corpus.pii.checks import misses_are_known, second_agrees
from cleo_model.corpus.pii.entities import DIRECT, IDENTITY
from cleo_model.corpus.pii.invented import KINDS, LANGUAGES, make
from cleo_model.corpus.pii.manifest import MaskedPii, MaskedSource, MaskingSummary
from cleo_model.corpus.pii.masking.run import row_of
from cleo_model.corpus.pii.missed.account import MissedPii, SecondReading, expected, missed_table, readings
from cleo_model.corpus.pii.missed.estimate import Estimate, estimates, wilson
from cleo_model.corpus.pii.missed.plant import EACH, Sample, carriers, missed, planted_rows, sample_size
from cleo_model.corpus.record import Record

pytestmark = pytest.mark.unit


def records(count: int, source: str = "s", **known: object) -> list[Record]:
    text = "The committee met again on the matter. Nothing was decided! It will meet once more.\n\nThat is all."
    return [
        Record.make(name=str(n), source=source, domain="prose", licence="x", text=f"{n} {text}", **known)  # type: ignore[arg-type]
        for n in range(count)
    ]


def test_the_interval_is_wilsons() -> None:
    # Newcombe 1998, table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
    for hits, of, low, high in (
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ):
        found = wilson(hits, of)
        assert found[0] == pytest.approx(low, abs=5e-5)
        assert found[1] == pytest.approx(high, abs=5e-5)
    assert wilson(0, 0) == (0, 1)


def test_values_of_every_type_are_planted_into_a_copy_of_every_source() -> None:
    sample = Sample(sample_size())
    for record in [*records(300, "a"), *records(3, "b")]:
        sample.add(record)
    copies, placed = planted_rows(sample.by_source(), {})
    for source in ("a", "b"):
        planted = [each for each in placed if each.source == source]
        assert {each.entity for each in planted} == set(KINDS)
        assert len(planted) == EACH * len(KINDS)
    for each in placed:
        text = row_of(copies[each.row], 0)["text"]
        value = text[each.start : each.end]
        assert value.strip() == value
        assert value
    # The types of the direct profile: of those that a state numbers, some of each kind.
    assert set(DIRECT) - set(KINDS) <= set(IDENTITY)


def test_a_value_stands_where_it_is_said_to_stand_in_a_conversation() -> None:
    talk = [
        Record.make(
            name=str(n), source="t", domain="d", licence="x",
            messages=[
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": f"The heating is off again. It is the {n}th time. Can you help?"},
                {"role": "assistant", "content": "Surely. Is the valve open?"},
            ],
        )
        for n in range(50)
    ]  # fmt: skip
    sample = Sample(sample_size())
    for record in talk:
        sample.add(record)
    copies, placed = planted_rows(sample.by_source(), {})
    mails = [each for each in placed if each.entity == "EMAIL_ADDRESS"]
    assert len(mails) == EACH
    for each in mails:
        assert re.fullmatch(r"\S+@\S+", row_of(copies[each.row], 0)["text"][each.start : each.end])
    # What the assistant says is left as it is.
    assert all(copy.messages and copy.messages[-1]["content"] == "Surely. Is the valve open?" for copy in copies)


def test_the_sample_does_not_depend_on_the_order_of_records() -> None:
    one, other = Sample(5), Sample(5)
    for record in records(100):
        one.add(record)
    for record in reversed(records(100)):
        other.add(record)
    assert [r.id for r in one.by_source()["s"]] == [r.id for r in other.by_source()["s"]]
    assert len(one.by_source()["s"]) == 5


def test_where_names_are_kept_none_is_planted() -> None:
    sample = Sample(sample_size())
    for record in records(30, keep_names=True):
        sample.add(record)
    _, placed = planted_rows(sample.by_source(), {})
    assert "PERSON" not in {each.entity for each in placed}
    assert "EMAIL_ADDRESS" in {each.entity for each in placed}


def test_code_is_left_as_it_is() -> None:
    code = "```\nwait. for. it.\nx = 1. if y else 2.\n```"
    sample = Sample(sample_size())
    for n in range(80):
        sample.add(
            Record.make(
                name=str(n), source="s", domain="d", licence="x", text=f"Call it so {n}.\n{code}\nAnd so on. Done."
            )
        )
    copies, _ = planted_rows(sample.by_source(), {})
    assert all(code in copy.text for copy in copies)


def test_a_value_is_missed_when_a_letter_of_it_is_left() -> None:
    sample = Sample(sample_size())
    for record in records(30):
        sample.add(record)
    copies, placed = planted_rows(sample.by_source(), {})
    texts = [row_of(copy, 0)["text"] for copy in copies]
    whole = [[[each.start, each.end] for each in placed if each.row == row] for row in range(len(copies))]
    assert not any(gone for _, _, gone in missed(placed, texts, whole))
    short = [[[low, high - 1] for low, high in spans] for spans in whole]
    assert all(gone for _, _, gone in missed(placed, texts, short))
    # In two parts is whole as well.
    halves = [[part for low, high in spans for part in ([low, low + 1], [low + 1, high])] for spans in whole]
    assert not any(gone for _, _, gone in missed(placed, texts, halves))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_can_carry_a_value(language: str) -> None:
    import random

    for kind, sentences in carriers()[language].items():
        assert all(sentence.count("{}") == 1 for sentence in sentences)
        assert len(set(sentences)) == len(sentences)
        assert make(kind, language, random.Random(1))


def test_numbers_that_have_check_digits_have_the_right_ones() -> None:
    import random

    rng = random.Random(2)
    for _ in range(50):
        assert luhn.is_valid(re.sub(r"\D", "", make("CREDIT_CARD", "en", rng)))
        assert luhn.is_valid(make("DEVICE_ID", "en", rng))
        assert iban.is_valid(make("IBAN_CODE", "en", rng))


def test_the_estimate_of_what_was_missed_follows_from_share_and_finds() -> None:
    assert expected(90, Estimate.of(10, 1)).startswith("10 [")
    assert expected(0, Estimate.of(10, 1)) == "0"
    assert expected(5, Estimate.of(10, 10)).startswith("all")
    assert expected(5, Estimate.of(0, 0)) == "–"


def test_the_table_has_a_line_for_each_type_and_source() -> None:
    planted = estimates([("a", "PERSON", True), ("a", "PERSON", False), ("b", "URL", False)])
    page = missed_table({"a": {"PERSON": 7}, "c": {"AGE": 2}}, MissedPii(planted=planted, limit=5))
    assert "| a | PERSON | 7 | 1 of 2: 50 % [9, 91] |" in page
    assert "| b | URL | 0 | 0 of 1: 0 % [0, 79] | 0 |" in page
    assert "| c | AGE | 2 | not planted | – |" in page


def summary(missed: MissedPii | None) -> StageResult:
    made = MaskingSummary(
        sources={"a": MaskedSource(train=3, licence=["x"])}, records=3, records_digest="", files={},
        pii=MaskedPii(replaced={}, distinct={}, missed=missed),
    )  # fmt: skip
    from pathlib import Path

    return StageResult("masked_corpus", Path("/nowhere"), "d", "f", summary=made.model_dump(mode="json"))


NO_INPUTS: Results = {}


def test_a_check_that_had_nothing_to_check_is_not_green() -> None:
    for nothing in (None, MissedPii(limit=5)):
        known, second = misses_are_known(summary(nothing), NO_INPUTS), second_agrees(summary(nothing), NO_INPUTS)
        assert not known.passed
        assert known.warns
        assert "a" in known.reason
        assert not second.passed
        assert "nothing to check" in second.reason


def test_a_source_in_which_much_is_missed_is_shown_and_one_in_which_little_is_passes() -> None:
    little = MissedPii(planted={"a": {"PERSON": Estimate.of(200, 10)}}, limit=5)
    much = MissedPii(planted={"a": {"PERSON": Estimate.of(200, 100)}}, limit=5)
    assert misses_are_known(summary(little), NO_INPUTS).passed
    told = misses_are_known(summary(much), NO_INPUTS)
    assert not told.passed
    assert told.warns
    assert "50 %" in told.reason


def test_the_second_detector_blocks_above_the_limit_and_names_records() -> None:
    rows = [
        {"source": "a", "id": f"a/{n}", "characters": 1000, "finds": ["EMAIL_ADDRESS"] if n < 9 else []}
        for n in range(99)
    ]
    found = readings(rows)
    assert found["a"].finds == {"EMAIL_ADDRESS": 9}
    assert found["a"].characters == 99_000
    blocked = second_agrees(summary(MissedPii(second=found, limit=5)), NO_INPUTS)
    assert not blocked.passed
    assert not blocked.warns
    assert "a/0, a/1, a/2, a/3, a/4" in blocked.reason
    assert "CLEO_MODEL_MISSED_LIMIT" in blocked.reason
    assert second_agrees(summary(MissedPii(second=found, limit=10)), NO_INPUTS).passed


def test_two_finds_say_nothing_yet() -> None:
    few = SecondReading(records=1, characters=100, finds={"PERSON": 2})
    assert few.passes(5)
    assert not SecondReading(records=1, characters=100, finds={"PERSON": 3}).passes(5)


def test_the_second_detector_finds_what_can_be_checked_without_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket
    from pathlib import Path

    from cleo_model.corpus.pii.missed.second import finds

    def refuse(*_: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    said = [
        "Write to anna@mailbox.org or +44 20 7946 0958; the card is 4111 1111 1111 1111.",
        "Write to anna@example.org, deploy@node1.internal or left-pad@1.2.0; the order is 4111 1111 1111 1112.",
        "Write to anna@mailbox.org.",
    ]
    made = [[], [], [[9, 25]]]
    rows = [
        {"text": text, "profile": "prose", "keep_names": False, "language": "en", "made": each}
        for text, each in zip(said, made, strict=True)
    ]
    found = finds(rows, Path("/nowhere"))
    assert [sorted(kinds) for kinds in found] == [["CREDIT_CARD", "EMAIL_ADDRESS", "PHONE_NUMBER"], [], []]
