"""Runs a command that cannot outlive whoever holds this process's standard input: `guard.py FOLDER COMMAND…`.

vLLM's server starts processes of its own. When the input ends, by a kill of its holder too, or when the command ends,
all of the command's process group is killed and the folder removed. Plain Python: it runs before anything is imported.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

GROUP = "group"
"""File in the folder with the number of the command's process group, for who finds this process killed."""


def main(folder: str, command: list[str]) -> int:
    """Returns the command's exit code."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the holder's to act on
    running = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)  # noqa: S603 - our caller's
    Path(folder, GROUP).write_text(str(running.pid))

    def end_with_input() -> None:
        sys.stdin.buffer.read()
        kill_group(running.pid)

    threading.Thread(target=end_with_input, daemon=True).start()
    code = running.wait()
    _end_group(running.pid)  # what it started, if it left anything
    shutil.rmtree(folder, ignore_errors=True)
    return code


def _end_group(group: int) -> None:
    """Kill a group and wait until its memory is free; not for one that a system without an init leaves as zombies."""
    for _ in range(100):
        kill_group(group)
        try:
            os.killpg(group, 0)
        except (ProcessLookupError, PermissionError):
            return
        time.sleep(0.05)


def kill_group(group: int) -> None:
    """Kill all processes of a group; none is no error."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    os._exit(main(sys.argv[1], sys.argv[2:]) & 0xFF)
