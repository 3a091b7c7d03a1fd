"""Retention: the only thing that deletes a memory that nobody asked to forget."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from cleo_memory.catalog.memories import Moment
from cleo_memory.catalog.repository import AllRows, Catalog
from cleo_memory.records import Kind, Owner

__all__ = ["Due", "Retention"]

BATCH = 500


@dataclass(frozen=True, slots=True)
class Due:
    """Memories of a kind that are due, and why."""

    kind: str
    memories: int
    why: str


class _Rule(NamedTuple):
    """Memories of a kind go when a moment of theirs is before another."""

    kind: Kind
    why: str
    column: Moment
    before: float


class Retention:
    def __init__(self, catalog: Catalog, days: Mapping[Kind, float | None], stores: Sequence[str]) -> None:
        self.catalog, self.days, self.stores = catalog, days, stores

    def _rules(self, now: float) -> list[_Rule]:
        kept = {kind: days for kind, days in self.days.items() if days is not None}
        return [_Rule(kind, "expired", "expires_at", now) for kind in Kind] + [
            _Rule(kind, f"older than {days:g} days", "created_at", now - days * 86400) for kind, days in kept.items()
        ]

    async def plan_for_all_users(self, now: float | None = None) -> list[Due]:
        """What would be deleted; deletes nothing."""
        rules = self._rules(time.time() if now is None else now)

        def count(rows: AllRows) -> list[Due]:
            found = [rows.memories.count_before(rule.column, rule.kind, rule.before) for rule in rules]
            return [Due(rule.kind, n, rule.why) for rule, n in zip(rules, found, strict=True) if n]

        return await self.catalog.all_users.read(count)

    async def apply_to_all_users(self, now: float | None = None) -> int:
        """Delete what is due, as if it were forgotten; returns how many."""
        at, gone = time.time() if now is None else now, 0
        for rule in self._rules(at):
            while found := await self._find(rule):
                by_owner: dict[Owner, list[str]] = {}
                for owner, id in found:
                    by_owner.setdefault(owner, []).append(id)
                for owner, ids in by_owner.items():
                    gone += len(await self.catalog.of(owner).tombstone(ids, at, self.stores))
        return gone

    async def _find(self, rule: _Rule) -> list[tuple[Owner, str]]:
        return await self.catalog.all_users.read(
            lambda rows: rows.memories.before(rule.column, rule.kind, rule.before, BATCH)
        )
