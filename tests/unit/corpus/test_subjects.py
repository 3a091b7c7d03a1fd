"""Whose record it is goes into the corpus as a keyed hash, and in no other form."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from cleo_core.progress import silent
from cleo_core.subject.identity import Pseudonyms
from cleo_model.corpus.record import RECORDS, read_records
from cleo_model.corpus.sources.collect import CollectSettings, collect
from cleo_model.corpus.sources.readers import read_source
from cleo_model.corpus.sources.reading import Reading
from cleo_model.corpus.sources.source import Source
from cleo_model.corpus.subjects import subject_settings
from cleo_model.errors import MalformedRecord, SourceError

pytestmark = pytest.mark.unit

TEXT = "The guard opened the gate at nine and wrote the numbers of all the lorries into the book."
PERSON = "Karoliina.Å@example.org"


def rows(path: Path, *lines: Any) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def source(place: Path, **fields: Any) -> Source:
    return Source(
        **{"name": "tickets", "domain": "prose", "kind": "jsonl", "location": str(place), "licence": "own",
           "subject": "author", **fields}
    )  # fmt: skip


def collected(out: Path, *sources: Source) -> Path:
    settings = CollectSettings(
        sources=sources, max_record_bytes=2**20, canaries=0, seed=1, subjects=subject_settings(sources)
    )
    out.mkdir()
    collect(settings, out, silent)
    return out


def test_a_subject_is_kept_as_a_keyed_hash_and_stands_nowhere_in_clear(tmp_path: Path, home: Path) -> None:
    said = [{"role": "user", "content": "How late is it?"}, {"role": "assistant", "content": "It is nine."}]
    place = rows(tmp_path / "in.jsonl", {"text": TEXT, "author": PERSON}, {"messages": said, "author": PERSON.upper()})
    out = collected(tmp_path / "raw", source(place))
    text, talk = read_records(out / RECORDS)
    assert text.subject == talk.subject == Pseudonyms()(f" {PERSON}\n") != ""
    written = [path.read_bytes() for root in (out, home) for path in root.rglob("*") if path.is_file()]
    assert written
    assert not any(PERSON.encode() in data or b"example.org" in data for data in written)
    # Another key is another hash: without the key a guess cannot be tested.
    assert Pseudonyms(b"k" * 32)(PERSON) != text.subject


@pytest.mark.parametrize(("value", "found"), [(17, "17"), (17.0, "17"), (" 17 ", "17"), (None, ""), ("", "")])
def test_ids_are_read_as_text_or_numbers(tmp_path: Path, value: Any, found: str) -> None:
    place = rows(tmp_path / "in.jsonl", {"text": TEXT, "meta": {"author": value}})
    (item,) = read_source(Reading(source(place, subject="meta.author"), 2**20))
    assert item.subject == found


def test_a_subject_that_is_no_id_is_named_without_its_value(tmp_path: Path) -> None:
    place = rows(tmp_path / "in.jsonl", {"text": TEXT, "author": ["Anna Lindqvist"]})
    with pytest.raises(MalformedRecord, match=r"in\.jsonl:1: its subject field 'author' holds a list") as error:
        list(read_source(Reading(source(place), 2**20)))
    assert "Anna" not in str(error.value)


def test_a_column_of_a_table_says_whose_a_row_is(tmp_path: Path) -> None:
    table = pyarrow.table({"text": [TEXT, TEXT], "meta": [{"author": "a"}, {"author": None}]})
    pyarrow.parquet.write_table(table, tmp_path / "in.parquet")
    read = source(tmp_path / "in.parquet", kind="parquet", subject="meta.author")
    assert [item.subject for item in read_source(Reading(read, 2**20))] == ["a", ""]
    with pytest.raises(SourceError, match="has no column 'writer'"):
        list(read_source(Reading(source(tmp_path / "in.parquet", kind="parquet", subject="writer"), 2**20)))


def test_a_misspelt_field_stops_for_nobody_could_be_found_again(tmp_path: Path) -> None:
    place = rows(tmp_path / "in.jsonl", {"text": TEXT, "author": "a"}, {"text": f"{TEXT} Twice."})
    with pytest.raises(SourceError, match="No record of source 'tickets' has the subject field 'writer'"):
        collected(tmp_path / "wrong", source(place, subject="writer"))
    first, second = read_records(collected(tmp_path / "right", source(place)) / RECORDS)
    assert first.subject
    assert not second.subject


def test_text_without_fields_has_no_subject(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"The subject 'author' cannot be used\. It names a field of a record"):
        source(tmp_path, kind="text")


def test_no_key_is_made_where_no_source_names_a_subject(tmp_path: Path, home: Path) -> None:
    place = rows(tmp_path / "in.jsonl", {"text": TEXT})
    (record,) = read_records(collected(tmp_path / "raw", source(place, subject="")) / RECORDS)
    assert not record.subject
    assert not (home / "keys" / "secret" / "subject.key").exists()
