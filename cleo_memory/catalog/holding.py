"""The one answer to whether a memory is there, and whether it holds: for searches, counts, pages, export and context.

A memory is *kept* until it is forgotten or expires; it *holds* at a moment within its validity. What has expired is
gone for every moment, past ones too; what was superseded is kept, and held once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cleo_memory.catalog.entry import Entry


@dataclass(frozen=True, slots=True)
class Condition:
    """Of the rows of `memories`, in SQL, with its values in order."""

    sql: str
    values: tuple[Any, ...]

    def __and__(self, other: Condition) -> Condition:
        return Condition(f"{self.sql} AND {other.sql}", (*self.values, *other.values))


def kept(now: float) -> Condition:
    return Condition("live = 1 AND (expires_at IS NULL OR expires_at > ?)", (now,))


def holding(at: float, now: float) -> Condition:
    """What is kept now and was valid at a moment."""
    return kept(now) & Condition("valid_from <= ? AND (valid_to IS NULL OR valid_to > ?)", (at, at))


def is_kept(entry: Entry, now: float) -> bool:
    return bool(entry.live) and (entry.expires_at is None or entry.expires_at > now)


def is_valid(entry: Entry, at: float) -> bool:
    """Whether a moment is within its validity, kept or not."""
    return entry.valid_from <= at and (entry.valid_to is None or entry.valid_to > at)


def is_holding(entry: Entry, at: float, now: float) -> bool:
    return is_kept(entry, now) and is_valid(entry, at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which of the kept memories a page is of."""

    kinds: frozenset[str] | None = None
    since: float | None = None
    """Said or true at or after."""
    until: float | None = None
    """Said or true before."""
    at: float | None = None
    """Held at this moment; None also takes what was superseded and what is yet to come."""

    def condition(self, now: float) -> Condition:
        found = kept(now) if self.at is None else holding(self.at, now)
        if self.kinds is not None:
            marks = ", ".join("?" * len(self.kinds)) or "NULL"
            found &= Condition(f"kind IN ({marks})", tuple(sorted(self.kinds)))
        if self.since is not None:
            found &= Condition("valid_from >= ?", (self.since,))
        if self.until is not None:
            found &= Condition("valid_from < ?", (self.until,))
        return found
