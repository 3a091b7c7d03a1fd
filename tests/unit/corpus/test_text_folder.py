"""`cleo train --data`: any file or folder of any size is read, accounted for, and has a held-out part."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cleo_model.corpus.record import HELDOUT, RECORDS, TRAIN, read_records
from cleo_model.corpus.sources.folder import TextSettings, TextSummary, read_folder, sources_of
from cleo_model.errors import EmptyCorpus, SourceError

pytestmark = pytest.mark.unit

WORDS = "The press number {} is cleaned before the shift ends, by whoever stands there, and with a brush."


class Out:
    """What was written and said."""

    def __init__(self, data: Path, out: Path) -> None:
        out.mkdir(exist_ok=True)
        self.said: list[str] = []
        settings = TextSettings(sources=tuple(sources_of(data)), max_record_bytes=2**20, heldout_share=0.06)
        self.summary: TextSummary = read_folder(settings, out, lambda what, *_, **__: self.said.append(what))
        self.train, self.heldout = (list(read_records(out / name)) for name in (TRAIN, HELDOUT))
        assert not (out / RECORDS).exists()


def chats(path: Path, count: int, start: int = 0) -> Path:
    rows: list[Any] = [
        [{"role": "user", "content": f"Is press {n} clean?"}, {"role": "assistant", "content": f"Press {n} is clean."}]
        for n in range(start, start + count)
    ]
    path.write_text("".join(json.dumps({"messages": row}) + "\n" for row in rows))
    return path


@pytest.mark.parametrize("count", [2, 8, 10, 30])
def test_of_a_few_chats_one_at_least_is_held_out(tmp_path: Path, count: int) -> None:
    found = Out(chats(tmp_path / "a.jsonl", count), tmp_path / "out")
    assert found.heldout
    assert found.train
    assert len(found.train) + len(found.heldout) == count
    assert {record.domain for record in found.train} == {"conversation"}


def test_sixty_files_of_every_kind_are_one_source_and_accounted_for(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    (folder / ".git").mkdir(parents=True)
    (folder / ".git" / "description.md").write_text(WORDS)
    for number in range(60):
        (folder / f"page{number}.md").write_text(f"# Page {number}\n\n{WORDS.format(number)}\n")
    (folder / "logo.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    chats(folder / "chats.jsonl", 40)
    found = Out(folder, tmp_path / "out")
    assert found.summary.records["train"].keys() == {"documentation", "conversation"}
    assert len(found.train) + len(found.heldout) == 100
    assert "data: 63 files seen, 61 read, 2 skipped" in found.said
    assert "data: 100 records in, 100 kept, 0 dropped" in found.said
    assert any(".png: a picture" in line and "logo.png" in line for line in found.said)
    assert "data: 63 files seen, 61 read, 2 skipped" in found.summary.notes


def test_text_and_chats_in_one_file_are_a_domain_each(tmp_path: Path) -> None:
    path = chats(tmp_path / "a.jsonl", 20)
    path.write_text("".join(json.dumps({"text": WORDS.format(n)}) + "\n" for n in range(20)) + path.read_text())
    found = Out(path, tmp_path / "out")
    for part in (found.train, found.heldout):
        assert {record.domain for record in part} == {"documentation", "conversation"}


def test_pieces_of_a_document_stay_on_one_side_and_a_document_that_grows_stays_there(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(60):
        pages = (WORDS.format(f"{number}.{page}") for page in range(150))
        (folder / f"{number}.txt").write_text("\n\n".join(pages))
    before = Out(folder, tmp_path / "one")
    assert before.heldout
    assert not {record.group for record in before.train} & {record.group for record in before.heldout}
    for file in folder.iterdir():
        file.write_text(f"A line of news.\n\n{file.read_text()}\n\nAnd another one.")
    (folder / "00.txt").write_text("\n\n".join(WORDS.format(f"new {page}") for page in range(150)))
    after = Out(folder, tmp_path / "two")

    def lines(records: list[Any]) -> set[str]:
        return {line for record in records for line in record.text.split("\n\n") if len(line) > 40}

    assert len(lines(before.heldout) & lines(after.train)) <= 0.02 * len(lines(before.heldout))


def test_a_page_that_is_edited_stays_on_its_side(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(400):
        pages = (WORDS.format(f"{number}.{page}") for page in range(6))
        (folder / f"{number}.md").write_text(f"# Page {number}\n\n" + "\n\n".join(pages))
    before = Out(folder, tmp_path / "one")
    for file in folder.iterdir():
        file.write_text(
            file.read_text().replace("# Page", "# The page") + "\n\nAnd a line that was added to it later on.\n"
        )
    after = Out(folder, tmp_path / "two")

    def named(records: list[Any]) -> set[str]:
        return {record.text.split("\n")[0].split()[-1] for record in records}

    assert len(named(before.heldout)) > 8
    # One paragraph of seven is new, and the same in all: it names one page of seven anew.
    assert len(named(before.heldout) - named(after.heldout)) <= len(named(before.heldout)) / 2


def test_one_long_document_is_held_out_by_pieces_and_it_is_said(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("\n\n".join(WORDS.format(n) for n in range(2000)))
    found = Out(path, tmp_path / "out")
    assert 0 < len(found.heldout) < len(found.train)
    assert any("single document" in line for line in found.said)


def test_one_record_put_before_the_others_moves_none_to_the_other_side(tmp_path: Path) -> None:
    path = chats(tmp_path / "a.jsonl", 200)
    before = Out(path, tmp_path / "one")
    chats(tmp_path / "b.jsonl", 1, start=1000)
    path.write_text((tmp_path / "b.jsonl").read_text() + path.read_text())
    after = Out(path, tmp_path / "two")
    assert {record.text for record in before.heldout} <= {record.text for record in after.heldout}
    assert {record.id for record in before.heldout} <= {record.id for record in after.heldout}


def test_the_hints_fit_the_command(tmp_path: Path) -> None:
    with pytest.raises(EmptyCorpus, match="one short text only") as one:
        Out(chats(tmp_path / "a.jsonl", 1), tmp_path / "out")
    assert "Give two texts" in (one.value.hint or "")
    (tmp_path / "b.jsonl").write_text('{"ticket_text": "x"}\n')
    with pytest.raises(SourceError, match="has no text") as field:
        Out(tmp_path / "b.jsonl", tmp_path / "out")
    assert "--data takes no such setting: name the file in a list of sources" in (field.value.hint or "")


def test_a_folder_without_text_says_what_was_skipped(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.py").write_text("print()")
    with pytest.raises(SourceError, match=r"holds no text that is read\. Skipped: \.py: no format that is known"):
        Out(tmp_path / "in", tmp_path / "out")
