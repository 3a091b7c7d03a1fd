"""Retention: the only thing that deletes a memory that nobody asked to forget."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from cleo_memory.catalog.memories import AllMemories
from cleo_memory.catalog.repository import Catalog
from cleo_memory.records import Kind, Owner

__all__ = ["Due", "Retention"]

BATCH = 500


@dataclass(frozen=True, slots=True)
class Due:
    """Memories of a kind that are due, and why."""

    kind: str
    memories: int
    why: str


@dataclass(frozen=True, slots=True)
class _Rule:
    """Memories of a kind go when a moment of theirs is before another."""

    kind: str
    why: str
    count: Callable[[AllMemories, str, float], int]
    find: Callable[[AllMemories, str, float, int], list[tuple[Owner, str]]]
    before: float


class Retention:
    def __init__(self, catalog: Catalog, days: Mapping[Kind, float | None], stores: Sequence[str]) -> None:
        self.catalog, self.days, self.stores = catalog, days, stores

    def _rules(self, now: float) -> Iterator[_Rule]:
        for kind in Kind:
            yield _Rule(kind, "expired", AllMemories.count_expired, AllMemories.expired, now)
        for kind, days in self.days.items():
            if days is not None:
                why = f"older than {days:g} days"
                yield _Rule(kind, why, AllMemories.count_created, AllMemories.created, now - days * 86400)

    async def plan_for_all_users(self, now: float | None = None) -> list[Due]:
        """What would be deleted; deletes nothing."""
        rules = list(self._rules(time.time() if now is None else now))
        counts = await self.catalog.all_users.read(
            lambda rows: [rule.count(rows.memories, rule.kind, rule.before) for rule in rules]
        )
        return [Due(rule.kind, count, rule.why) for rule, count in zip(rules, counts, strict=True) if count]

    async def apply_to_all_users(self, now: float | None = None) -> int:
        """Delete what is due, as if it were forgotten; returns how many."""
        at = time.time() if now is None else now
        gone = 0
        for rule in self._rules(at):
            while found := await self._find(rule):
                by_owner: dict[Owner, list[str]] = {}
                for owner, id in found:
                    by_owner.setdefault(owner, []).append(id)
                for owner, ids in by_owner.items():
                    gone += len(await self.catalog.of(owner).tombstone(ids, at, self.stores))
        return gone

    async def _find(self, rule: _Rule) -> list[tuple[Owner, str]]:
        return await self.catalog.all_users.read(lambda rows: rule.find(rows.memories, rule.kind, rule.before, BATCH))
