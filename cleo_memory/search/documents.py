"""Values of retrieval: a document, a filter, a match; no store and no key."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from cleo_memory.records import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One memory as retrieval sees it. Times are seconds since the epoch (UTC)."""

    id: str
    text: str
    kind: str = "conversation"
    speaker: str | None = None
    """Who said it, by the name a question would use; None for a memory that nobody said."""
    conversation: str | None = None
    """Neighbours are the documents added before and after it under the same conversation; None has no neighbours."""
    at: float | None = None
    """When it was said or became true."""
    valid_to: float | None = None
    """When it ceased to be true (a superseded preference) or expires; None while it holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which documents may be returned. Filtered-out neighbours still lend their words to what may."""

    kinds: Collection[str] | None = None
    conversations: Collection[str] | None = None
    speakers: Collection[str] | None = None
    since: float | None = None
    """Said at or after."""
    until: float | None = None
    """Said before."""
    valid_at: float | None = None
    """True at this moment; None returns what has ceased to be true as well."""


@dataclass(frozen=True, slots=True)
class Match:
    """A document found. `score` is comparable within one answer only, `parts` are its summands by name."""

    id: str
    score: float
    parts: dict[str, float] = field(default_factory=dict)
    relevance: float = 0.0
    """How well it fits by itself, comparable between questions: see relevance.py."""
    window: int | None = None
    """Of a long document the window nearest in meaning."""


def document(record: Record) -> Document:
    """A memory as retrieval sees it: what has a key is found by it too, but for what was learned, which is in words."""
    ends = [at.timestamp() for at in (record.valid_to, record.expires_at) if at is not None]
    return Document(
        id=record.id,
        text=record.labelled(),
        kind=str(record.kind),
        speaker=record.speaker,
        conversation=record.conversation,
        at=record.valid_from.timestamp(),
        valid_to=min(ends, default=None),
    )
