"""Records: clean text, stable ids, no personal names in ids."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from cleo_core.errors import IntegrityError
from cleo_model.corpus.record import Record, clean, read_records, write_records

pytestmark = pytest.mark.unit


def record(name: str, group: str = "", source: str = "mine") -> Record:
    return Record.make(name=name, source=source, domain="prose", licence="CC0-1.0", text=f"Text of {name}", group=group)


def test_text_is_cleaned_of_what_is_not_text() -> None:
    assert clean("a\r\nb \t\r\n\r\n\r\nc\x00\x1b[0m\u202e e\u0301 ") == "a\nb\n\nc[0m é"
    assert clean("\ttab stays\tinside") == "tab stays\tinside"


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    made = [record("a"), record("b", group="g")]
    assert write_records(tmp_path / "r.jsonl", made) == 2
    assert list(read_records(tmp_path / "r.jsonl")) == made


def test_the_name_of_a_record_is_kept_as_a_hash() -> None:
    made = record("anna@example.org", group="anna")
    assert "anna" not in made.id + made.group
    assert made.id == record("anna@example.org").id != record("otto@example.org").id
    assert made.sha256 == hashlib.sha256(made.text.encode()).hexdigest()


@pytest.mark.parametrize("line", ["no json", "[]", '{"id": "x"}', '{"id": "x", "other": 1}'])
def test_a_damaged_file_of_records_is_named_by_line(tmp_path: Path, line: str) -> None:
    path = tmp_path / "r.jsonl"
    write_records(path, [record("a")])
    with path.open("a") as handle:
        handle.write(f"{line}\n")
    with pytest.raises(IntegrityError, match=r"r\.jsonl:2"):
        list(read_records(path))


def test_a_missing_file_of_records_is_named(tmp_path: Path) -> None:
    with pytest.raises(IntegrityError, match="is not there"):
        list(read_records(tmp_path / "none.jsonl"))
