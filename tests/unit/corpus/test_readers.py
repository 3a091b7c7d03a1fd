"""Reading: bad input is named by file and place, what is odd is counted, and what is too large costs no memory."""

from __future__ import annotations

import json
import os
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from cleo_core.errors import UnavailableSource
from cleo_core.progress import silent
from cleo_model.corpus.record import RECORDS, read_records
from cleo_model.corpus.sources.collect import CollectSettings, RawSummary, collect
from cleo_model.corpus.sources.reading import TOO_LARGE
from cleo_model.corpus.sources.source import Source
from cleo_model.errors import EmptyCorpus, MalformedRecord, SourceError, UndecodableText
from tests.unit.corpus.conftest import LIMIT, TALK, read, source

pytestmark = pytest.mark.unit


def gather(sources: list[Source], out: Path, limit: int = LIMIT) -> RawSummary:
    settings = CollectSettings(sources=tuple(sources), max_record_bytes=limit, canaries=0, seed=20)
    return collect(settings, out, silent)


def lines(path: Path, *values: Any) -> Path:
    path.write_text("".join(f"{value if isinstance(value, str) else json.dumps(value)}\n" for value in values))
    return path


def test_each_line_of_a_jsonl_file_is_a_record(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('\ufeff{"text": "één"}\n\n{"text": "two"}')
    assert [(item.name, item.text) for item in read(path).items] == [("a.jsonl:1", "één"), ("a.jsonl:3", "two")]


@pytest.mark.parametrize("sign", ["\u2028", "\u2029", "\x85", "\x0c"])
def test_a_sign_that_looks_like_the_end_of_a_line_is_text(tmp_path: Path, sign: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({"text": f"one{sign}two"}, ensure_ascii=False) + "\n")
    assert read(path).texts == [f"one{sign}two"]


def test_half_of_a_character_is_replaced_and_counted(tmp_path: Path) -> None:
    path = lines(tmp_path / "a.jsonl", '{"text": "a \\ud83d b"}', '{"text": "a \\ud83d\\ude00 b"}', {"text": "plain"})
    found = read(path)
    assert found.texts == ["a \ufffd b", "a 😀 b", "plain"]
    (changed,) = found.account.changed.values()
    assert (changed.count, changed.examples) == (1, ["a.jsonl:1"])


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ('{"text": "cut off', "is not JSON"),
        ("[1, 2]", "is not an object"),
        ('{"body_text": "x"}', "no text in its field 'text' (it has body_text)"),
        ('{"text": 5}', "no text in its field 'text'"),
        ("[" * 100_000, ""),
        ('{"text": ' + "9" * 5000 + "}", ""),
    ],
)
def test_a_malformed_line_is_named_by_file_and_line(tmp_path: Path, line: str, named: str) -> None:
    path = lines(tmp_path / "a.jsonl", {"text": "fine"}, line)
    with pytest.raises(MalformedRecord) as caught:
        read(path)
    assert f"{path}:2" in caught.value.message
    assert named in caught.value.message
    assert caught.value.hint


def test_a_field_that_is_likely_meant_is_named_in_the_hint(tmp_path: Path) -> None:
    path = lines(tmp_path / "a.jsonl", {"id": "1", "ticket_body": "The press stands still since nine."})
    with pytest.raises(MalformedRecord, match="perhaps to 'ticket_body'"):
        read(path)
    assert read(path, text_field="ticket_body").texts == ["The press stands still since nine."]


def test_what_a_file_says_of_itself_does_not_steer_a_terminal(tmp_path: Path) -> None:
    folder = tmp_path / "a\x1b[2Jb"
    folder.mkdir()
    role = {"messages": [{"role": "\x1b]0;x\x07", "content": "x"}]}
    for number, value in enumerate(({"te\x1b[2Jxt": "x"}, role, "{\x1b[2J")):
        path = lines(folder / f"\x1b[31m{number}.jsonl", value)
        with pytest.raises(SourceError) as caught:
            read(path)
        assert "\x1b" not in str(caught.value)
    with pytest.raises(SourceError) as caught:
        gather([source(folder / "none")], tmp_path)
    assert "\x1b" not in str(caught.value)


def test_one_odd_record_among_good_ones_is_skipped_and_counted_or_stops_by_setting(tmp_path: Path) -> None:
    path = lines(tmp_path / "a.jsonl", *[{"text": f"number {n}"} for n in range(6)], "{not json")
    found = read(path)
    assert len(found.items) == found.account.kept == 6
    assert found.account.dropped["not JSON"].examples == ["a.jsonl:7"]
    with pytest.raises(MalformedRecord, match=r"a\.jsonl:7 is not JSON"):
        read(path, on_error="stop")


