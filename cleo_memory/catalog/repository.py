"""The way into the catalogue: one user's rows through `Catalog.of(owner)`, the operator's through `all_users`."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence

from cleo_memory.catalog import changes
from cleo_memory.catalog.changes import Addition, Replacement
from cleo_memory.catalog.database.base import Database
from cleo_memory.catalog.entry import Entry, RowSigner
from cleo_memory.catalog.leases import Leases
from cleo_memory.catalog.owned import Reads, ReadsAndWrites
from cleo_memory.catalog.rows import AllRows, UserRows
from cleo_memory.records import Owner

__all__ = ["AllRows", "Catalog", "UserCatalog", "UserRows"]


class Catalog:
    """The catalogue in its database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.all_users: Reads[AllRows] = Reads(database, AllRows)
        self.leases = Leases(database)

    def of(self, owner: Owner) -> UserCatalog:
        return UserCatalog(self._database, owner)

    async def checkpoint(self) -> None:
        """Make sure that deleted rows are in no log and no backup of the database either."""
        await self._database.checkpoint()

    async def close(self) -> None:
        await self._database.close()


class UserCatalog(ReadsAndWrites[UserRows]):
    """One user's part of the catalogue. Each call is one transaction."""

    def __init__(self, database: Database, owner: Owner) -> None:
        super().__init__(database, lambda tx: UserRows(tx, owner))

    async def add(self, addition: Addition) -> Entry:
        """Write one memory. Raises what `changes.add` raises; then nothing is written."""
        return await self.write(changes.add, addition)

    async def replace(self, change: Replacement) -> Entry | None:
        """Write a new version of a memory; None when it was changed, moved or forgotten meanwhile."""
        if written := await self.write(changes.replace, change):
            await self._database.discard_backups()
        return written

    async def end(self, kind: str, slot: str, at: float, signer: RowSigner) -> list[Entry]:
        """End at a moment what holds a slot then; returns what it was."""
        return await self.write(changes.end, kind, slot, at, signer)

    async def tombstone(self, ids: Sequence[str], now: float, stores: Sequence[str] = ()) -> list[str]:
        """Turn live memories into tombstones and delete their payloads; returns the ids that were live."""
        if found := await self.write(changes.tombstone, ids, now, stores):
            await self._database.discard_backups()
        return found

    async def tombstone_thread(
        self, thread: str, now: float, stores: Sequence[str] = ()
    ) -> tuple[list[str], list[str]]:
        """The same with all turns of a conversation and what was learned from them; returns both."""
        found = await self.write(changes.tombstone_thread, thread, now, stores)
        if any(found):
            await self._database.discard_backups()
        return found

    async def find(self, ids: Collection[str]) -> dict[str, Entry]:
        """Kept memories by id; what is forgotten, expired or another user's is not in it."""
        return await self.read(lambda rows: rows.memories.held(ids, time.time()))
