"""CPU time and memory of a process and all that it started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time

import psutil

from cleo_core.errors import CleoError

EVERY = 0.1
"""Seconds between two looks at the memory."""


def tree_bytes(pid: int) -> int | None:
    """Resident bytes of a process and its descendants; None once it has ended."""
    total = 0
    try:
        root = psutil.Process(pid)
        if not root.is_running() or root.status() == psutil.STATUS_ZOMBIE:
            return None
        for process in (root, *root.children(recursive=True)):
            try:
                total += process.memory_info().rss
            except psutil.NoSuchProcess:
                continue
    except psutil.NoSuchProcess:
        return None
    return total


def cost_of(script: str, *arguments: str) -> tuple[float, int]:
    """CPU-seconds and peak resident bytes of a Python script in a process of its own, and of all that it starts.

    Raises:
        CleoError: it ended early.
    """
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen([sys.executable, "-c", script, *arguments], stdout=subprocess.DEVNULL, stderr=said)
        peak = [0]
        sampler = threading.Thread(target=_sample, args=(process.pid, peak), daemon=True)
        sampler.start()
        try:
            # Not `wait`: only this tells the time of the children that it waited for.
            _, status, used = os.wait4(process.pid, 0)
        except BaseException:
            process.send_signal(signal.SIGTERM)
            process.wait()
            raise
        process.returncode = os.waitstatus_to_exitcode(status)
        sampler.join()
        if process.returncode:
            said.seek(0)
            lines = said.read().decode("utf-8", "replace").strip().splitlines()
            raise CleoError(f"The measured process ended with code {process.returncode}: {lines[-1:]}")
    return used.ru_utime + used.ru_stime, peak[0]


def _sample(pid: int, peak: list[int]) -> None:
    while (total := tree_bytes(pid)) is not None:
        peak[0] = max(peak[0], total)
        time.sleep(EVERY)
