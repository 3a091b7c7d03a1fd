"""Stages: a named piece of work whose result is a folder, made once per fingerprint of its inputs.

A stage writes into a private folder beside its final path. Only when the work is whole is the folder renamed, so a
crash, a kill or Ctrl-C never leaves a half-written artefact that the next run would take for a whole one; and a
second run with the same fingerprint finds the folder, checks its bytes, and skips the work.
"""

from __future__ import annotations

import errno
import json
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from cleo_core.digest import digest_json, tree_digest
from cleo_core.errors import BusyError, EnvironmentFault, IntegrityError
from cleo_core.files import replace_folder, write_json
from cleo_core.settings import home

RECORD = "stage.json"
CONTENT = "content"


@dataclass(frozen=True, slots=True)
class StageResult:
    """A finished stage. `path` holds the content; `digest` is the digest of that folder."""

    name: str
    path: Path
    digest: str
    fingerprint: str
    summary: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    reused: bool = False


def run_stage(
    name: str,
    inputs: Mapping[str, Any],
    build: Callable[[Path], Mapping[str, Any]],
    *,
    resumable: bool = False,
    root: Path | None = None,
) -> StageResult:
    """Return the stage's result for these inputs, building it when it is not there yet.

    Args:
        name: folder of the stage below `root`.
        inputs: everything the result depends on, as JSON values: settings, digests of inputs, the code's version.
        build: fills the empty folder it is given and returns a summary (JSON values).
        resumable: keep what an interrupted build left and hand it to the next one, instead of an empty folder.
        root: defaults to ``<home>/data``.

    Raises:
        BusyError: another process builds this very stage now.
        EnvironmentFault: no room on the disk.
    """
    fingerprint = digest_json(dict(inputs))
    folder = (root or home("data")) / name / fingerprint[:16]
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = FileLock(folder.with_suffix(".lock"))
    try:
        with lock.acquire(timeout=0):
            if (folder / RECORD).is_file():
                try:
                    return read_stage(folder)
                except IntegrityError:
                    # The folder was changed after it was finished: kept aside for a person to look at, and made anew.
                    folder.rename(folder.with_name(f"{folder.name}.damaged-{time.time_ns()}"))
            known = {"name": name, "inputs": dict(inputs), "fingerprint": fingerprint}
            return _build(folder, known, build, resumable)
    except Timeout:
        raise BusyError(f"Stage {name} is being built by another process.", hint="Wait for it, or end it.") from None


def _build(
    folder: Path, record: Mapping[str, Any], build: Callable[[Path], Mapping[str, Any]], resumable: bool
) -> StageResult:
    work = folder.with_suffix(".partial")
    if work.exists() and not resumable:
        shutil.rmtree(work)
    content = work / CONTENT
    content.mkdir(parents=True, exist_ok=True, mode=0o700)
    started = time.monotonic()
    try:
        summary = dict(build(content))
        digest, files = tree_digest(content)
        made = {"digest": digest, "files": files, "summary": summary, "seconds": round(time.monotonic() - started, 3)}
        write_json(work / RECORD, {**record, **made})
        replace_folder(work, folder)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            free = shutil.disk_usage(folder.parent).free // 2**20
            raise EnvironmentFault(
                f"No room on the disk for stage {record['name']} ({free} MiB free).",
                hint="Free some space or point CLEO_HOME at a larger disk; the next run goes on from here.",
            ) from error
        raise
    return read_stage(folder, verify=False, reused=False)


def read_stage(folder: Path, *, verify: bool = True, reused: bool = True) -> StageResult:
    """Read a finished stage.

    Raises:
        IntegrityError: a file of it was changed, added or removed.
    """
    record = json.loads((folder / RECORD).read_text())
    content = folder / CONTENT
    if verify:
        digest, _ = tree_digest(content)
        if digest != record["digest"]:
            raise IntegrityError(f"Stage {record['name']} was changed after it was made.", hint="Run it again.")
    known = {name: record[name] for name in ("name", "digest", "fingerprint", "summary", "seconds")}
    return StageResult(path=content, reused=reused, **known)