def test_more_odd_records_than_the_stated_share_stop_with_the_first(tmp_path: Path) -> None:
    path = lines(tmp_path / "a.jsonl", *[{"text": f"number {n}"} for n in range(6)], *["{"] * 4)
    with pytest.raises(MalformedRecord, match=r"a\.jsonl:7 is not JSON.* 4 of 10 records .* 25% are allowed"):
        read(path)
    assert len(read(path, max_skipped=0.5).items) == 6


def test_a_source_that_is_not_what_it_is_said_to_be_is_not_read_to_its_end(tmp_path: Path) -> None:
    path = lines(tmp_path / "a.jsonl", *[{"other": n} for n in range(5000)])
    with pytest.raises(MalformedRecord, match=r"a\.jsonl:1 has no text.* 200 of 200 records"):
        read(path)


def test_empty_records_are_no_fault_and_are_counted(tmp_path: Path) -> None:
    path = lines(tmp_path / "a.jsonl", {"text": None}, {"text": " "}, {"text": "one"}, {"text": ""})
    found = read(path, on_error="stop")
    assert found.texts == ["one"]
    assert found.account.dropped["no text in it"].count == 3


@pytest.mark.parametrize("name", ["a.jsonl", "a.txt", "a.csv"])
def test_text_that_is_not_utf8_is_named_by_file_and_byte_and_its_encoding(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    start = b'{"text": "one"}\n{"text": "caf' if name == "a.jsonl" else b"id,text\n1,the caf"
    end = b'"}\n' if name == "a.jsonl" else b"\n"
    path.write_bytes(start + "é".encode() + end)
    assert read(path).items[-1].text
    path.write_bytes(start + b"\xe9" + end)
    with pytest.raises(UndecodableText) as caught:
        read(path)
    assert str(path) in caught.value.message
    assert f"byte 0xe9 at offset {len(start)}" in caught.value.message
    assert "looks like cp1252" in caught.value.message
    assert "encoding: cp1252" in (caught.value.hint or "")
    assert read(path, encoding="cp1252").items[-1].text.rstrip().endswith("café")


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1252", "Le café de l’été — déjà vu à Noël, où l’on goûte tout"),
        ("cp1252", "Über die Straße gehen wir öfter mit schönen Hüten"),
        ("cp1251", "Привет, это обычный текст на русском языке для проверки кодировки."),
        ("cp1250", "Zażółć gęślą jaźń, świetnie to działa dzięki łasce"),
        ("shift_jis", "これは日本語のテキストです。文字コードを調べます。"),
        ("gb18030", "这是一个用于测试编码检测的中文句子。"),
        ("utf-16-le", "Written by a tool that leaves no mark."),
    ],
)
def test_the_advice_names_the_encoding_that_the_text_is_in(tmp_path: Path, encoding: str, text: str) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(text.encode(encoding))
    with pytest.raises(UndecodableText, match=f"looks like {encoding}"):
        read(path)
    assert read(path, encoding=encoding).texts == [text]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("name", ["a.txt", "a.jsonl", "a.csv", "a.json"])
def test_a_byte_order_mark_is_believed(tmp_path: Path, encoding: str, name: str) -> None:
    content = {"a.txt": "één", "a.jsonl": '{"text": "één"}\r\n', "a.csv": "id,text\r\n1,één\r\n", "a.json": '["één"]'}
    (tmp_path / name).write_bytes(content[name].encode(encoding))
    assert read(tmp_path / name).texts == ["één"]


