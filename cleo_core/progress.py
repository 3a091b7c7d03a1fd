"""Progress of long work, in one form for a terminal, a log and the Dagster UI.

Work that takes long takes a `Reporter` and calls it; it never prints.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import Any, Protocol, TextIO


class Log(Protocol):
    """Whatever takes a line: Dagster's log of a run, that of a Pipes process, a logger."""

    def info(self, msg: str, /) -> Any: ...


class Reporter(Protocol):
    """`report(what, done, total, figures)`; `total` is None when it is not known."""

    def __call__(self, what: str, done: float = 0, total: float | None = None, **figures: Any) -> None: ...


def silent(what: str, done: float = 0, total: float | None = None, **figures: Any) -> None:
    """Reports nothing."""


def line(what: str, done: float, total: float | None, figures: Mapping[str, Any], *, percent: bool = False) -> str:
    """`what done/total unit  name value …`; the figure `unit` says what is counted."""
    share = f" {_count(done)}/{_count(total)}" if total else (f" {_count(done)}" if done else "")
    if share and "unit" in figures:
        share += f" {figures['unit']}"
    if total and percent:
        share += f" ({100 * done / total:.0f} %)"
    tail = "".join(
        f"  {name} {value:.4g}" if isinstance(value, float) else f"  {name} {value}"
        for name, value in figures.items()
        if name != "unit"
    )
    return f"{what}{share}{tail}"


def _count(number: float) -> str:
    return f"{number:,.0f}" if number >= 1000 or number == int(number) else f"{number:.1f}"


class LogReporter:
    """At most one line in `every` seconds per subject, to anything that has an `info` method."""

    def __init__(self, log: Log, every: float = 5.0) -> None:
        self.log = log
        self.every = every
        self._last: dict[str, float] = {}

    def __call__(self, what: str, done: float = 0, total: float | None = None, **figures: Any) -> None:
        now = time.monotonic()
        ended = total is not None and done >= total
        if not ended and what in self._last and now - self._last[what] < self.every:
            return
        self._last[what] = now
        self.log.info(line(what, done, total, figures))


class ConsoleReporter:
    """One line that is rewritten on a terminal; a line every few seconds where the output is a file."""

    def __init__(self, stream: TextIO | None = None, every: float = 5.0) -> None:
        self.stream = stream or sys.stderr
        self.every = every
        self._last = 0.0
        self._what = ""

    def __call__(self, what: str, done: float = 0, total: float | None = None, **figures: Any) -> None:
        now = time.monotonic()
        ended = total is not None and done >= total
        terminal = self.stream.isatty()
        if what == self._what and not ended and now - self._last < (0.1 if terminal else self.every):
            return
        if terminal and self._what and what != self._what:
            self.stream.write("\n")
        self._last, self._what = now, what
        text = f"  {line(what, done, total, figures, percent=True)}"
        if terminal:
            self.stream.write(f"\r\x1b[K{text[:160]}" + ("\n" if ended else ""))
            if ended:
                self._what = ""
        else:
            self.stream.write(text + "\n")
        self.stream.flush()
