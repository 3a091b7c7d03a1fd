"""Retention: the only thing that deletes a memory that nobody asked to forget. It runs by itself, in one process at a
time, and by `cleo memory retain`.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from cleo_core.errors import CleoError
from cleo_memory.catalog.memories import Moment
from cleo_memory.catalog.repository import AllRows, Catalog
from cleo_memory.lifecycle.signing import audit
from cleo_memory.records import Kind, Owner

log = logging.getLogger(__name__)
BATCH = 500
FIRST = 60.0  # seconds after the start; a short command is over by then


@dataclass(frozen=True, slots=True)
class Due:
    """Memories of a kind that are due, and why."""

    kind: str
    memories: int
    why: str


Rule = tuple[Kind, str, Moment, float]
"""Memories of a kind go, and why, when a moment of theirs is before another."""


class Retention:
    def __init__(
        self,
        catalog: Catalog,
        days: Mapping[Kind, float | None],
        stores: Sequence[str],
        follow: Callable[[Owner], Awaitable[None]],
        tidy: Callable[[], Awaitable[None]],
    ) -> None:
        """`follow`: takes out of sessions, tiers and index what was deleted of a user; `tidy`: what else is too old."""
        self.catalog, self.days, self.stores = catalog, days, stores
        self.follow, self.tidy = follow, tidy

    def _rules(self, now: float) -> list[Rule]:
        expired: list[Rule] = [(kind, "expired", "expires_at", now) for kind in Kind]
        kept = [(kind, days) for kind, days in self.days.items() if days is not None]
        return expired + [(kind, f"older than {days:g} days", "created_at", now - days * 86400) for kind, days in kept]

    async def plan_for_all_users(self) -> list[Due]:
        """What would be deleted; deletes nothing."""

        def count(rows: AllRows) -> list[Due]:
            rules = self._rules(time.time())
            found = [Due(kind, rows.memories.count_before(column, kind, at), why) for kind, why, column, at in rules]
            return [due for due in found if due.memories]

        return await self.catalog.all_users.read(count)

    async def apply_to_all_users(self) -> int:
        """Delete what is due, as if it were forgotten; returns how many."""
        now, gone = time.time(), 0
        for rule in self._rules(now):
            while found := await self.catalog.all_users.read(_due, rule):
                by_owner: dict[Owner, list[str]] = {}
                for owner, id in found:
                    by_owner.setdefault(owner, []).append(id)
                for owner, ids in by_owner.items():
                    gone += len(await self.catalog.of(owner).tombstone(ids, now, self.stores))
                    await self.follow(owner)
        await self.tidy()
        if gone:
            await audit("memory.retention-applied", "all users", memories=gone)
        return gone

    async def run(self, every: float) -> None:
        """Do so every so many seconds, in one of all processes that share the catalogue, until cancelled."""
        wait = min(FIRST, every)
        while True:
            await asyncio.sleep(wait)
            wait = every
            try:
                # Kept, not released: until it lapses the other processes find that it was done.
                if await self.catalog.leases.take("retention", every / 2):
                    await self.apply_to_all_users()
            except CleoError as error:
                log.error("Retention waits: %s", error.code)


def _due(rows: AllRows, rule: Rule) -> list[tuple[Owner, str]]:
    kind, _, column, before = rule
    return rows.memories.before(column, kind, before, BATCH)
