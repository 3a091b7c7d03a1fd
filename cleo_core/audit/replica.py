"""The replica of audit checkpoints: one line each, appended and synced, best on another disk or machine.

Whoever can write the database can cut its end off, or make it anew; not without the checkpoints here telling.
"""

from __future__ import annotations

import json
import os
import sqlite3
from pathlib import Path
from typing import Any

from filelock import FileLock

from cleo_core.crypto.settings import TrustSettings
from cleo_core.errors import EnvironmentFault, InputError, IntegrityError
from cleo_core.files import read_jsonl
from cleo_core.settings import home, load

NAME = "audit-checkpoints.jsonl"
TAIL = 8192  # bytes; a line has about 500


def path() -> Path:
    """The file of the replica.

    Raises:
        EnvironmentFault: the folder that the settings name is not there; it is not made here, so that a disk that was
            not mounted is noticed.
    """
    folder = load(TrustSettings).audit_copy
    if folder is None:
        return home("checkpoints") / NAME
    if not folder.is_dir():
        raise EnvironmentFault(
            f"The replica of the audit log, {folder}, is no folder.",
            hint="Mount or make it, or correct CLEO_TRUST_AUDIT_COPY.",
        )
    return folder / NAME


def copy_checkpoints(db: sqlite3.Connection, file: Path) -> None:
    """Append the checkpoints that the replica lacks, also those that a crash left behind."""
    with FileLock(home("audit") / "copy.lock"):
        last = _last(file)
        rows = db.execute("select envelope from audit_checkpoints where size > ? order by size", (last,)).fetchall()
        if not rows:
            return
        handle = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "ab") as stream:
            stream.write("".join(f"{row[0]}\n" for row in rows).encode())
            stream.flush()
            os.fsync(stream.fileno())


def _last(file: Path) -> int:
    """The tree size in the last whole line."""
    try:
        with file.open("rb") as stream:
            end = stream.seek(0, os.SEEK_END)
            stream.seek(max(0, end - TAIL))
            lines = stream.read().splitlines()
    except FileNotFoundError:
        return 0
    return size(json.loads(lines[-1])) if lines else 0


def size(envelope: dict[str, Any]) -> int:
    """The tree size that a checkpoint states, not verified."""
    import base64

    return int(json.loads(base64.b64decode(envelope["payload"]))["tree_size"])


def copied(file: Path) -> list[dict[str, Any]]:
    """All checkpoints of the replica, in the order they were written.

    Raises:
        IntegrityError: it is not there, or a line cannot be read.
    """
    try:
        return list(read_jsonl(file))
    except FileNotFoundError:
        raise IntegrityError(f"The replica {file} is gone.") from None
    except InputError as error:
        raise IntegrityError(f"The replica {file} is damaged: {error.message}") from None
