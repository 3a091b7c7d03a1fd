"""Moves a memory to another tier: copy, read back and compare, swap the pointer, delete what is left behind."""

from __future__ import annotations

import time

from cleo_memory.catalog.entry import Entry
from cleo_memory.catalog.repository import Catalog, UserRows
from cleo_memory.records import Owner, Tier
from cleo_memory.storage.payloads import PayloadStore
from cleo_memory.storage.protocol import Sealed
from cleo_memory.storage.tiers import TierStore

__all__ = ["Mover"]


class Mover:
    def __init__(self, catalog: Catalog, payloads: PayloadStore) -> None:
        self.catalog, self.payloads = catalog, payloads

    async def move(self, owner: Owner, entry: Entry, target: Tier) -> bool:
        """Move one memory; False when it was changed, moved or forgotten meanwhile, or its copy did not hold.

        A crash at any point leaves the memory where it was, or in both places with the pointer at one of them.

        Raises:
            BackendDown: the memory stays where it is.
        """
        tier_store = self.payloads.tiers[target]
        items = await self.payloads.reseal(owner, [entry], tier_store)
        if not items:
            return False
        if tier_store.store is not None:
            await tier_store.store.put(owner, items)
            back = await tier_store.store.get(owner, [entry.id])
            if entry.id not in await self.payloads.verified(owner, [entry], tier_store, back):
                return False
        return await self.catalog.of(owner).write(lambda rows: self._swap(rows, entry, tier_store, items[0]))

    def _swap(self, rows: UserRows, entry: Entry, tier_store: TierStore, item: Sealed) -> bool:
        now, source = time.time(), self.payloads.tiers[entry.tier]
        if not rows.memories.move(entry, tier_store.tier, now):
            if tier_store.store is not None:
                rows.outbox.add(entry.id, entry.version, "drop", [tier_store.key])
            return False
        rows.flows.count(entry.tier, tier_store.tier, entry.bytes)
        if tier_store.store is not None:
            rows.copies.note(entry.id, tier_store.key, entry.version, now)
        else:
            rows.payloads.put(entry.id, tier_store.tier, item.version, item.data)
        if tier_store.durable:
            # From here the new copy carries the memory; the catalogue's older one may go.
            rows.payloads.drop_but(entry.id, tier_store.tier)
        colder = list(Tier).index(tier_store.tier) > list(Tier).index(source.tier)
        if colder and source.store is not None:
            rows.outbox.add(entry.id, entry.version, "drop", [source.key])
        rows.outbox.add(entry.id, entry.version, "put", self._wanted(entry, tier_store))
        return True

    def _wanted(self, entry: Entry, tier_store: TierStore) -> list[str]:
        """Shadow and mirror of the new tier that the old one did not call for."""
        had = set(self.payloads.tiers.targets(entry.tier))
        return [key for key in self.payloads.tiers.targets(tier_store.tier) if key != tier_store.key and key not in had]
