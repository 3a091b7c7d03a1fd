"""What still has to be done in the stores outside the catalogue, in order, at least once."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from cleo_memory.catalog.database.base import Database, Transaction, marks
from cleo_memory.records import Owner

__all__ = ["Job", "Outbox", "enqueue"]


@dataclass(frozen=True, slots=True)
class Job:
    number: int
    owner: Owner
    id: str
    version: int
    action: str
    """put, tombstone, drop, or purge (everything of the owner)."""
    attempts: int


def enqueue(tx: Transaction, owner: Owner, id: str, version: int, action: str, stores: Sequence[str]) -> None:
    """Add a job per store within the transaction of what causes it."""
    tx.executemany(
        "INSERT INTO outbox (owner, id, version, action, store, attempts, due_at) VALUES (?, ?, ?, ?, ?, 0, 0)",
        [(owner, id, version, action, store) for store in stores],
    )


class Outbox:
    def __init__(self, database: Database) -> None:
        self.database = database

    async def due_of_all_users(self, store: str, limit: int) -> list[Job]:
        sql = (
            "SELECT number, owner, id, version, action, attempts FROM outbox WHERE store = ? AND due_at <= ? "
            "ORDER BY number LIMIT ?"
        )
        rows = await self.database.read(lambda tx: tx.execute(sql, (store, time.time(), limit)).fetchall())
        return [Job(*row) for row in rows]

    async def waiting_of_all_users(self) -> dict[str, int]:
        """Jobs waiting, by store."""
        sql = "SELECT store, count(*) FROM outbox GROUP BY store"
        return {store: int(n) for store, n in await self.database.read(lambda tx: tx.execute(sql).fetchall())}

    async def kept(
        self, owner: Owner, jobs: Sequence[Job], store: str, *, durable: bool, external_tiers: Collection[str]
    ) -> None:
        """Copies of these were verified in a store: note them. Where the copy lasts, the catalogue's own copy of a
        memory that belongs outside may go; not before."""

        def work(tx: Transaction) -> None:
            now = time.time()
            for job in jobs:
                alive = "SELECT 1 FROM memories WHERE owner = ? AND id = ? AND version = ? AND live = 1"
                if tx.execute(alive, (owner, job.id, job.version)).fetchone():
                    note_copy(tx, owner, job.id, store, job.version, now)
                    if durable and external_tiers:
                        release_payload(tx, owner, job.id, job.version, external_tiers)
                tx.execute("DELETE FROM outbox WHERE number = ? AND owner = ?", (job.number, owner))

        await self.database.write(work)

    async def done(self, owner: Owner, jobs: Sequence[Job]) -> None:
        rows = [(job.number, owner) for job in jobs]
        sql = "DELETE FROM outbox WHERE number = ? AND owner = ?"
        await self.database.write(lambda tx: tx.executemany(sql, rows).rowcount)

    async def later(self, owner: Owner, jobs: Sequence[Job], seconds: float) -> None:
        """Try these again after a while."""
        rows = [(time.time() + seconds, job.number, owner) for job in jobs]
        sql = "UPDATE outbox SET attempts = attempts + 1, due_at = ? WHERE number = ? AND owner = ?"
        await self.database.write(lambda tx: tx.executemany(sql, rows).rowcount)

    async def forget_copies(self, owner: Owner, ids: Sequence[str], store: str) -> None:
        sql = "DELETE FROM copies WHERE owner = ? AND id = ? AND store = ?"
        rows = [(owner, id, store) for id in ids]
        await self.database.write(lambda tx: tx.executemany(sql, rows).rowcount)

    async def copies(self, owner: Owner, ids: Collection[str]) -> dict[str, dict[str, int]]:
        """Verified copies outside the catalogue: {id: {store: version}}."""
        found: dict[str, dict[str, int]] = {}
        wanted = list(ids)[:500]
        sql = f"SELECT id, store, version FROM copies WHERE owner = ? AND id IN ({marks(wanted)})"  # noqa: S608 - only question marks
        for id, store, version in await self.database.read(lambda tx: tx.execute(sql, (owner, *wanted)).fetchall()):
            found.setdefault(id, {})[store] = int(version)
        return found


def note_copy(tx: Transaction, owner: Owner, id: str, store: str, version: int, now: float) -> None:
    tx.execute(
        "INSERT INTO copies (owner, id, store, version, verified_at) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (owner, id, store) DO UPDATE SET version = excluded.version, verified_at = excluded.verified_at",
        (owner, id, store, version, now),
    )


def release_payload(tx: Transaction, owner: Owner, id: str, version: int, external_tiers: Collection[str]) -> None:
    """Delete the catalogue's copy of a memory whose tier is elsewhere."""
    tx.execute(
        f"DELETE FROM payloads WHERE owner = ? AND id = ? AND version <= ? AND tier IN ({marks(external_tiers)})",  # noqa: S608 - only question marks
        (owner, id, version, *external_tiers),
    )
