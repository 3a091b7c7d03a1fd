"""Child processes that do not outlive the process that started them."""

from __future__ import annotations

import ctypes
import signal

PR_SET_PDEATHSIG = 1


def end_with_parent(number: int = signal.SIGKILL) -> None:
    """Linux: have the kernel send this process a signal when the thread that started it ends, even by SIGKILL.

    For `preexec_fn` of `subprocess.Popen`.
    """
    ctypes.CDLL("libc.so.6").prctl(PR_SET_PDEATHSIG, number)
