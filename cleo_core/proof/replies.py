"""Which model gave which reply: one row per reply, without a word of what was said.

Serving appends a row for each reply; `cleo verify REPLY_ID` finds it and walks on to the model, its signature, its
approval and its corpus.
"""

from __future__ import annotations

import json
import re
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cleo_core.clock import timestamp
from cleo_core.errors import InputError
from cleo_core.settings import home

ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
SCHEMA = """
create table if not exists replies (
    id text primary key, at text not null, model text not null, version integer not null,
    bundle_digest text not null, approval_id text not null, memories text not null
) strict, without rowid;
create index if not exists replies_at on replies (at);
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """Where a reply came from. `memories` are the ids of the memories used; no text, no user."""

    id: str
    model: str
    version: int
    bundle_digest: str
    approval_id: str
    memories: Sequence[str] = ()
    at: str = ""


_lock = threading.Lock()


@cache
def _connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, check_same_thread=False, timeout=10, isolation_level=None)
    db.execute("pragma journal_mode = wal")
    db.execute("pragma synchronous = normal")
    db.executescript(SCHEMA)
    return db


@contextmanager
def _database() -> Iterator[sqlite3.Connection]:
    """The replies of this home folder, for one thread at a time."""
    with _lock:
        yield _connect(home("replies") / "replies.db")


def append(reply: Reply) -> None:
    """Write where a reply came from (about a millisecond; blocking).

    Raises:
        InputError: the id is none, or is taken.
    """
    if not ID.fullmatch(reply.id):
        raise InputError(f"{reply.id[:64]!r} is no reply id.", hint="8 to 64 letters, digits, '-' or '_'.")
    row = (
        reply.id, reply.at or timestamp(), reply.model, reply.version, reply.bundle_digest, reply.approval_id,
        json.dumps(list(reply.memories)),
    )  # fmt: skip
    with _database() as db:
        try:
            db.execute("insert into replies values (?, ?, ?, ?, ?, ?, ?)", row)
        except sqlite3.IntegrityError:
            raise InputError(f"There is a reply {reply.id!r} already.") from None


def find(reply_id: str) -> Reply | None:
    """Where a reply came from, or None."""
    with _database() as db:
        row = db.execute("select * from replies where id = ?", (reply_id,)).fetchone()
    if row is None:
        return None
    return Reply(
        id=row[0], at=row[1], model=row[2], version=row[3], bundle_digest=row[4], approval_id=row[5],
        memories=tuple(json.loads(row[6])),
    )  # fmt: skip


def prune(before: str) -> int:
    """Forget replies older than a moment (UTC, 2026-01-31T12:00:00Z). Returns how many."""
    with _database() as db:
        return db.execute("delete from replies where at < ?", (before,)).rowcount
