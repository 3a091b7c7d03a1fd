"""Reading: bad input is named by file and place, and what is too large costs no memory."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from cleo_core.errors import UnavailableSource
from cleo_core.progress import silent
from cleo_model.corpus.record import RECORDS, read_records
from cleo_model.corpus.sources.collect import CollectSettings, RawSummary, collect
from cleo_model.corpus.sources.item import Item, Refused, RefusedRecord
from cleo_model.corpus.sources.readers import read_source
from cleo_model.corpus.sources.source import Source
from cleo_model.errors import EmptyCorpus, MalformedRecord, SourceError, UndecodableText

pytestmark = pytest.mark.unit

LIMIT = 2**20


def source(location: Path, kind: str, **changes: Any) -> Source:
    values = {"name": "mine", "domain": "prose", "kind": kind, "location": str(location), "licence": "CC0-1.0"}
    return Source(**{**values, **changes})


def gather(sources: list[Source], out: Path, limit: int = LIMIT) -> RawSummary:
    settings = CollectSettings(sources=tuple(sources), max_record_bytes=limit, canaries=0, seed=20)
    return collect(settings, out, silent)


def read(location: Path, kind: str, **changes: Any) -> list[Item]:
    return list(read_source(source(location, kind, **changes), Refused(LIMIT)))


def test_each_line_of_a_jsonl_file_is_a_record(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('\ufeff{"text": "één"}\n\n{"text": "two"}')
    assert [(item.name, item.text) for item in read(path, "jsonl")] == [("a.jsonl:1", "één"), ("a.jsonl:3", "two")]


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ('{"text": "cut off', "is not JSON"),
        ("[1, 2]", "is not an object"),
        ('{"body": "x"}', "no text in its field 'text' (it has body)"),
        ('{"text": 5}', "no text in its field 'text'"),
        ("[" * 100_000, ""),
    ],
)
def test_a_malformed_line_is_named_by_file_and_line(tmp_path: Path, line: str, named: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(f'{{"text": "fine"}}\n{line}\n')
    with pytest.raises(MalformedRecord) as caught:
        read(path, "jsonl")
    assert f"{path}:2" in caught.value.message
    assert named in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(("kind", "name"), [("jsonl", "a.jsonl"), ("text", "a.txt")])
def test_text_that_is_not_utf8_is_named_by_file_and_byte(tmp_path: Path, kind: str, name: str) -> None:
    path = tmp_path / name
    start = b'{"text": "one"}\n{"text": "caf'
    path.write_bytes(start + "é".encode() + b'"}\n')
    assert read(path, kind)[-1].text
    path.write_bytes(start + b"\xe9" + b'"}\n')
    with pytest.raises(UndecodableText) as caught:
        read(path, kind)
    assert str(path) in caught.value.message
    assert f"byte 0xe9 at offset {len(start)}" in caught.value.message
    assert "iconv" in (caught.value.hint or "")


def test_a_record_of_50_mb_is_left_out_by_name_and_the_others_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    with path.open("w") as handle:
        handle.write('{"text": "before"}\n{"text": "')
        for _ in range(50):
            handle.write("x" * 2**20)
        handle.write('"}\n{"text": "after"}\n')
    refused = Refused(LIMIT)
    tracemalloc.start()
    items = list(read_source(source(path, "jsonl"), refused))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [item.text for item in items] == ["before", "after"]
    assert refused.records == [RefusedRecord(record=f"{path}:2", bytes=50 * 2**20 + len('{"text": ""}\n'), limit=LIMIT)]
    assert peak < 8 * 2**20


def test_the_summary_and_the_card_name_what_was_left_out(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "small.txt").write_text("A short text. " * 20)
    (tmp_path / "in" / "large.txt").write_text("A long text. " * 1000)
    out = tmp_path / "out"
    out.mkdir()
    summary = gather([source(tmp_path / "in", "text")], out, 2000)
    assert [Path(entry.record).name for entry in summary.refused] == ["large.txt"]
    assert "large.txt: 13,000 bytes" in (out / "data_card.md").read_text()
    assert [record.source for record in read_records(out / RECORDS)] == ["mine"]


def test_a_source_of_which_all_is_too_large_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "large.txt"
    path.write_text("A long text. " * 1000)
    with pytest.raises(SourceError, match="above the size limit"):
        gather([source(path, "text")], tmp_path, 2000)


@pytest.mark.parametrize("content", ["", "   \n\n"])
def test_an_empty_source_is_an_error(tmp_path: Path, content: str) -> None:
    path = tmp_path / "a.txt"
    path.write_text(content)
    with pytest.raises(SourceError, match=r"'mine' .* holds no text"):
        gather([source(path, "text")], tmp_path)
    with pytest.raises(EmptyCorpus, match="No source"):
        gather([], tmp_path)


def test_a_file_that_cannot_be_read_is_named() -> None:
    # Any user may open it, and nobody can read its first byte.
    with pytest.raises(SourceError, match=r"/proc/self/mem cannot be read: Input/output error"):
        read(Path("/proc/self/mem"), "jsonl")


def test_long_text_becomes_passages_that_lose_no_word(tmp_path: Path) -> None:
    words = [f"word{number}" for number in range(4000)]
    (tmp_path / "a.txt").write_text(" ".join(words))
    gather([source(tmp_path / "a.txt", "text")], tmp_path)
    records = list(read_records(tmp_path / RECORDS))
    assert " ".join(record.text for record in records).split() == words
    assert max(len(record.text) for record in records) <= 2400
    assert len({record.id for record in records}) == len(records) > 10


def test_conversations_are_read_and_checked(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    talk = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]
    path.write_text(json.dumps({"messages": talk}))
    assert read(path, "jsonl", form="messages")[0].messages == talk
    wrong: list[Any] = [
        [],
        "hi",
        [*talk, talk[1]],
        [talk[1]],
        [{"role": "tool", "content": "x"}],
        [{"role": "user", "content": " "}],
        [{"role": "system", "content": "only"}],
        [{"role": "user", "content": ["x"]}],
    ]
    for messages in wrong:
        path.write_text(json.dumps({"messages": messages}))
        with pytest.raises(MalformedRecord, match=r"a\.jsonl:1"):
            read(path, "jsonl", form="messages")


def test_a_text_file_is_no_conversation(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("Hi")
    with pytest.raises(SourceError, match="no messages"):
        read(path, "text", form="messages")


def test_parquet_is_read_by_column(tmp_path: Path) -> None:
    import pyarrow
    import pyarrow.parquet

    talk = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]
    path = tmp_path / "a.parquet"
    pyarrow.parquet.write_table(
        pyarrow.table({"body": ["one", "x" * (LIMIT + 1), "two"], "messages": [talk] * 3}), path
    )
    refused = Refused(LIMIT)
    assert [item.text for item in read_source(source(path, "parquet", form="text", text_field="body"), refused)] == [
        "one",
        "two",
    ]
    assert refused.records[0].record == f"{path}, row 2"
    assert read(path, "parquet", form="messages")[0].messages == talk
    assert read(path, "parquet")[0].messages == talk
    with pytest.raises(SourceError, match=r"no column 'text' \(it has body, messages\)"):
        read(path, "parquet", form="text")


def test_a_damaged_parquet_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(b"PAR1 this is not one PAR1")
    with pytest.raises(SourceError, match=r"a\.parquet is not a Parquet file"):
        read(path, "parquet")


def test_a_data_set_that_cannot_be_reached_is_one_clear_line() -> None:
    with pytest.raises(UnavailableSource) as caught:
        read(Path("nobody/no-such-set"), "hf")
    assert caught.value.message.startswith("Data set 'nobody/no-such-set' cannot be reached: ")
    assert "\n" not in caught.value.message
    with pytest.raises(SourceError, match="not the id of a data set"):
        read(Path("../../etc/passwd"), "hf")
