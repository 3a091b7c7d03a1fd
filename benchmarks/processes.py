"""Memory of a process and all that it started."""

from __future__ import annotations

import psutil


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
