"""Keeps memories in the tier they belong to: one of all processes plans, whoever holds the lease."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass

from cleo_core.errors import CleoError
from cleo_memory.catalog.entry import Entry
from cleo_memory.catalog.repository import AllRows, Catalog, UserRows
from cleo_memory.errors import BackendDown, KeyUnavailable, SealBroken
from cleo_memory.records import Owner, Tier
from cleo_memory.storage.payloads import PayloadStore
from cleo_memory.storage.protocol import Sealed
from cleo_memory.storage.tiers import TierStore
from cleo_memory.tiering.policy import AccessLog, Move, TierPolicy, heat_below

log = logging.getLogger(__name__)
EVERY = 30.0
SETTLING = 0.5  # seconds after the start
BATCH = 500


@dataclass(frozen=True, slots=True)
class TierView:
    """Counts and bytes by tier, moves so far by (source, target), jobs waiting by store."""

    memories: dict[str, int]
    bytes: dict[str, int]
    flows: dict[tuple[str, str], int]
    waiting: dict[str, int]


class Mover:
    """Moves a memory to another tier: copy, read back and compare, swap the pointer, delete what is left behind."""

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
        held = await self.payloads.put_verified(owner, [entry], items, tier_store) if tier_store.store else {entry.id}
        if entry.id not in held:
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


class Tiering:
    def __init__(self, catalog: Catalog, payloads: PayloadStore, access: AccessLog, policy: TierPolicy) -> None:
        self.catalog, self.access, self.policy = catalog, access, policy
        self.mover = Mover(catalog, payloads)

    async def plan_for_all_users(self, limit: int = BATCH, now: float | None = None) -> list[Move]:
        """What would be demoted now and why; moves nothing."""
        at = time.time() if now is None else now
        moved_before = at - self.policy.residency

        def cooled(rows: AllRows) -> list[Move]:
            moves: list[Move] = []
            for tier in (Tier.WARM, Tier.HOT):  # room below first
                heat = heat_below(self.policy.floor(tier), at, self.policy.half_life)
                found = rows.memories.cooled(tier, heat, moved_before, limit - len(moves))
                moves += self.policy.demotions(found, at)
            return moves

        return await self.catalog.all_users.read(cooled)

    async def carry_out(self, moves: list[Move]) -> int:
        """Do these moves; returns how many were done. A backend that is down ends it: the rest stays where it is.

        A memory that does not open stays too, and holds nobody else up.
        """
        done = 0
        for move in moves:
            try:
                done += await self.mover.move(move.owner, move.entry, move.target)
            except (SealBroken, KeyUnavailable) as error:
                log.error("Memory %s stays in %s: %s", move.entry.id, move.source, error.code)
        return done

    async def cycle(self) -> int:
        """One round: promotions noted by this process, demotions if this process holds the lease."""
        done = 0
        for owner, ids in self.access.take_promotions().items():
            found = (await self.catalog.of(owner).find(ids)).values()
            promoted = [Move(owner, entry, Tier.HOT, "accessed again") for entry in found if entry.tier != Tier.HOT]
            done += await self.carry_out(promoted)
        if await self.catalog.leases.take("tiering", EVERY * 3):
            try:
                done += await self.carry_out(await self.plan_for_all_users())
            finally:
                await self.catalog.leases.release("tiering")
        return done

    async def view_of_all_users(self) -> TierView:
        def view(rows: AllRows) -> TierView:
            tiers = rows.memories.by_tier()
            return TierView(
                memories={tier: memories for tier, memories, _ in tiers},
                bytes={tier: size for tier, _, size in tiers},
                flows=rows.flows.all(),
                waiting=rows.outbox.waiting(),
            )

        return await self.catalog.all_users.read(view)

    async def run(self) -> None:
        await asyncio.sleep(SETTLING)
        from cleo_memory.metrics import publish  # brings a server's telemetry, which a short command needs not load

        while True:
            try:
                view = await self.view_of_all_users()
                publish(view.memories, view.bytes, view.flows, view.waiting)
                await asyncio.sleep(EVERY)
                await self.cycle()
            except CleoError as error:
                log.log(logging.WARNING if isinstance(error, BackendDown) else logging.ERROR, "Tiering: %s", error.code)
                await asyncio.sleep(EVERY)
