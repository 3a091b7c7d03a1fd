"""A tier inside the catalogue's own database: the embedded default, on SQLite or Postgres."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from cleo_memory.catalog.repository import Catalog
from cleo_memory.records import TOMBSTONE, Owner
from cleo_memory.storage.protocol import Sealed


class EmbeddedStore:
    name = "embedded"
    durable = True

    def __init__(self, catalog: Catalog, tier: str) -> None:
        """The catalogue belongs to the caller and stays open."""
        self._catalog, self._tier = catalog, tier

    async def put(self, owner: Owner, items: Sequence[Sealed]) -> None:
        rows_in = [(item.id, item.version, item.data) for item in items]
        await self._catalog.of(owner).write(lambda rows: rows.payloads.put_newer(self._tier, rows_in))

    async def tombstone(self, owner: Owner, ids: Collection[str]) -> None:
        markers = [(id, TOMBSTONE, b"") for id in ids]
        await self._catalog.of(owner).write(lambda rows: rows.payloads.put_newer(self._tier, markers))

    async def drop(self, owner: Owner, versions: Mapping[str, int]) -> None:
        gone = list(versions.items())
        await self._catalog.of(owner).write(lambda rows: rows.payloads.drop_versions(self._tier, gone))

    async def get(self, owner: Owner, ids: Collection[str]) -> dict[str, Sealed]:
        found = await self._catalog.of(owner).read(lambda rows: rows.payloads.of_tier(self._tier, ids))
        return {id: Sealed(id, version, data) for id, version, data in found}

    async def scan(self, owner: Owner, after: str, limit: int) -> list[tuple[str, int]]:
        return await self._catalog.of(owner).read(lambda rows: rows.payloads.scan(self._tier, after, limit))

    async def purge(self, owner: Owner) -> None:
        await self._catalog.of(owner).write(lambda rows: rows.payloads.clear_tier(self._tier))

    async def ping(self) -> None:
        await self._catalog.all_users.read(lambda rows: rows.flows.all())

    async def close(self) -> None:
        return
