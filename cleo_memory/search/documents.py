"""Values of retrieval: a document, a filter, a match; no store and no key."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from cleo_memory.records import Kind, Record

READ = 400
"""Characters of a told text that is read for what it tells: a longer one tells more than one thing."""


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
    slots: Sequence[str] = ()
    """What it tells of its user: ``home.city``, ``allergy.peanuts``."""


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


SLOT_LABEL = "slot:"
"""In front of a slot among the terms of an index."""


class AskedFor(Protocol):
    """What a question asks of its user."""

    @property
    def share(self) -> float:
        """How much of the question asks for it, 0 to 1."""
        ...

    def means(self, slot: str) -> bool:
        """Whether this slot is asked for."""
        ...


SlotAsker = Callable[[str], AskedFor | None]
"""Reads out of a question which slots it asks for."""
SlotReader = Callable[[str], Sequence[str]]
"""Reads the slots out of a text that the user told."""


def document(record: Record, slots_in: SlotReader | None = None) -> Document:
    """A memory as retrieval sees it: what has a key is found by it too, but for what was learned, which is in words.

    Args:
        slots_in: for what was told for keeping as it is, without a slot.
    """
    slots: Sequence[str] = [] if record.key is None else [record.key]
    if slots_in is not None and record.key is None and record.kind is not Kind.CONVERSATION:
        slots = slots_in(record.content) if record.speaker in (None, "user") and len(record.content) <= READ else []
    ends = [at.timestamp() for at in (record.valid_to, record.expires_at) if at is not None]
    return Document(
        id=record.id,
        text=record.labelled(),
        kind=str(record.kind),
        speaker=record.speaker,
        conversation=record.conversation,
        at=record.valid_from.timestamp(),
        valid_to=min(ends, default=None),
        slots=slots,
    )
