"""Progress of a process of its own: to Dagster when its Pipes client started it, to the terminal otherwise."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from cleo_core.progress import ConsoleReporter, LogReporter, Reporter, silent


@contextmanager
def reporter(rank: int = 0) -> Iterator[Reporter]:
    """The reporter of this process; of several ranks only the first speaks."""
    if rank:
        yield silent
        return
    from dagster_pipes import DAGSTER_PIPES_CONTEXT_ENV_VAR, open_dagster_pipes

    if DAGSTER_PIPES_CONTEXT_ENV_VAR not in os.environ:
        yield ConsoleReporter()
        return
    with open_dagster_pipes() as pipes:
        yield LogReporter(pipes.log)
