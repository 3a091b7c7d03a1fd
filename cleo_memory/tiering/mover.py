"""Moves a memory to another tier: copy, read back and compare, swap the pointer, delete what is left behind."""

from __future__ import annotations

import time

from cleo_memory.catalog.database.base import Transaction
from cleo_memory.catalog.outbox import enqueue, note_copy
from cleo_memory.catalog.repository import Catalogue, Entry
from cleo_memory.records import Owner, Tier
from cleo_memory.storage.payloads import Custody
from cleo_memory.storage.protocol import Sealed
from cleo_memory.storage.tiers import Shelf

__all__ = ["Mover"]


class Mover:
    def __init__(self, catalogue: Catalogue, custody: Custody) -> None:
        self.catalogue, self.custody = catalogue, custody

    async def move(self, owner: Owner, entry: Entry, target: Tier) -> bool:
        """Move one memory; False when it was changed, moved or forgotten meanwhile, or its copy did not hold.

        A crash at any point leaves the memory where it was, or in both places with the pointer at one of them.

        Raises:
            BackendDown: the memory stays where it is.
        """
        shelf = self.custody.shelves[target]
        items = await self.custody.reseal(owner, [entry], shelf)
        if not items:
            return False
        if shelf.store is not None:
            await shelf.store.put(owner, items)
            back = await shelf.store.get(owner, [entry.id])
            if entry.id not in await self.custody.verified(owner, [entry], shelf, back):
                return False
        return await self.catalogue.database.write(lambda tx: self._swap(tx, owner, entry, shelf, items[0]))

    def _swap(self, tx: Transaction, owner: Owner, entry: Entry, shelf: Shelf, item: Sealed) -> bool:
        now, source = time.time(), self.custody.shelves[entry.tier]
        swapped = tx.execute(
            "UPDATE memories SET tier = ?, moved_at = ? "
            "WHERE owner = ? AND id = ? AND version = ? AND tier = ? AND live = 1",
            (shelf.tier, now, owner, entry.id, entry.version, entry.tier),
        ).rowcount
        if not swapped:
            if shelf.store is not None:
                enqueue(tx, owner, entry.id, entry.version, "drop", [shelf.key])
            return False
        tx.execute(
            "INSERT INTO flows (source, target, memories, bytes) VALUES (?, ?, 1, ?) "
            "ON CONFLICT (source, target) DO UPDATE SET memories = flows.memories + 1, "
            "bytes = flows.bytes + excluded.bytes",
            (entry.tier, shelf.tier, entry.bytes),
        )
        if shelf.store is not None:
            note_copy(tx, owner, entry.id, shelf.key, entry.version, now)
        else:
            tx.execute(
                "INSERT INTO payloads (owner, id, tier, version, sealed) VALUES (?, ?, ?, ?, ?) "
                "ON CONFLICT (owner, id, tier) DO UPDATE SET version = excluded.version, sealed = excluded.sealed",
                (owner, entry.id, shelf.tier, item.version, item.data),
            )
        if shelf.durable:
            # From here the new copy carries the memory; the catalogue's older one may go.
            tx.execute("DELETE FROM payloads WHERE owner = ? AND id = ? AND tier <> ?", (owner, entry.id, shelf.tier))
        colder = list(Tier).index(shelf.tier) > list(Tier).index(source.tier)
        if colder and source.store is not None:
            enqueue(tx, owner, entry.id, entry.version, "drop", [source.key])
        enqueue(tx, owner, entry.id, entry.version, "put", self._wanted(entry, shelf))
        return True

    def _wanted(self, entry: Entry, shelf: Shelf) -> list[str]:
        """Shadow and mirror of the new tier that the old one did not call for."""
        had = set(self.custody.shelves.targets(entry.tier))
        return [key for key in self.custody.shelves.targets(shelf.tier) if key != shelf.key and key not in had]
