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
        place = self.payloads.tiers[target]
        items = await self.payloads.reseal(owner, [entry], place)
        if not items:
            return False
        if place.store is not None:
            await place.store.put(owner, items)
            back = await place.store.get(owner, [entry.id])
            if entry.id not in await self.payloads.verified(owner, [entry], place, back):
                return False
        return await self.catalog.of(owner).write(lambda rows: self._swap(rows, entry, place, items[0]))

    def _swap(self, rows: UserRows, entry: Entry, place: TierStore, item: Sealed) -> bool:
        now, source = time.time(), self.payloads.tiers[entry.tier]
        if not rows.memories.move(entry, place.tier, now):
            if place.store is not None:
                rows.outbox.add(entry.id, entry.version, "drop", [place.key])
            return False
        rows.flows.count(entry.tier, place.tier, entry.bytes)
        if place.store is not None:
            rows.copies.note(entry.id, place.key, entry.version, now)
        else:
            rows.payloads.put(entry.id, place.tier, item.version, item.data)
        if place.durable:
            # From here the new copy carries the memory; the catalogue's older one may go.
            rows.payloads.drop_but(entry.id, place.tier)
        colder = list(Tier).index(place.tier) > list(Tier).index(source.tier)
        if colder and source.store is not None:
            rows.outbox.add(entry.id, entry.version, "drop", [source.key])
        rows.outbox.add(entry.id, entry.version, "put", self._wanted(entry, place))
        return True

    def _wanted(self, entry: Entry, place: TierStore) -> list[str]:
        """Shadow and mirror of the new tier that the old one did not call for."""
        had = set(self.payloads.tiers.targets(entry.tier))
        return [key for key in self.payloads.tiers.targets(place.tier) if key != place.key and key not in had]
