"""A tier inside the catalogue's own database: the embedded default, on SQLite or Postgres."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any

from cleo_memory.catalog.database.base import Database, Transaction, fetch
from cleo_memory.records import Owner
from cleo_memory.storage.protocol import GRAVE, Sealed

__all__ = ["EmbeddedStore"]

UPSERT = """INSERT INTO payloads (owner, id, tier, version, sealed) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (owner, id, tier) DO UPDATE SET version = excluded.version, sealed = excluded.sealed
WHERE excluded.version > payloads.version"""
PART = 400


class EmbeddedStore:
    name = "embedded"
    durable = True

    def __init__(self, database: Database, tier: str) -> None:
        """The database belongs to the caller and stays open."""
        self._database, self._tier = database, tier

    async def put(self, owner: Owner, items: Sequence[Sealed]) -> None:
        rows = [(owner, item.id, self._tier, item.version, item.data) for item in items]
        await self._database.write(partial(_many, UPSERT, rows))

    async def bury(self, owner: Owner, ids: Collection[str]) -> None:
        await self._database.write(partial(_many, UPSERT, [(owner, id, self._tier, GRAVE, b"") for id in ids]))

    async def drop(self, owner: Owner, versions: Mapping[str, int]) -> None:
        sql = "DELETE FROM payloads WHERE owner = ? AND id = ? AND tier = ? AND version = ?"
        rows = [(owner, id, self._tier, version) for id, version in versions.items()]
        await self._database.write(partial(_many, sql, rows))

    async def get(self, owner: Owner, ids: Collection[str]) -> dict[str, Sealed]:
        wanted, found = list(ids), {}
        for start in range(0, len(wanted), PART):
            part = wanted[start : start + PART]
            sql = f"""SELECT id, version, sealed FROM payloads WHERE owner = ? AND tier = ? AND version < ?
                      AND id IN ({", ".join("?" * len(part))})"""  # noqa: S608 - only question marks are put in
            for id, version, data in await self._database.read(partial(fetch, sql, (owner, self._tier, GRAVE, *part))):
                found[id] = Sealed(id, int(version), bytes(data))
        return found

    async def scan(self, owner: Owner, after: str, limit: int) -> list[tuple[str, int]]:
        sql = """SELECT id, version FROM payloads WHERE owner = ? AND tier = ? AND id > ? AND version < ?
                 ORDER BY id LIMIT ?"""
        rows = await self._database.read(partial(fetch, sql, (owner, self._tier, after, GRAVE, limit)))
        return [(id, int(version)) for id, version in rows]

    async def purge(self, owner: Owner) -> None:
        sql = "DELETE FROM payloads WHERE owner = ? AND tier = ?"
        await self._database.write(partial(_many, sql, [(owner, self._tier)]))

    async def ping(self) -> None:
        await self._database.read(partial(fetch, "SELECT 1", ()))

    async def close(self) -> None:
        return


def _many(sql: str, rows: Sequence[Sequence[Any]], tx: Transaction) -> None:
    tx.executemany(sql, rows)
