"""`cleo mask`: the files of a folder with their personal data replaced, a report, and nothing half-written."""

from __future__ import annotations

import csv
import gzip
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from cleo_model.cli import mask
from cleo_model.corpus.pii.folder.report import JSON, MARKDOWN

pytestmark = pytest.mark.integration

CARD = "4111 1111 1111 1111"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of each form, with the same people in it."""
    made = tmp_path / "tickets"
    (made / "deep" / ".git").mkdir(parents=True)
    (made / "note.md").write_text(
        "# Note\n\nMy name is Rachel Thornton. Write to **rachel.thornton@acme.com**, or call Rachel at "
        "(415) 555-2671.\n"
        f"\n```python\nx = {{'a': 1}}\n```\n\nThe card was {CARD}.\n"
    )
    rows = [
        {"id": 7, "text": "Dear Ms. Thornton, we will call you back.", "phone": "(415) 555-2671", "tags": ["a", "b"]},
        {"id": 8, "text": "Nothing of interest.", "contact": {"email": "rachel.thornton@acme.com"}},
    ]
    (made / "deep" / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (made / "deep" / "list.json").write_text(json.dumps([{"text": f"Pay with {CARD}, please.", "kind": "order"}]))
    (made / "deep" / ".git" / "config").write_text("rachel.thornton@acme.com")
    (made / "people.csv").write_text(
        'id,email,remark\n1,rachel.thornton@acme.com,"likes tea, and cake"\n2,wei.chen@acme.com,none\n'
    )
    with gzip.open(made / "old.txt.gz", "wt") as packed:
        packed.write("Old mail of wei.chen@acme.com was found.\n")
    (made / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(200)))
    return made


def run(*arguments: str) -> str:
    done = CliRunner().invoke(mask, list(arguments), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_a_folder_keeps_its_forms_and_loses_its_personal_data(folder: Path, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    key = tmp_path / "key"
    key.write_bytes(b"a key of thirty-two bytes or so!")
    out = tmp_path / "out"
    said = run(str(folder), "--out", str(out), "--key-file", str(key), "--workers", "1")
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    names = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert names == {
        "note.md", "deep/rows.jsonl", "deep/list.json.jsonl", "people.csv", "old.txt", MARKDOWN, JSON,
    }  # fmt: skip
    text = {name: (out / name).read_text() for name in names}
    for name in names - {MARKDOWN, JSON}:
        for value in ("achel", "hornton", "acme", "555-2671", "4111", "wei.chen"):
            assert value not in text[name], (name, value)
    note = text["note.md"]
    assert note.startswith("# Note\n\nMy name is ")
    assert "```python\nx = {'a': 1}\n```" in note
    rows = [json.loads(line) for line in text["deep/rows.jsonl"].splitlines()]
    assert [row["id"] for row in rows] == [7, 8]
    assert rows[0]["tags"] == ["a", "b"]
    assert rows[1]["text"] == "Nothing of interest."
    assert rows[1]["contact"]["email"].endswith(("@example.com", "@example.org", "@example.net"))
    table = list(csv.DictReader(text["people.csv"].splitlines()))
    assert [row["remark"] for row in table] == ["likes tea, and cake", "none"]
    # One address is one surrogate, whatever file it stands in.
    mail = table[0]["email"]
    assert mail in note
    assert rows[1]["contact"]["email"] == mail
    assert table[1]["email"] in text["old.txt"]
    report = json.loads(text[JSON])
    assert report["replaced"]["EMAIL_ADDRESS"] == 5
    assert report["files"]["old.txt.gz"] == "old.txt"
    assert "picture.png" in text[MARKDOWN]
    assert "What was missed, estimated" in text[MARKDOWN]
    assert "places replaced" in said
    assert f"{out / MARKDOWN}" in said


def test_placeholders_say_of_which_type_a_value_was(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(str(folder / "note.md"), "--out", str(out), "--replace", "placeholder", "--workers", "1")
    note = (out / "note.md").read_text()
    assert "**[EMAIL_ADDRESS_1]**" in note
    assert "[PERSON_1]" in note
    assert "[CREDIT_CARD_1]" in note


@pytest.mark.parametrize("where", ["inside", "same", "above", "there"])
def test_the_input_is_never_written_into(folder: Path, tmp_path: Path, where: str) -> None:
    from cleo_core.errors import InputError

    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "a.txt").write_text("a")
    outs = {"inside": folder / "out", "same": folder, "above": tmp_path, "there": tmp_path / "full"}
    with pytest.raises(InputError) as caught:
        run(str(folder), "--out", str(outs[where]))
    assert caught.value.hint
    assert (tmp_path / "full" / "a.txt").read_text() == "a"
    assert not (folder / "out").exists()


def test_ctrl_c_leaves_nothing_half_written(folder: Path, tmp_path: Path) -> None:
    command = [
        sys.executable, "-c", "from cleo_model.cli import mask; mask()", str(folder), "--out",
        str(tmp_path / "out"), "--workers", "1",
    ]  # fmt: skip
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=os.environ)
    try:
        until = time.monotonic() + 120
        while time.monotonic() < until and not list(tmp_path.glob(".out.*/.scratch")):
            time.sleep(0.05)
        assert list(tmp_path.glob(".out.*/.scratch"))
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) != 0
    finally:
        process.kill()
        process.communicate()
    assert {path.name for path in tmp_path.iterdir()} == {"tickets"}


def test_the_help_shows_how() -> None:
    said = CliRunner().invoke(mask, ["--help"]).output
    assert "cleo mask ./tickets --out ./tickets-masked" in said
    assert "--profile" in said
