"""Reading the embedded registry (MLflow's SQLite file) without importing MLflow, which takes seconds.

Read only, and only what listing and resolving versions need; everything is written through MLflow itself
(`cleo_core.registry.mlflow`). A file whose tables are other than those of the pinned MLflow is left to it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

VERSIONS = """
    select version, description, source, creation_time from model_versions
    where name = ? and current_stage <> 'Deleted_Internal' order by version desc
"""
TAGS = "select version, key, value from model_version_tags where name = ?"
ALIASES = "select version, alias from registered_model_aliases where name = ?"
LOCATION = "select artifact_location from logged_models where model_id = ? and lifecycle_stage = 'active'"


@dataclass(slots=True)
class Row:
    """A model version with the names that MLflow's own entity has."""

    name: str
    version: int
    description: str | None
    source: str | None
    creation_timestamp: int | None
    tags: dict[str, str] = field(default_factory=dict)
    aliases: list[str] = field(default_factory=list)


def database(uri: str) -> Path | None:
    """The file of an embedded registry; None where the address is a server's."""
    return Path(uri.removeprefix("sqlite:///").partition("?")[0]) if uri.startswith("sqlite:///") else None


@contextmanager
def _reading(file: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(f"file:{quote(str(file))}?mode=ro", uri=True, timeout=10)) as db:
        yield db


def rows(file: Path, name: str) -> list[Row] | None:
    """Every version of a model, newest first; None when the tables are not those known here."""
    if not file.exists():
        return []
    try:
        with _reading(file) as db:
            found = {row[0]: Row(name, *row) for row in db.execute(VERSIONS, (name,))}
            for version, key, value in db.execute(TAGS, (name,)):
                if version in found:
                    found[version].tags[key] = value
            for version, alias in db.execute(ALIASES, (name,)):
                if version in found:
                    found[version].aliases.append(alias)
    except sqlite3.DatabaseError:
        return None
    return list(found.values())


def artifact_location(file: Path, model_id: str) -> str | None:
    """Where the files of a logged model lie; None when it is not there, or the table is not the one known here."""
    try:
        with _reading(file) as db:
            row = db.execute(LOCATION, (model_id,)).fetchone()
    except sqlite3.DatabaseError:
        return None
    return str(row[0]) if row else None
