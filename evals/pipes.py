"""Progress of the evaluation process: to Dagster when Dagster started it, to the terminal otherwise."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cleo_core.progress import ConsoleReporter, Reporter

__all__ = ["reporter"]

EVERY = 10.0  # seconds between two lines in Dagster's log


@contextmanager
def reporter() -> Iterator[Reporter]:
    """A reporter that ends with the block."""
    if "DAGSTER_PIPES_CONTEXT" not in os.environ:
        yield ConsoleReporter()
        return
    from dagster_pipes import open_dagster_pipes

    with open_dagster_pipes() as pipes:
        last: dict[str, float] = {}

        def report(what: str, done: float = 0, total: float | None = None, **figures: Any) -> None:
            now = time.monotonic()
            ended = total is not None and done >= total
            if what in last and not ended and now - last[what] < EVERY:
                return
            last[what] = now
            share = f" {done:g}/{total:g}" if total else ""
            tail = "".join(f", {name} {value}" for name, value in figures.items())
            pipes.log.info(f"{what}{share}{tail}")

        yield report
