"""What a memory is: plain values that the public interface takes and returns."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Generic, NewType, TypeVar

T = TypeVar("T")
FORMATION = "formation"
"""The source of what was learned, in its provenance."""

Owner = NewType("Owner", str)
"""Keyed hash of a user id, 32 hex digits. The only form in which a user reaches a store: a hostile id has nothing
left to be hostile with, and a backend's dump does not say who its users are."""


TOMBSTONE = 2**53 - 1
"""The version of a tombstone: the largest integer that every backend keeps exactly (Redis scripts count in doubles)."""


@dataclass(frozen=True, slots=True)
class ErasureEpoch:
    """What of a user had been deleted at one moment. Work that began in one epoch leaves nothing behind in another."""

    erasures: int
    """How often the user was erased, by whatever process."""
    forgotten: int = 0
    """How often all sessions of the user were ended in this process, because something was forgotten."""


@dataclass(frozen=True, slots=True)
class Quota:
    """The most that one user may keep; None is as much as the disk takes."""

    memories: int | None = None
    bytes: int | None = None


NO_QUOTA = Quota()


class Kind(StrEnum):
    CONVERSATION = "conversation"
    PREFERENCE = "preference"
    EPISODIC = "episodic"
    PROCEDURAL = "procedural"


class Tier(StrEnum):
    """Where a memory lives, hottest first."""

    HOT = "hot"
    WARM = "warm"
    COLD = "cold"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One memory of one user. Times are aware, in UTC."""

    id: str
    kind: Kind
    content: str
    created_at: datetime
    valid_from: datetime
    valid_to: datetime | None = None
    """When it ceased to be true: a superseded preference. None while it holds."""
    expires_at: datetime | None = None
    importance: float = 0.5
    conversation: str | None = None
    speaker: str | None = None
    key: str | None = None
    """The name of a preference."""
    provenance: Mapping[str, str] = field(default_factory=dict)
    """Where it came from: ``{"source": "chat", "model": "cleo/3"}``."""
    version: int = 1
    pinned: bool = False
    tier: Tier = Tier.WARM

    @property
    def learned(self) -> bool:
        """Whether it was read out of a user's turn: its content is in the user's words, and tells what the key does."""
        return self.provenance.get("source") == FORMATION

    def labelled(self, text: str | None = None) -> str:
        """The content, or a part of it, with the key before it where the words do not tell it."""
        text = self.content if text is None else text
        return text if self.key is None or self.learned else f"{self.key}: {text}"


@dataclass(frozen=True, slots=True)
class Hit:
    """A memory that a search found. `parts` says why: the summands of the score by name."""

    record: Record
    score: float
    parts: Mapping[str, float]
    relevance: float = 0.0
    """How well it fits whatever else there is: 0 not at all, about 0.5 well, 2 in every word and in meaning."""
    window: int | None = None
    """Of a long memory the stretch that fits best: a place in `search.windows.windows` of its content."""


class Hits(list[Hit]):
    """Hits, best first. `degraded` says in words why they are less than they could be; empty when they are not."""

    degraded: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    id: str
    turns: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A stretch of a list; hand `end` back as `after` for the next one. None: there is no more."""

    items: list[T]
    end: str | None


@dataclass(frozen=True, slots=True)
class Turns:
    """A stretch of a conversation, oldest first. A turn's cursor is handed back as `after` or `before`."""

    items: list[Record]
    cursors: list[str]
    earlier: bool
    """There are turns before these."""
    later: bool
    """There are turns behind these."""


@dataclass(frozen=True, slots=True)
class Deleted:
    """What went with a conversation: its turns, and what was learned from them."""

    turns: int
    learned: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """Of one user: counts and sealed bytes."""

    memories: int
    bytes: int
    kinds: dict[str, int]
    tiers: dict[str, int]
    conversations: int


_lock = threading.Lock()
_last = 0


def new_id() -> str:
    """A new record id: 26 hex digits that sort by time within a process, 56 bits of them random."""
    global _last
    with _lock:
        _last = max(time.time_ns() // 1_000_000, _last + 1)
        return f"{_last:012x}{os.urandom(7).hex()}"