def test_a_record_of_50_mb_is_left_out_by_name_and_the_others_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    with path.open("w") as handle:
        handle.write('{"text": "before"}\n{"text": "')
        for _ in range(50):
            handle.write("x" * 2**20)
        handle.write('"}\n{"text": "after"}\n')
    tracemalloc.start()
    found = read(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.texts == ["before", "after"]
    assert found.account.dropped[TOO_LARGE].examples == [f"a.jsonl:2: {50 * 2**20 + 13:,} bytes"]
    assert peak < 8 * 2**20


def test_the_summary_and_the_card_name_what_was_left_out(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "small.txt").write_text("A short text. " * 20)
    (tmp_path / "in" / "large.txt").write_text("A long text. " * 1000)
    (tmp_path / "in" / "logo.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (tmp_path / "in" / "tiny.txt").write_text("Hi.")
    out = tmp_path / "out"
    out.mkdir()
    summary = gather([source(tmp_path / "in")], out, 2000)
    (account,) = summary.accounts
    assert (account.files_seen, account.files_read, account.records, account.kept) == (4, 3, 3, 1)
    card = (out / "data_card.md").read_text()
    for named in ("large.txt: 13,000 bytes", ".png: a picture", "logo.png", "shorter than 10 characters", "tiny.txt"):
        assert named in card
        assert any(named in line for line in summary.notes)
    assert [record.source for record in read_records(out / RECORDS)] == ["mine"]


def test_a_source_of_which_all_is_too_large_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "large.txt"
    path.write_text("A long text. " * 1000)
    with pytest.raises(SourceError, match=r"holds no text; larger than the limit .*large\.txt"):
        gather([source(path)], tmp_path, 2000)


@pytest.mark.parametrize("content", ["", "   \n\n"])
def test_an_empty_source_is_an_error(tmp_path: Path, content: str) -> None:
    path = tmp_path / "a.txt"
    path.write_text(content)
    with pytest.raises(SourceError, match=r"'mine' .* holds no text"):
        gather([source(path)], tmp_path)
    with pytest.raises(EmptyCorpus, match="No source"):
        gather([], tmp_path)


def test_a_file_that_cannot_be_read_is_named() -> None:
    # Any user may open it, and nobody can read its first byte.
    with pytest.raises(SourceError, match=r"/proc/self/mem cannot be read: Input/output error"):
        read(Path("/proc/self/mem"), "jsonl")


def test_a_file_whose_name_is_not_utf8_is_read_and_named(tmp_path: Path) -> None:
    (tmp_path / "plain.txt").write_text("A plain text.")
    with open(os.fsencode(tmp_path) + b"/caf\xe9.txt", "w") as handle:
        handle.write("A text with a name of old.")
    found = read(tmp_path)
    assert sorted(item.name for item in found.items) == [r"caf\xe9.txt", "plain.txt"]
    assert found.account.changed["file name is not UTF-8, and is written so"].examples == [r"caf\xe9.txt"]
    gather([source(tmp_path)], tmp_path)


def test_long_text_becomes_passages_that_lose_no_word(tmp_path: Path) -> None:
    words = [f"word{number}" for number in range(4000)]
    (tmp_path / "a.txt").write_text(" ".join(words))
    gather([source(tmp_path / "a.txt")], tmp_path)
    records = list(read_records(tmp_path / RECORDS))
    assert " ".join(record.text for record in records).split() == words
    assert max(len(record.text) for record in records) <= 2400
    assert len({record.id for record in records}) == len(records) > 10
    assert len({record.group for record in records}) == 1


def test_a_passage_that_is_cut_within_code_has_whole_fences(tmp_path: Path) -> None:
    code = "\n\n".join(f"def function_{n}():\n    return {n}" for n in range(200))
    (tmp_path / "a.md").write_text(f"Before it.\n\n```python\n{code}\n```\n\nAfter it.")
    gather([source(tmp_path / "a.md")], tmp_path)
    texts = [record.text for record in read_records(tmp_path / RECORDS)]
    assert len(texts) > 2
    assert all(text.count("```") % 2 == 0 for text in texts)
    assert texts[1].startswith("```python\n")
    assert texts[-1].endswith("After it.")


def test_ids_stay_when_a_record_is_put_before_the_others_and_are_not_taken_twice(tmp_path: Path) -> None:
    texts = [f"The number of this record is {number}." for number in range(20)]
    path = lines(tmp_path / "a.jsonl", *[{"text": text} for text in [*texts, texts[0]]])
    gather([source(path)], tmp_path)
    before = {record.id: record.text for record in read_records(tmp_path / RECORDS)}
    assert len(before) == 21
    lines(path, *[{"text": text} for text in ["It comes before all others.", *texts, texts[0]]])
    gather([source(path)], tmp_path)
    after = {record.id: record.text for record in read_records(tmp_path / RECORDS)}
    assert before.items() <= after.items()


def test_parquet_is_read_by_column(tmp_path: Path) -> None:
    import pyarrow
    import pyarrow.parquet

    path = tmp_path / "a.parquet"
    table = pyarrow.table({"ticket": ["one", "x" * (LIMIT + 1), "two"], "messages": [TALK] * 3})
    pyarrow.parquet.write_table(table, path)
    found = read(path, "parquet", form="text", text_field="ticket")
    assert found.texts == ["one", "two"]
    assert found.account.dropped[TOO_LARGE].examples[0].startswith("a.parquet, row 2")
    assert read(path, "parquet", form="messages").talks[0] == TALK
    assert read(path, "parquet").talks[0] == TALK
    with pytest.raises(SourceError, match=r"no column 'body_text' \(it has ticket, messages\)"):
        read(path, "parquet", form="text", text_field="body_text")


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
        read(Path("a b"), "hf")
