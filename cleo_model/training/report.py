"""Progress of a process of its own: to Dagster when its Pipes client started it, to the terminal otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from cleo_core.progress import ConsoleReporter, LogReporter, Reporter, silent

__all__ = ["reporter"]


@contextmanager
def reporter(rank: int = 0) -> Iterator[Reporter]:
    """The reporter of this process; of several ranks only the first speaks."""
    if rank:
        yield silent
        return
    from dagster_pipes import PipesEnvVarParamsLoader, open_dagster_pipes

    if not PipesEnvVarParamsLoader().is_dagster_pipes_process():
        yield ConsoleReporter()
        return
    with open_dagster_pipes() as pipes:
        yield LogReporter(pipes.log)
