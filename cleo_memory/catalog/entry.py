"""The rows of the catalogue as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A catalogue row: all that is known of a memory without opening it."""

    id: str
    version: int
    kind: str
    live: int
    tier: str
    thread: str | None
    """Keyed hash of the conversation's id."""
    slot: str | None
    """Keyed hash of a preference's key."""
    importance: float
    created_at: float
    valid_from: float
    valid_to: float | None
    expires_at: float | None
    pinned: int
    heat: float
    """Logarithm of the forward-decay counter: see tiering.policy."""
    touched_at: float
    """Last access; at first the time of writing."""
    moved_at: float
    bytes: int
    digest: str
    """sha256 of the plaintext payload under a key of the user: says that a copy is the same without opening two."""
    key_version: int
    position: int = 0
    """Order of writing; fixed."""
    seq: int = 0
    """Order of change: the feed that resident indexes follow."""
    seal: str = ""
    """Over what this row says of the memory, under the user's key: see encryption.user_keys. A tombstone has none."""

    @property
    def ends_at(self) -> float | None:
        """When it ceases to hold, superseded or expired."""
        return min((at for at in (self.valid_to, self.expires_at) if at is not None), default=None)


@dataclass(frozen=True, slots=True)
class Thread:
    """A conversation: its keyed hash, its sealed name, how many turns it has."""

    thread: str
    sealed_name: bytes
    turns: int
    created_at: float
    updated_at: float


class RowSigner(Protocol):
    """Signs rows under the user's key."""

    def sign(self, entry: Entry, **changes: Any) -> Entry: ...

    def amend(self, entry: Entry, **changes: Any) -> Entry:
        """Raises: SealBroken when the row is not what was signed before."""
        ...
