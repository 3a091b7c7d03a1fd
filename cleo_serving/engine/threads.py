"""How many threads compute, and how they wait.

llama.cpp's threads meet at a barrier several hundred times a token. Threads that spin there wait for
the one that was put aside whenever another process wants a processor. The engine's process lets them sleep instead
(`WAITING`): with 18 processes at work on two processors two threads made 32 tokens in 1.4 s asleep, in 7.3 s spinning;
one thread alone took 5.3 s. So by default there is one for each processor.
"""

from __future__ import annotations

import os

from cleo_serving.settings import EngineSettings

WAITING = {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "0"}
"""Variables of a process whose threads sleep while they wait."""


def thread_count(settings: EngineSettings) -> int:
    """Threads that compute."""
    if settings.threads:
        return settings.threads
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
