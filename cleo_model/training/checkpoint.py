"""Checkpoints that a kill at any moment cannot spoil.

A checkpoint is a folder of its own; `cursor.json` names the one that is whole, and is replaced in one step after every
file of it is on the disk. So a kill while writing costs the work since the last checkpoint and nothing else.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from pydantic import BaseModel

from cleo_core.errors import IntegrityError
from cleo_core.files import write_atomic
from cleo_model.moe.dynamic import RoutingState
from cleo_model.training.phase import StepFigures

CURSOR = "cursor.json"
AGAIN = "Remove the folder and start the phase again."


class Cursor(BaseModel):
    """Where a run stands: with the weights and the optimizer, all there is to know to go on bit-exactly."""

    phase: str
    """The phase that the checkpoint lies in or at the end of."""
    step: int = 0
    """Updates made in this phase; the next row of the sampler follows from it."""
    tag: str = ""
    """Folder of the checkpoint."""
    ranks: int = 1
    """Processes that wrote it."""
    history: list[StepFigures] = []
    """Of this phase."""
    load: list[list[float]] = []
    """Expert load per layer, a running mean over the last steps."""
    routing: RoutingState = RoutingState()
    """What routing learned beside the weights."""
    loss_at_start: dict[str, float] = {}
    """Held-out loss by domain before the first phase."""
    loss_before: dict[str, float] = {}
    """Held-out loss by domain before this phase."""
    loss_after: dict[str, float] = {}
    """Held-out loss by domain after this phase, once it is over."""
    seconds: float = 0.0
    """Time spent in this phase, over all its processes."""


def read_cursor(folder: Path) -> Cursor | None:
    """The cursor of a state folder, or None when there is no whole checkpoint.

    Raises:
        IntegrityError: the cursor is not ours, or its checkpoint is gone.
    """
    file = folder / CURSOR
    if not file.is_file():
        return None
    try:
        cursor = Cursor.model_validate_json(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise IntegrityError(f"{file} is not a cursor: {error}", hint=AGAIN) from None
    if not (folder / cursor.tag).is_dir():
        raise IntegrityError(f"{file} names checkpoint {cursor.tag!r}, which is gone.", hint=AGAIN)
    return cursor


def commit(folder: Path, cursor: Cursor) -> None:
    """Make the checkpoint that `cursor` names the one to go on from, and remove the others."""
    for path in (folder / cursor.tag).rglob("*"):
        if path.is_file():
            _sync(path)
    write_atomic(folder / CURSOR, cursor.model_dump_json())
    for other in folder.iterdir():
        if other.is_dir() and other.name != cursor.tag:
            shutil.rmtree(other)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
