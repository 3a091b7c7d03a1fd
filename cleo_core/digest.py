"""Digests of files and folders, and the canonical JSON that everything signed is written in (RFC 8785)."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import rfc8785

from cleo_core.errors import IntegrityError


def canonical(value: Any) -> bytes:
    """The one byte string for a JSON value (RFC 8785)."""
    return rfc8785.dumps(value)


def digest_json(value: Any) -> str:
    """sha256 of the canonical JSON, in hex."""
    return hashlib.sha256(canonical(value)).hexdigest()


def digest_sorted(values: Iterable[str]) -> str:
    """`digest_json` of the sorted values, which are sorted on disk: any number of them takes the same memory."""
    # Without a name SQLite makes a file that goes with the connection and that no folder lists.
    with closing(sqlite3.connect("")) as database:
        database.execute("CREATE TABLE each (value TEXT)")
        database.executemany("INSERT INTO each VALUES (?)", ((value,) for value in values))
        digest, comma = hashlib.sha256(b"["), b""
        # SQLite compares bytes of UTF-8, which have the order of code points, as Python's strings have.
        for (value,) in database.execute("SELECT value FROM each ORDER BY value"):
            digest.update(comma + canonical(value))
            comma = b","
        digest.update(b"]")
    return digest.hexdigest()


def sha256_file(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def files_below(folder: Path, *, skip: Callable[[Path], bool] = lambda _: False) -> dict[str, Path]:
    """Every regular file by its POSIX path relative to the folder, sorted.

    Args:
        skip: says of a path that it is left out, whatever it is.

    Raises:
        IntegrityError: there is a link or a special file, which a digest could not speak for.
    """
    found: dict[str, Path] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if skip(path):
            continue
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise IntegrityError(f"{name!r} is a link or a special file.", hint="Put the file itself in its place.")
        if path.is_file():
            found[name] = path
    return found


def tree_digest(folder: Path, *, skip: Callable[[Path], bool] = lambda _: False) -> tuple[str, dict[str, str]]:
    """Digest of a folder: sha256 over the canonical JSON of {relative path: sha256}; and that mapping.

    Args:
        skip: as for `files_below`.
    """
    files = {name: sha256_file(path) for name, path in files_below(folder, skip=skip).items()}
    return digest_json(files), files
