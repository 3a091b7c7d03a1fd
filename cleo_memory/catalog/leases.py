"""Who does a piece of background work, among all processes that share a catalogue."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from cleo_memory.catalog.database.base import Database, Transaction
from cleo_memory.errors import LeaseHeld


class Leases:
    """Leases in the catalogue. A holder that dies keeps its lease for its term, then anybody may take it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.holder = f"{os.getpid()}-{os.urandom(8).hex()}"

    async def take(self, name: str, seconds: float) -> bool:
        """Take or prolong a lease; False while another holds it."""

        def work(tx: Transaction) -> bool:
            now = time.time()
            tx.execute(
                "INSERT INTO leases (name, holder, until) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET "
                "holder = excluded.holder, until = excluded.until WHERE leases.until < ? OR leases.holder = ?",
                (name, self.holder, now + seconds, now, self.holder),
            )
            row = tx.execute("SELECT holder FROM leases WHERE name = ?", (name,)).fetchone()
            return bool(row[0] == self.holder)

        return await self.database.write(work)

    async def release(self, name: str) -> None:
        sql = "DELETE FROM leases WHERE name = ? AND holder = ?"
        await self.database.write(lambda tx: tx.execute(sql, (name, self.holder)).rowcount)

    @asynccontextmanager
    async def held(self, name: str, seconds: float = 60.0) -> AsyncIterator[None]:
        """Raises: LeaseHeld when another worker has it."""
        if not await self.take(name, seconds):
            raise LeaseHeld(f"{name} is being done by another worker.")
        try:
            yield
        finally:
            await self.release(name)
