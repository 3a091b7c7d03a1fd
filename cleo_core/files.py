"""Files and folders: atomic writes, and JSON Lines.

A reader of a file written here sees what was there before or the whole of what is there now, also after a kill or a
loss of power; never a half. The same holds for a folder after a kill. After a loss of power a folder stands under its
new name, but bytes of its files may be missing, for gigabytes are not forced to the disk here: who must know compares
digests, as a stage does with its result before it is used again.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from cleo_core.errors import EnvironmentFault, InputError


def write_atomic(path: Path, data: bytes | str, *, mode: int = 0o600) -> None:
    """Put a file in its place in one step, durable when this returns. Folders above it are made (0700).

    Args:
        data: bytes, or text that is written as UTF-8.
        mode: permissions of the file.
    """
    with atomic_stream(path, mode) as stream:
        stream.write(data.encode() if isinstance(data, str) else data)


def write_json(path: Path, value: Any, *, mode: int = 0o600) -> None:
    """Write a JSON value for people and programs: indented, keys sorted, one newline at the end."""
    write_atomic(path, json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n", mode=mode)


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Yield an empty folder that takes the place of `path` when the block ends without an exception."""
    draft = _draft(path)
    draft.mkdir(parents=True, mode=0o700)
    try:
        yield draft
        replace_folder(draft, path)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def replace_folder(made: Path, path: Path) -> None:
    """Move a finished folder to `path`; what was there goes once the new one stands. Both on one file system.

    The new name is durable when this returns; what the files of the folder hold is not forced to the disk.
    """
    old = _draft(path)
    if path.exists():
        path.rename(old)
    made.rename(path)
    sync_folder(path.parent)
    shutil.rmtree(old, ignore_errors=True)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable (fsync of the directory)."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read_jsonl(path: Path) -> Iterator[Any]:
    r"""The values of a JSON Lines file. Lines end at ``\n`` alone: U+2028 within a string is text.

    Raises:
        InputError: names the file and the line that is no JSON, or no UTF-8.
    """
    return (value for _, value in numbered_jsonl(path))


def numbered_jsonl(path: Path) -> Iterator[tuple[int, Any]]:
    """As `read_jsonl`, each value with the number of its line, from 1."""
    with path.open("rb") as stream:
        for number, line in enumerate(stream, 1):
            if not line.strip():
                continue
            try:
                text = line.decode("utf-8-sig" if number == 1 else "utf-8")
                yield number, json.loads(text, parse_constant=_no_constant)
            except (ValueError, RecursionError) as error:
                kind = "UTF-8" if isinstance(error, UnicodeDecodeError) else "JSON"
                raise InputError(
                    f"{path.name} line {number} is not {kind}: {str(error)[:160]}.", hint="One JSON value per line."
                ) from None


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON value")


def write_jsonl(path: Path, values: Iterable[Any], *, mode: int = 0o600) -> int:
    """Write values as JSON Lines, atomically and one at a time; returns how many there were."""
    count = 0
    with atomic_stream(path, mode) as stream:
        for value in values:
            stream.write((json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n").encode())
            count += 1
    return count


@contextmanager
def atomic_stream(path: Path, mode: int = 0o600, *, durable: bool = True) -> Iterator[BinaryIO]:
    """A file to write that takes the place of `path` when the block ends without an exception.

    Args:
        durable: its bytes are forced to the disk first; False for gigabytes inside a folder, as said above.
    """
    with atomic_path(path, durable=durable) as draft:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
        with os.fdopen(handle, "wb") as stream:
            yield stream


@contextmanager
def atomic_path(path: Path, *, durable: bool = True) -> Iterator[Path]:
    """Where to write a file, for what opens it by its name; as `atomic_stream`.

    Folders above it are made (0700). The block must leave a file there.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = _draft(path)
    try:
        yield draft
        if durable:
            with draft.open("rb") as written:
                os.fsync(written.fileno())
        os.replace(draft, path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    if durable:
        sync_folder(path.parent)


def require_room(folder: Path, size: int) -> None:
    """Refuse to begin to write `size` bytes where they do not fit.

    Raises:
        EnvironmentFault: names what is needed and what is free.
    """
    while not folder.exists():
        folder = folder.parent
    if (free := shutil.disk_usage(folder).free) < size:
        raise EnvironmentFault(
            f"This takes {size / 1e6:,.0f} MB on the disk of {folder}, and {free / 1e6:,.0f} MB are free.",
            hint="Free some space, or write to another disk.",
        )


def _draft(path: Path) -> Path:
    return path.with_name(f".{path.name}.{secrets.token_hex(8)}.draft")
