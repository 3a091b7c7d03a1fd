"""Digests of files and folders, and the canonical JSON that everything signed is written in (RFC 8785)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
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


def tree_digest(folder: Path) -> tuple[str, dict[str, str]]:
    """Digest of a folder: sha256 over the canonical JSON of {relative path: sha256}; and that mapping."""
    files = {name: sha256_file(path) for name, path in files_below(folder).items()}
    return digest_json(files), files
