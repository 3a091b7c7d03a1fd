"""Retention: the only thing that deletes a memory that nobody asked to forget."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from cleo_memory.catalog.database.base import fetch
from cleo_memory.catalog.repository import Catalogue
from cleo_memory.records import Kind, Owner

__all__ = ["Due", "Retention"]

BATCH = 500


@dataclass(frozen=True, slots=True)
class Due:
    """Memories of a kind that are due, and why."""

    kind: str
    memories: int
    why: str


class Retention:
    def __init__(self, catalogue: Catalogue, days: Mapping[Kind, float | None], stores: Sequence[str]) -> None:
        self.catalogue, self.days, self.stores = catalogue, days, stores

    def _conditions(self, now: float) -> list[tuple[str, str, tuple[str, float]]]:
        """(kind, why, parameters) of what is due."""
        found = [(str(kind), "expired", ("expires_at", now)) for kind in Kind]
        for kind, days in self.days.items():
            if days is not None:
                found.append((str(kind), f"older than {days:g} days", ("created_at", now - days * 86400)))
        return found

    async def plan_for_all_users(self, now: float | None = None) -> list[Due]:
        """What would be deleted; deletes nothing."""
        plan = []
        for kind, why, (column, limit) in self._conditions(time.time() if now is None else now):
            sql = f"SELECT count(*) FROM memories WHERE live = 1 AND kind = ? AND {column} < ?"  # noqa: S608 - one of two columns
            count = int((await self.catalogue.database.read(partial(fetch, sql, (kind, limit))))[0][0])
            if count:
                plan.append(Due(kind, count, why))
        return plan

    async def apply_to_all_users(self, now: float | None = None) -> int:
        """Delete what is due, as if it were forgotten; returns how many."""
        at = time.time() if now is None else now
        gone = 0
        for kind, _, (column, limit) in self._conditions(at):
            sql = f"SELECT owner, id FROM memories WHERE live = 1 AND kind = ? AND {column} < ? LIMIT ?"  # noqa: S608 - as above
            while rows := await self.catalogue.database.read(partial(fetch, sql, (kind, limit, BATCH))):
                by_owner: dict[Owner, list[str]] = {}
                for owner, id in rows:
                    by_owner.setdefault(Owner(owner), []).append(id)
                for owner, ids in by_owner.items():
                    gone += len(await self.catalogue.bury(owner, ids, at, self.stores))
        return gone
