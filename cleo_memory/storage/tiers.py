"""The tiers of a deployment: which store serves which, each behind a deadline, a retry and a circuit breaker."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cleo_core.errors import CleoError
from cleo_core.resilience import Breaker, CircuitOpen, retry_async
from cleo_memory.errors import BackendDown
from cleo_memory.records import Owner, Tier
from cleo_memory.storage.protocol import Sealed, Store

__all__ = ["Guarded", "Shelf", "Shelves"]


class Guarded:
    """A store whose every fault is a `BackendDown`. All its calls are idempotent, so each may be tried twice."""

    def __init__(self, store: Store, *, deadline: float = 5.0, failures: int = 3, rest: float = 5.0) -> None:
        self.store = store
        self.name, self.durable = store.name, store.durable
        self._deadline = deadline
        self._breaker = Breaker(store.name, failures=failures, rest=rest)

    async def _call(self, method: str, *arguments: Any) -> Any:
        async def once() -> Any:
            async with self._breaker.guard_async(), asyncio.timeout(self._deadline):
                return await getattr(self.store, method)(*arguments)

        try:
            return await retry_async(once, on=(Exception,), attempts=2, deadline=self._deadline, longest=0.2)
        except CircuitOpen as error:
            raise BackendDown(f"{self.name} is left alone for a moment: it failed just now.") from error
        except CleoError:
            raise
        except Exception as error:
            raise BackendDown(f"{self.name} does not answer ({type(error).__name__}).") from error

    async def put(self, owner: Owner, items: Sequence[Sealed]) -> None:
        await self._call("put", owner, items)

    async def get(self, owner: Owner, ids: Collection[str]) -> dict[str, Sealed]:
        found: dict[str, Sealed] = await self._call("get", owner, ids)
        return found

    async def bury(self, owner: Owner, ids: Collection[str]) -> None:
        await self._call("bury", owner, ids)

    async def drop(self, owner: Owner, versions: Mapping[str, int]) -> None:
        await self._call("drop", owner, versions)

    async def scan(self, owner: Owner, after: str, limit: int) -> list[tuple[str, int]]:
        found: list[tuple[str, int]] = await self._call("scan", owner, after, limit)
        return found

    async def nearest(self, owner: Owner, vector: Sequence[float], limit: int) -> list[tuple[str, float]]:
        found: list[tuple[str, float]] = await self._call("nearest", owner, vector, limit)
        return found

    async def purge(self, owner: Owner) -> None:
        await self._call("purge", owner)

    async def ping(self) -> None:
        await self._call("ping")

    async def close(self) -> None:
        await self.store.close()


@dataclass(frozen=True, slots=True)
class Shelf:
    """A store in its place. Without a store the place is inside the catalogue's own database."""

    tier: Tier
    store: Guarded | None = None
    mirror: bool = False
    """Holds vectors beside the tier; never read for a memory."""

    @property
    def key(self) -> str:
        """Name in the catalogue: a tier that moves to another backend does not inherit the old one's copies."""
        return f"{self.tier}:{self.store.name if self.store else 'embedded'}"

    @property
    def indexes(self) -> bool:
        """Whether the store can search by vector, and so is given vectors when the settings allow it."""
        return self.store is not None and hasattr(self.store.store, "nearest")

    @property
    def durable(self) -> bool:
        return self.store is None or self.store.durable


class Shelves:
    """One shelf per tier, and mirrors."""

    def __init__(
        self, stores: Mapping[Tier, Guarded] | None = None, mirrors: Sequence[Shelf] = (), *, vectors: bool = False
    ) -> None:
        self._of = {tier: Shelf(tier, (stores or {}).get(tier)) for tier in Tier}
        self.mirrors = list(mirrors)
        self.vectors = vectors

    def __getitem__(self, tier: Tier | str) -> Shelf:
        return self._of[Tier(tier)]

    def __iter__(self) -> Iterator[Shelf]:
        yield from self._of.values()

    @property
    def external(self) -> list[Shelf]:
        """Shelves and mirrors outside the catalogue's database."""
        return [shelf for shelf in (*self, *self.mirrors) if shelf.store is not None]

    @property
    def searchable(self) -> Guarded | None:
        """A store that is given vectors and can search them: the cold tier's own, or else its mirror."""
        wanted = [shelf.store for shelf in self.external if shelf.indexes and shelf.tier == Tier.COLD]
        return wanted[0] if self.vectors and wanted else None

    @property
    def external_keys(self) -> list[str]:
        return [shelf.key for shelf in self.external]

    @property
    def external_tiers(self) -> list[str]:
        return [str(shelf.tier) for shelf in self if shelf.store is not None]

    def targets(self, tier: Tier | str) -> list[str]:
        """Where a memory that lives in this tier is delivered: its shelf, its durable shadow, its mirror."""
        shelf = self[tier]
        wanted = [shelf.key] if shelf.store else []
        if not shelf.durable:
            colder = next(each for each in list(self)[list(Tier).index(Tier(tier)) + 1 :] if each.durable)
            wanted += [colder.key] if colder.store else []
        return wanted + [mirror.key for mirror in self.mirrors if mirror.tier == tier]

    async def close(self) -> None:
        for shelf in self.external:
            if shelf.store is not None:
                await shelf.store.close()
