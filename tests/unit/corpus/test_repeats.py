"""Known values are found again in one pass, in any case, spacing and punctuation, however many there are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cleo_model.corpus.pii.masking import unions
from cleo_model.corpus.pii.masking.hashes import HashedMap, mapped, write_hashes
from cleo_model.corpus.pii.masking.repeats import MOST_GROUPS, Repeats
from cleo_model.corpus.pii.masking.unions import write_joined_map, write_union
from cleo_model.corpus.pii.masking.vocabulary import NUMBER, Survey, Vocabulary, is_unmistakable, unite

pytestmark = pytest.mark.unit

TEXT = "Write to Anna.Meyer@x.org or anna@x.org; the card is 4111-1111 1111.1111, the IBAN DE89 3704 0044 0532 0130 00."


def found(index: Repeats, text: str) -> list[str]:
    return [text[start:end] for start, end, _ in index.find(text)]


@pytest.mark.parametrize(
    ("value", "again"),
    [
        ("anna.meyer@x.org", "Anna.Meyer@x.org"),
        ("4111111111111111", "4111-1111 1111.1111"),
        ("4111 1111 1111 1111", "4111-1111 1111.1111"),
        ("DE89370400440532013000", "DE89 3704 0044 0532 0130 00"),
        ("the  card", "the card"),
    ],
)
def test_a_value_is_found_in_another_writing(value: str, again: str) -> None:
    assert again in found(Repeats.of([(value, 1)]), TEXT)


@pytest.mark.parametrize("value", ["nna@x.org", "meyer@x.or", "4111 1111 1111 1112", "", "..."])
def test_what_is_no_whole_word_of_the_text_is_not_found(value: str) -> None:
    assert found(Repeats.of([(value, 1)]), TEXT) == []


def test_as_many_look_ups_for_twenty_thousand_values_as_for_twenty() -> None:
    text = " ".join(f"Mail user{number}@mail.example, please, or call Anna." for number in range(0, 2000, 2))
    counts = {}
    for size in (20, 20_000):
        index = Repeats.of((f"user{number}@mail.example", 1) for number in range(size))
        hits = index.find(text)
        counts[size] = index.lookups
        assert len(hits) == (10 if size == 20 else 1000)
    words = 8 * 1000
    # Each word once, and each stretch of words that may be a value: a number begins up to nine.
    assert counts[20_000] <= words * (1 + MOST_GROUPS)
    assert counts[20_000] <= 1.5 * counts[20]


def test_a_text_full_of_its_own_values_takes_time_with_its_length(tmp_path: object) -> None:
    counts = []
    for size in (500, 5000):
        people = [f"Anna Name{chr(97 + number % 26)}{number}" for number in range(size)]
        index = Repeats.of((name, 1) for name in people)
        assert len(index.find(" and ".join(people))) == size
        counts.append(index.lookups)
    assert counts[1] <= 10.5 * counts[0]


def test_the_vocabulary_is_the_same_however_the_finds_are_dealt(tmp_path) -> None:  # type: ignore[no-untyped-def]
    finds = [("EMAIL_ADDRESS", f"u{number}@x.org") for number in range(200)]
    finds += [("PERSON", "Ignatius Fotheringay"), ("PERSON", "Ignatius"), ("CREDIT_CARD", "4111 1111 1111 1111")]
    for parts in (1, 3):
        folder = tmp_path / str(parts)
        (folder / "v").mkdir(parents=True)
        for part in range(parts):
            survey = Survey()
            for entity, value in finds[part::parts]:
                survey.add(entity, value)
            survey.save(folder / "surveys" / str(part))
        assert unite(sorted((folder / "surveys").iterdir()), folder / "v") == {
            "CREDIT_CARD": 1,
            "EMAIL_ADDRESS": 200,
            "PERSON": 2,
        }
    for path in sorted((tmp_path / "1" / "v").iterdir()):
        assert path.read_bytes() == (tmp_path / "3" / "v" / path.name).read_bytes(), path.name
    known = Vocabulary(tmp_path / "3" / "v")
    assert "u7@x.org" in known.avoid
    assert "u200@x.org" not in known.avoid
    assert "ignatius" in known.given
    assert "fotheringay" in known.family
    assert "ignatius" not in known.family
    text = "Here: U7@X.org, 4111-1111-1111-1111; Ignatius."
    assert [(text[low:high], kind) for low, high, kind in known.everywhere().find(text)] == [
        ("U7@X.org", NUMBER["EMAIL_ADDRESS"]), ("4111-1111-1111-1111", NUMBER["CREDIT_CARD"]),
    ]  # fmt: skip


def test_hashes_are_united_piece_by_piece(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unions, "PIECE", 64)
    rng = np.random.default_rng(3)
    top = np.array([0, 2**63, 2**64 - 1], dtype=np.uint64)
    parts = [np.unique(np.concatenate([rng.integers(0, 2**64, 300, dtype=np.uint64), top])) for _ in range(5)]
    parts.append(np.zeros(0, dtype=np.uint64))
    files = []
    for number, hashes in enumerate(parts):
        files.append((tmp_path / f"{number} keys", tmp_path / f"{number} values"))
        write_hashes(files[-1][0], hashes)
        write_hashes(files[-1][1], np.full(len(hashes), number + 1, dtype=np.uint64))
    whole = np.unique(np.concatenate(parts))
    assert write_union([keys for keys, _ in files], tmp_path / "union") == len(whole) == 1503
    assert np.array_equal(mapped(tmp_path / "union"), whole)
    made = tmp_path / "keys", tmp_path / "values"
    write_joined_map(files, made, np.minimum)
    assert np.array_equal(mapped(made[0]), whole)
    assert HashedMap.load(made).values[[0, -1]].tolist() == [1, 1]  # of five numbers the least
    assert sorted({int(number) for number in mapped(made[1])}) == [1, 2, 3, 4, 5]
    assert write_union([], tmp_path / "none") == 0
    assert len(mapped(tmp_path / "none")) == 0


def test_the_vocabulary_holds_no_value_in_plain(tmp_path) -> None:  # type: ignore[no-untyped-def]
    survey = Survey()
    survey.add("EMAIL_ADDRESS", "ignatius@mailbox.org")
    survey.add("PERSON", "Ignatius Fotheringay")
    survey.save(tmp_path / "0")
    unite([tmp_path / "0"], tmp_path / "v")
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) > 4
    for path in files:
        assert b"gnatius" not in path.read_bytes()


@pytest.mark.parametrize(
    ("entity", "value", "expected"),
    [
        ("EMAIL_ADDRESS", "a@b.org", True),
        ("CREDIT_CARD", "4111111111111111", True),
        ("PASSPORT", "C01X00T47", True),
        ("PASSPORT", "1234", False),
        ("PERSON", "Anna Meyer", False),
        ("PHONE_NUMBER", "(212) 736-5041", False),
        ("NATIONAL_ID", "handbook", False),
    ],
)
def test_only_what_no_ordinary_text_looks_like_is_replaced_everywhere(entity: str, value: str, expected: bool) -> None:
    assert is_unmistakable(entity, value) is expected


def test_an_empty_map_knows_nothing() -> None:
    none = np.zeros(0, dtype=np.uint64)
    assert HashedMap(none, none).many(["a", "b"]) == [0, 0]
