"""Keeps memories in the tier they belong to: one of all processes plans, whoever holds the lease."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from functools import partial

from cleo_core.errors import CleoError
from cleo_memory.catalog.database.base import fetch
from cleo_memory.catalog.leases import Leases
from cleo_memory.catalog.repository import COLUMNS, Catalogue, entries
from cleo_memory.errors import BackendDown, KeyUnavailable, SealBroken
from cleo_memory.metrics import publish
from cleo_memory.records import Owner, Tier
from cleo_memory.storage.payloads import Custody
from cleo_memory.tiering.access import AccessLog
from cleo_memory.tiering.mover import Mover
from cleo_memory.tiering.policy import Move, TierPolicy
from cleo_memory.tiering.score import heat_below

__all__ = ["TierView", "Tiering"]

log = logging.getLogger(__name__)
EVERY = 30.0
BATCH = 500


@dataclass(frozen=True, slots=True)
class TierView:
    """Counts and bytes by tier, moves so far by (source, target), jobs waiting by store."""

    memories: dict[str, int]
    bytes: dict[str, int]
    flows: dict[tuple[str, str], int]
    waiting: dict[str, int]


class Tiering:
    def __init__(
        self, catalogue: Catalogue, custody: Custody, leases: Leases, access: AccessLog, policy: TierPolicy
    ) -> None:
        self.catalogue, self.custody, self.leases = catalogue, custody, leases
        self.access, self.policy = access, policy
        self.mover = Mover(catalogue, custody)

    async def plan_for_all_users(self, limit: int = BATCH, now: float | None = None) -> list[Move]:
        """What would be demoted now and why; moves nothing."""
        at = time.time() if now is None else now
        moves: list[Move] = []
        sql = (
            f"SELECT owner, {', '.join(COLUMNS)} FROM memories WHERE tier = ? AND live = 1 AND heat < ? "  # noqa: S608 - column names of a dataclass
            "AND pinned = 0 AND moved_at < ? ORDER BY heat LIMIT ?"
        )
        for tier in (Tier.WARM, Tier.HOT):  # room below first
            heat = heat_below(self.policy.floor(tier), at, self.policy.half_life)
            parameters = (tier, heat, at - self.policy.residency, limit - len(moves))
            rows = await self.catalogue.database.read(partial(fetch, sql, parameters))
            moves += self.policy.demotions(
                zip((Owner(row[0]) for row in rows), entries(row[1:] for row in rows), strict=True), at
            )
        return moves

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
            found = (await self.catalogue.find(owner, ids)).values()
            promoted = [Move(owner, entry, Tier.HOT, "accessed again") for entry in found if entry.tier != Tier.HOT]
            done += await self.carry_out(promoted)
        if await self.leases.take("tiering", EVERY * 3):
            try:
                done += await self.carry_out(await self.plan_for_all_users())
            finally:
                await self.leases.release("tiering")
        return done

    async def view_of_all_users(self) -> TierView:
        counts = "SELECT tier, count(*), sum(bytes) FROM memories WHERE live = 1 GROUP BY tier"
        rows = await self.catalogue.database.read(lambda tx: tx.execute(counts).fetchall())
        flows = await self.catalogue.database.read(
            lambda tx: tx.execute("SELECT source, target, memories FROM flows").fetchall()
        )
        return TierView(
            memories={tier: int(n) for tier, n, _ in rows},
            bytes={tier: int(size) for tier, _, size in rows},
            flows={(source, target): int(n) for source, target, n in flows},
            waiting=await self.custody.outbox.waiting_of_all_users(),
        )

    async def run(self) -> None:
        while True:
            try:
                view = await self.view_of_all_users()
                publish(view.memories, view.bytes, view.flows, view.waiting)
                await asyncio.sleep(EVERY)
                await self.cycle()
            except BackendDown as error:
                log.warning("Tiering waits: %s", error.code)
                await asyncio.sleep(EVERY)
            except CleoError as error:
                log.error("Tiering failed: %s", error.code)
                await asyncio.sleep(EVERY)
