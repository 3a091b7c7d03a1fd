"""Copies of an SQLite file, made beside it before a migration changes it, and when they go.

A copy must not bring back what was deleted since. One of the key store therefore goes as soon as the migrated store
was checked. One of the catalogue goes with the first deletion, be it a memory that is forgotten or a user who is
erased, and after seven days in any case.
"""

from __future__ import annotations

import os
import sqlite3
import time
from pathlib import Path

from cleo_core.files import sync_folder

KEPT_SECONDS = 7 * 86400.0


def existing(path: Path) -> list[Path]:
    """The copies of a database, unfinished ones among them."""
    return sorted(path.parent.glob(f"{path.name}.v*.backup*"))


def expired(path: Path) -> list[Path]:
    """Those that are unfinished or too old."""
    old = time.time() - KEPT_SECONDS
    return [each for each in existing(path) if each.suffix != ".backup" or each.stat().st_mtime < old]


def make(path: Path, version: int) -> Path:
    """Copy the database as it is committed; the copy is whole, durable and readable by its owner alone."""
    made = path.with_name(f"{path.name}.v{version}-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}.backup")
    draft = made.with_name(f"{made.name}-{os.getpid()}")
    os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        source, target = sqlite3.connect(path), sqlite3.connect(draft)
        try:
            source.backup(target)
        finally:
            source.close()
            target.close()
        with draft.open("rb") as stream:
            os.fsync(stream.fileno())
        draft.rename(made)
    except BaseException:
        discard([draft])
        raise
    sync_folder(path.parent)
    return made


def discard(copies: list[Path]) -> None:
    """Delete copies; their bytes are overwritten first, as the database overwrites a deleted row's."""
    for copy in copies:
        try:
            with copy.open("r+b") as stream:
                stream.write(bytes(copy.stat().st_size))
                stream.flush()
                os.fsync(stream.fileno())
        except FileNotFoundError:
            continue
        copy.unlink(missing_ok=True)
    if copies:
        sync_folder(copies[0].parent)
