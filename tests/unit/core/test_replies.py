"""Where a reply came from: found again by its id, without a word of what was said."""

from __future__ import annotations

import sqlite3
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from cleo_core.errors import InputError
from cleo_core.proof import replies
from cleo_core.proof.replies import Reply
from cleo_core.proof.walk import walk

pytestmark = pytest.mark.unit

REPLY = Reply(
    id="reply-0001", model="cleo", version=3, bundle_digest="a" * 64, approval_id="b" * 36, memories=("m1", "m2")
)


def test_a_reply_is_found_by_its_id(home: Path) -> None:
    replies.append(REPLY)
    found = replies.find("reply-0001")
    assert found is not None
    assert found.at.endswith("Z")
    assert replace(found, at="") == REPLY
    assert replies.find("reply-0002") is None


@pytest.mark.parametrize("wrong", ["", "short", "x" * 65, "../../etc", "a b c d e f", "id\n12345678"])
def test_an_id_that_is_none_is_refused(home: Path, wrong: str) -> None:
    with pytest.raises(InputError, match="no reply id"):
        replies.append(replace(REPLY, id=wrong))
    assert replies.find(wrong) is None


def test_an_id_is_given_once(home: Path) -> None:
    replies.append(REPLY)
    with pytest.raises(InputError, match="already"):
        replies.append(replace(REPLY, version=4))
    found = replies.find("reply-0001")
    assert found is not None
    assert found.version == 3


def test_old_replies_can_be_forgotten(home: Path) -> None:
    replies.append(replace(REPLY, at="2026-01-01T00:00:00Z"))
    replies.append(replace(REPLY, id="reply-0002", at="2026-03-01T00:00:00Z"))
    assert replies.prune("2026-02-01T00:00:00Z") == 1
    assert replies.find("reply-0001") is None
    assert replies.find("reply-0002")


def test_several_threads_write_at_once(home: Path) -> None:
    def write(thread: int) -> None:
        for number in range(20):
            replies.append(replace(REPLY, id=f"thread-{thread}-{number}"))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    count = sqlite3.connect(home / "replies" / "replies.db").execute("select count(*) from replies").fetchone()
    assert count == (80,)


def test_there_is_no_place_for_text_or_a_user(home: Path) -> None:
    replies.append(REPLY)
    rows = sqlite3.connect(home / "replies" / "replies.db").execute("pragma table_info(replies)").fetchall()
    assert [row[1] for row in rows] == ["id", "at", "model", "version", "bundle_digest", "approval_id", "memories"]


def test_a_reply_of_an_unsigned_folder_is_said_to_prove_nothing(home: Path) -> None:
    replies.append(replace(REPLY, id="reply-0009", model="tiny", version=0))
    proof = walk("reply-0009")
    assert not proof.holds
    assert [(link.name, link.holds) for link in proof.links] == [("reply", False)]
    assert "unsigned folder 'tiny'" in proof.links[0].detail
