"""Progress of a rank: to Dagster when its Pipes client started us, to the terminal otherwise; only rank 0 speaks."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cleo_core.progress import ConsoleReporter, Reporter, silent

__all__ = ["reporter"]


class PipesReporter:
    """A line in the run's log at most every few seconds."""

    def __init__(self, log: Any, every: float = 5.0) -> None:
        self.log = log
        self.every = every
        self._last: dict[str, float] = {}

    def __call__(self, what: str, done: float = 0, total: float | None = None, **figures: Any) -> None:
        now = time.monotonic()
        ended = total is not None and done >= total
        if not ended and now - self._last.get(what, -self.every) < self.every:
            return
        self._last[what] = now
        share = f" {done:g}/{total:g}" if total else ""
        tail = "".join(f"  {k} {v:.4g}" if isinstance(v, float) else f"  {k} {v}" for k, v in figures.items())
        self.log.info(f"{what}{share}{tail}")


@contextmanager
def reporter(rank: int = 0) -> Iterator[Reporter]:
    """The reporter of this process."""
    if rank:
        yield silent
        return
    from dagster_pipes import DAGSTER_PIPES_CONTEXT_ENV_VAR, open_dagster_pipes

    if DAGSTER_PIPES_CONTEXT_ENV_VAR not in os.environ:
        yield ConsoleReporter()
        return
    with open_dagster_pipes() as pipes:
        yield PipesReporter(pipes.log)
