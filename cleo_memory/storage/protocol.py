"""What a tier's backend must be able to do: seven calls over sealed values, no policy.

Every call is about one owner. A store keeps the highest version of each memory that it was ever handed; a tombstone
outranks all of them, so a copy that arrives late, twice or out of order brings nothing back.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from cleo_memory.records import Owner


@dataclass(frozen=True, slots=True)
class Sealed:
    """A memory as a store sees it. `vector` only where the settings say ``vectors=indexed``."""

    id: str
    version: int
    data: bytes
    vector: Sequence[float] | None = None


class Store(Protocol):
    """A backend of one tier."""

    @property
    def name(self) -> str:
        """Of the backend, for the catalogue's list of copies: ``redis``."""
        ...

    @property
    def durable(self) -> bool:
        """Whether a copy here counts as kept. A store that may drop what it has been given is never the only holder."""
        ...

    async def put(self, owner: Owner, items: Sequence[Sealed]) -> None:
        """Keep items, each unless the same or a higher version of it is kept; durable when this returns."""
        ...

    async def get(self, owner: Owner, ids: Collection[str]) -> dict[str, Sealed]:
        """What is kept of these ids; tombstones are not."""
        ...

    async def tombstone(self, owner: Owner, ids: Collection[str]) -> None:
        """Delete and leave a tombstone each."""
        ...

    async def drop(self, owner: Owner, versions: Mapping[str, int]) -> None:
        """Delete copies that left this tier, each if its version is still this one. Leaves no tombstone."""
        ...

    async def scan(self, owner: Owner, after: str, limit: int) -> list[tuple[str, int]]:
        """(id, version) of what is kept, in order of id from behind `after`; tombstones are not."""
        ...

    async def purge(self, owner: Owner) -> None:
        """Delete everything of an owner, tombstones too."""
        ...

    async def ping(self) -> None:
        """Raises when the backend does not answer."""
        ...

    async def close(self) -> None: ...


class VectorStore(Store, Protocol):
    """A store that is given vectors with ``vectors=indexed``, and can search them."""

    async def nearest(self, owner: Owner, vector: Sequence[float], limit: int) -> list[tuple[str, float]]:
        """(id, cosine similarity) of an owner's memories, the nearest first."""
        ...
