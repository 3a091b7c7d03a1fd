"""The account: every record that came in is counted once, and the first of each reason are named, safely."""

from __future__ import annotations

import pytest

from cleo_model.corpus.account import EXAMPLES, Account, account_markdown

pytestmark = pytest.mark.unit


def test_what_came_in_is_what_was_kept_and_what_was_dropped() -> None:
    account = Account(name="notes", files_seen=3, files_read=2, kept=7)
    account.skip_file(".png", "no text", "logo.png")
    for number in range(9):
        account.drop("no text", f"a.jsonl:{number}")
    account.change("two user turns merged", "a.jsonl:20")
    assert (account.records, account.lost) == (16, 9)
    assert account.dropped["no text"].examples == [f"a.jsonl:{number}" for number in range(EXAMPLES)]
    lines = list(account.lines())
    assert lines[:2] == ["notes: 3 files seen, 2 read, 1 skipped", "notes: 16 records in, 7 kept, 9 dropped"]
    assert any("no text: 9 (a.jsonl:0" in line and "…" in line for line in lines)
    assert Account.model_validate_json(account.model_dump_json()) == account


def test_a_name_that_others_wrote_steers_neither_a_terminal_nor_a_page() -> None:
    account = Account(name="notes")
    account.drop("no text", "a\x1b[2J`<b>|\n" + "x" * 500)
    told = "\n".join(account.lines())
    assert "\x1b" not in told
    assert max(map(len, told.splitlines())) < 300
    page = account_markdown([account])
    assert "`a\\x1b[2J'<b>\\|" in page
