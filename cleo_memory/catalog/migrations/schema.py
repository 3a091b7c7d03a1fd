"""Schema versions: which steps a database lacks, and applying them within the caller's transaction.

The table `schema_version` has a row per step that was applied. A database that has tables but not that one was made
before versions were kept; step 1 of each schema is what it already has, so that it is only numbered.

The statements of step N of NAME are in ``NAME_N.sql``, in the SQL that both engines share; its first line says, for the
person who is asked, what changes. ``{identity}`` is a numbered primary key. The column `owner` is first in every key of
a user's rows.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files

from cleo_core.errors import ConfigError
from cleo_memory.catalog.database.base import Transaction
from cleo_memory.errors import StorageFault

Columns = Callable[[str], set[str]]
"""The names of a table's columns; empty when there is no such table."""

VERSIONS = """CREATE TABLE IF NOT EXISTS schema_version (
    version BIGINT PRIMARY KEY, summary TEXT NOT NULL, applied_at DOUBLE PRECISION NOT NULL)"""


@dataclass(frozen=True, slots=True)
class Migration:
    """One step. `statements` are in the SQL that both engines share; ``{identity}`` is a numbered primary key."""

    version: int
    summary: str
    """What changes, for the person who is asked."""
    statements: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pending:
    """What a database lacks."""

    version: int
    steps: tuple[Migration, ...]
    empty: bool
    """There is nothing yet that could be lost."""

    def __str__(self) -> str:
        return "; ".join(f"{step.version}: {step.summary}" for step in self.steps)


@dataclass(frozen=True, slots=True)
class Schema:
    """The steps of one database, oldest first."""

    name: str
    """``catalogue`` or ``keys``: the SQLite file, and with ``cleo_`` in front the Postgres schema."""
    steps: tuple[Migration, ...]
    kept: tuple[str, ...] = ()
    """Tables of which a migration loses no row; the first is the one by which an unnumbered database is known."""
    required: tuple[str, str] | None = None
    """(table, column) without which an existing database is refused."""
    keep_backup: bool = True
    """Whether the copy made before a migration outlives it."""

    def pending(self, tx: Transaction, columns: Columns) -> Pending:
        """Read only. Raises: ConfigError for a database that this code must not touch."""
        version = 0
        if columns("schema_version"):
            version = int(tx.execute("SELECT coalesce(max(version), 0) FROM schema_version").fetchone()[0])
        newest = self.steps[-1].version
        if version > newest:
            raise ConfigError(
                f"The {self.name} database is of version {version}; this code knows versions up to {newest}.",
                hint="Run the newer version of the code, or restore a backup that was made before the upgrade.",
            )
        if self.required and (there := columns(self.required[0])) and self.required[1] not in there:
            # Rows without a seal are not sealed on trust: whoever dropped the column could have any row made whole.
            raise ConfigError(
                "The catalogue was made by an earlier version, whose rows are not sealed.",
                hint="Export each user with that version, move the catalogue away, and restore the exports.",
            )
        steps = tuple(step for step in self.steps if step.version > version)
        return Pending(version, steps, empty=not version and not any(columns(table) for table in self.kept[:1]))

    def apply(self, tx: Transaction, pending: Pending, identity: str) -> None:
        """Apply the steps. Raises: StorageFault when rows would be lost; the caller rolls back."""
        before = None if pending.empty else self._counts(tx)
        tx.execute(VERSIONS)
        for step in pending.steps:
            for statement in step.statements:
                tx.execute(statement.replace("{identity}", identity))
            tx.execute(
                "INSERT INTO schema_version (version, summary, applied_at) VALUES (?, ?, ?)",
                (step.version, step.summary, time.time()),
            )
        if before is not None and before != (after := self._counts(tx)):
            raise StorageFault(f"The migration of the {self.name} would lose rows: {before} became {after}.")

    def _counts(self, tx: Transaction) -> dict[str, int]:
        return {table: int(tx.execute(f"SELECT count(*) FROM {table}").fetchone()[0]) for table in self.kept}  # noqa: S608 - our own names


def _step(name: str, version: int) -> Migration:
    summary, _, sql = (files(__package__) / f"{name}_{version}.sql").read_text(encoding="utf-8").partition("\n")
    statements = re.sub(r"^--.*\n", "", sql, flags=re.MULTILINE).split(";\n")
    return Migration(version, summary.removeprefix("-- "), tuple(each for each in statements if each))


CATALOGUE = Schema(
    "catalogue",
    tuple(_step("catalogue", number) for number in (1, 2, 3)),
    kept=("memories", "payloads", "copies", "threads", "outbox", "segments", "key_floors", "erasures"),
    required=("memories", "seal"),
)
# No backup is kept of the keys: a copy of the wrapped ones could bring an erased user's back.
KEYS = Schema("keys", (_step("keys", 1),), kept=("data_keys",), keep_backup=False)
