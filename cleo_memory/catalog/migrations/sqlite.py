"""Bringing an SQLite file up to date: a copy first, then all steps and their checks in one transaction."""

from __future__ import annotations

import logging
import sqlite3
from pathlib import Path

from cleo_memory.catalog.migrations import backup
from cleo_memory.catalog.migrations.schema import Pending, Schema
from cleo_memory.errors import StorageFault

log = logging.getLogger(__name__)
IDENTITY = "INTEGER PRIMARY KEY AUTOINCREMENT"


def migrate(connection: sqlite3.Connection, path: Path, schema: Schema) -> None:
    """Apply what the file lacks; the caller closes the connection, which rolls back what is not committed."""
    if _pending(connection, schema).steps:
        # The lock first: nothing changes between the copy and the migration, and one process does both.
        connection.execute("BEGIN IMMEDIATE")
        if (pending := _pending(connection, schema)).steps:
            _upgrade(connection, path, schema, pending)
        connection.execute("COMMIT")
    backup.discard(backup.expired(path) if schema.keep_backup else backup.existing(path))


def _upgrade(connection: sqlite3.Connection, path: Path, schema: Schema, pending: Pending) -> None:
    if pending.empty:
        schema.apply(connection, pending, IDENTITY)
        return
    copy = backup.make(path, pending.version)
    fate = "it goes at the next deletion, or in 7 days" if schema.keep_backup else "it goes once all is checked"
    log.warning("%s is migrated (%s). What it was is in %s; %s.", path, pending, copy, fate)
    try:
        schema.apply(connection, pending, IDENTITY)
        if (found := connection.execute("PRAGMA integrity_check(1)").fetchone()[0]) != "ok":
            raise StorageFault(f"The migrated {path.name} would be damaged: {found}. Nothing was changed.")
    except BaseException:
        backup.discard([copy])  # it is what the database still is
        raise


def pending_in_sqlite(path: Path, schema: Schema) -> Pending | None:
    """What opening the file would migrate; changes nothing. None: there is no file yet."""
    if not path.exists():
        return None
    connection = sqlite3.connect(path)
    try:
        return _pending(connection, schema)
    finally:
        connection.close()


def _pending(connection: sqlite3.Connection, schema: Schema) -> Pending:
    def columns(table: str) -> set[str]:
        return {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}

    return schema.pending(connection, columns)
