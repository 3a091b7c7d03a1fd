"""What came, went and changed between two versions of a corpus, by the content of their records.

A record is the same where its masked text is: moved to another place, it neither came nor went. One that kept its place
and has another text is changed. Both lists lie in an SQLite file while they are compared, not in memory.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import BaseModel

from cleo_core.markdown import table
from cleo_model.corpus.record import HELDOUT, RESERVED, TRAIN, read_records

NAMED = 5
KINDS = {
    "came": "SELECT source, id FROM fresh WHERE id NOT IN (SELECT id FROM gone)",
    "went": "SELECT source, id FROM gone WHERE id NOT IN (SELECT id FROM fresh)",
    "changed": "SELECT source, id FROM fresh WHERE id IN (SELECT id FROM gone)",
}


class Difference(BaseModel):
    """Records of two versions, compared."""

    stayed: int
    came: dict[str, int]
    """By source."""
    went: dict[str, int]
    changed: dict[str, int]
    examples: dict[str, list[str]]
    """The first ids of each kind."""

    @property
    def same(self) -> bool:
        return not (self.came or self.went or self.changed)

    def sentence(self) -> str:
        """The difference in one line."""
        counts = (sum(kind.values()) for kind in (self.came, self.went, self.changed))
        came, went, changed = counts
        return f"{came:,} records came, {went:,} went, {changed:,} changed, {self.stayed:,} stayed"


def difference(old: Path, new: Path) -> Difference:
    """Compare two folders of masked records."""
    with TemporaryDirectory(prefix="cleo-versions-") as scratch:
        with sqlite3.connect(Path(scratch) / "records.sqlite") as database:
            for name, folder in (("old", old), ("new", new)):
                database.execute(f"CREATE TABLE {name} (id TEXT, sha TEXT, source TEXT)")
                database.executemany(f"INSERT INTO {name} VALUES (?, ?, ?)", _rows(folder))  # noqa: S608 - our own names
                database.execute(f"CREATE INDEX {name}_sha ON {name} (sha)")
            database.execute("CREATE TABLE gone AS SELECT * FROM old WHERE sha NOT IN (SELECT sha FROM new)")
            database.execute("CREATE TABLE fresh AS SELECT * FROM new WHERE sha NOT IN (SELECT sha FROM old)")
            for name in ("gone", "fresh"):
                database.execute(f"CREATE INDEX {name}_id ON {name} (id)")
            counts, examples = {}, {}
            for kind, query in KINDS.items():
                grouped = f"SELECT source, count(*) FROM ({query}) GROUP BY source ORDER BY source"  # noqa: S608
                counts[kind] = dict(database.execute(grouped).fetchall())
                named = f"SELECT id FROM ({query}) ORDER BY id LIMIT {NAMED}"  # noqa: S608
                examples[kind] = [row[0] for row in database.execute(named)]
            stayed = "SELECT count(*) FROM new WHERE sha IN (SELECT sha FROM old)"
            found = Difference(stayed=database.execute(stayed).fetchone()[0], **counts, examples=examples)
        database.close()
    return found


def _rows(folder: Path) -> Iterator[tuple[str, str, str]]:
    for name in (TRAIN, HELDOUT):
        for record in read_records(folder / name):
            if record.source != RESERVED:
                yield record.id, record.sha256, record.source


def difference_table(found: Difference) -> str:
    """The difference for a person: by source, with the first ids."""
    sources = sorted({*found.came, *found.went, *found.changed})
    rows: list[list[object]] = [
        [source, *(kind.get(source, 0) for kind in (found.came, found.went, found.changed))] for source in sources
    ]
    rows.append(["all", *(sum(kind.values()) for kind in (found.came, found.went, found.changed))])
    told = table(["source", "came", "went", "changed"], rows, "lrrr")
    named = [f"- {kind}: {', '.join(f'`{name}`' for name in names)}" for kind, names in found.examples.items() if names]
    return "\n\n".join([told, f"{found.stayed:,} records stayed.", *(["\n".join(named)] if named else [])])
