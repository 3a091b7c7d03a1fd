"""A folder has one trainer: a lock that the kernel releases when the last process that holds it is gone."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cleo_model.errors import TrainerRunning

LOCK = "trainer.lock"


@contextmanager
def run_lock(folder: Path) -> Iterator[int]:
    """Hold the folder's lock; gives the descriptor, which child processes may inherit. The file holds our pid.

    Raises:
        TrainerRunning: another trainer holds it; the message has its pid.
    """
    file = folder / LOCK
    handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = file.read_text().strip() or "unknown"
            raise TrainerRunning(
                f"A trainer with pid {pid} works in {folder} already.", hint="Wait for it, or end it, and try again."
            ) from None
        os.truncate(handle, 0)
        os.pwrite(handle, str(os.getpid()).encode(), 0)
        yield handle
        file.unlink(missing_ok=True)
    finally:
        os.close(handle)
