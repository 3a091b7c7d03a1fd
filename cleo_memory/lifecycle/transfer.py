"""Transfer of all memories between backends (`cleo memory migrate`): plan, copy, verify, report; resumes after a kill.

A backend stands for its tier: redis is hot, mongodb warm, postgres (supabase) cold; sqlite holds every tier, and
pinecone mirrors the cold one. A memory goes to the target of its own tier, or else the next colder one, or else the
next hotter one, and the catalogue points there afterwards. The source keeps its copies unless they are to be deleted,
and it always keeps what no durable target holds.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from cleo_core.audit.log import record
from cleo_core.errors import InputError
from cleo_core.progress import Reporter, silent
from cleo_memory.catalog.entry import Entry
from cleo_memory.catalog.repository import Catalog, UserRows
from cleo_memory.errors import BackendDown
from cleo_memory.records import Owner, Tier
from cleo_memory.storage.adapters.embedded import EmbeddedStore
from cleo_memory.storage.payloads import CONTENT, PayloadStore
from cleo_memory.storage.protocol import Sealed
from cleo_memory.storage.tiers import TierStore

__all__ = ["Report", "Transfer"]

BATCH = 200


@dataclass(slots=True)
class Report:
    """`failed` are ids of memories that the source could not give whole; they stay where they are."""

    planned: dict[str, int] = field(default_factory=dict)
    """Memories by target; one that has a shadow or a mirror counts for each."""
    bytes: int = 0
    copied: int = 0
    already: int = 0
    verified: int = 0
    deleted: int = 0
    failed: list[str] = field(default_factory=list)
    seconds: float = 0.0


class Transfer:
    def __init__(
        self, catalog: Catalog, payloads: PayloadStore, source: Sequence[TierStore], targets: Sequence[TierStore]
    ) -> None:
        self.catalog, self.payloads, self.source = catalog, payloads, source
        self.homes = {each.tier: each for each in targets if not each.mirror}
        self.mirrors = [each for each in targets if each.mirror]
        if not self.homes and not self.mirrors:
            raise InputError("A migration needs a target.")

    def destinations(self, entry: Entry) -> list[TierStore]:
        """Where a memory goes, the new home first; its durable shadow and mirrors behind."""
        order = list(Tier)
        start = order.index(Tier(entry.tier))
        homes = [self.homes[tier] for tier in (*order[start:], *order[:start][::-1]) if tier in self.homes]
        if not homes:
            return list(self.mirrors)
        shadow = [] if homes[0].durable else [home for home in homes[1:] if home.durable][:1]
        mirrors = [mirror for mirror in self.mirrors if mirror.tier == homes[0].tier]
        return [homes[0], *shadow, *mirrors]

    async def plan_for_all_users(self) -> Report:
        """What a run would copy; copies nothing."""
        report = Report()
        after = ("", "")
        while page := await self._page(after):
            for _, entry in page:
                report.bytes += entry.bytes
                for place in self.destinations(entry):
                    report.planned[place.key] = report.planned.get(place.key, 0) + 1
            after = (page[-1][0], page[-1][1].id)
        return report

    async def _page(self, after: tuple[str, str]) -> list[tuple[Owner, Entry]]:
        return await self.catalog.all_users.read(lambda rows: rows.memories.page(after, BATCH))

    async def run_for_all_users(self, report_to: Reporter = silent, *, delete_source: bool = False) -> Report:
        """Copy, verify, point the catalogue at the new home. May be called again: what is there is not copied twice.

        Raises:
            BackendDown: what was copied stays copied; the next run goes on from there.
        """
        plan, began, seen, after = await self.plan_for_all_users(), time.monotonic(), 0, ("", "")
        total = await self.catalog.all_users.read(lambda rows: rows.memories.count())
        while page := await self._page(after):
            by_owner: dict[Owner, list[Entry]] = {}
            for owner, entry in page:
                by_owner.setdefault(owner, []).append(entry)
            for owner, found in by_owner.items():
                await self._carry(owner, found, plan, delete_source)
            after = (page[-1][0], page[-1][1].id)
            seen += len(page)
            report_to("memories", seen, total, copied=plan.copied, failed=len(plan.failed))
        plan.seconds = time.monotonic() - began
        await asyncio.to_thread(self._audit, plan, delete_source)
        return plan

    def _audit(self, report: Report, delete_source: bool) -> None:
        targets = [*self.homes.values(), *self.mirrors]
        record(
            "memory.migrated",
            "memory",
            f"{_names(self.source)} to {_names(targets)}",
            **{name: getattr(report, name) for name in ("copied", "already", "verified", "deleted")},
            failed=len(report.failed),
            delete_source=delete_source,
        )

    async def _carry(self, owner: Owner, found: Sequence[Entry], report: Report, delete_source: bool) -> None:
        keys = await self.payloads.keyring.keys(owner, holding=max(entry.key_version for entry in found))
        if keys is None:
            return  # erased meanwhile
        plain = await self._from_source(owner, found)
        held: dict[str, list[TierStore]] = {entry.id: [] for entry in found}
        groups: dict[str, tuple[TierStore, list[Entry]]] = {}
        for entry in found:
            for place in self.destinations(entry):
                groups.setdefault(place.key, (place, []))[1].append(entry)
        for place, wanted in groups.values():
            assert place.store is not None
            ids = [entry.id for entry in wanted]
            there = await self.payloads.verified(owner, wanted, place, await place.store.get(owner, ids))
            missing = [entry for entry in wanted if entry.id not in there and entry.id in plain]
            items = [
                Sealed(each.id, each.version, keys.seal(each.id, CONTENT, place.tier, each.version, plain[each.id]))
                for each in missing
            ]
            await place.store.put(owner, items)
            back = await place.store.get(owner, [entry.id for entry in missing])
            arrived = await self.payloads.verified(owner, missing, place, back)
            report.already += len(there)
            report.copied += len(arrived)
            for entry in wanted:
                if entry.id in there or entry.id in arrived:
                    held[entry.id].append(place)
        for entry in found:
            places = held[entry.id]
            if not places:
                report.failed.append(entry.id)
                continue
            if not await self.catalog.of(owner).write(partial(_point, entry, places)):
                await self._take_back(owner, entry, places)
                continue
            report.verified += 1
            if delete_source and any(place.durable and not place.mirror for place in places):
                report.deleted += await self._delete(owner, entry, places)

    async def _from_source(self, owner: Owner, found: Sequence[Entry]) -> dict[str, bytes]:
        plain: dict[str, bytes] = {}
        for place in self.source:
            missing = [entry for entry in found if entry.id not in plain]
            if missing and place.store is not None:
                kept = await place.store.get(owner, [entry.id for entry in missing])
                plain.update(await self.payloads.verified(owner, missing, place, kept))
        return plain

    async def _take_back(self, owner: Owner, entry: Entry, places: Sequence[TierStore]) -> None:
        if not await self.catalog.of(owner).find([entry.id]):
            for place in places:
                if place.store is not None:
                    await place.store.tombstone(owner, [entry.id])

    async def _delete(self, owner: Owner, entry: Entry, places: Sequence[TierStore]) -> int:
        kept = {place.key for place in places}
        gone = [place for place in self.source if place.key not in kept]
        for place in gone:
            assert place.store is not None
            await self.catalog.of(owner).write(partial(_forget_copy, entry.id, place.key))
            try:
                await place.store.drop(owner, {entry.id: entry.version})
            except BackendDown:
                return 0
        return int(bool(gone))


def _names(places: Sequence[TierStore]) -> str:
    return ",".join(sorted(place.key for place in places))


def _embedded(place: TierStore) -> bool:
    return place.store is None or place.store.name == EmbeddedStore.name


def _point(entry: Entry, places: Sequence[TierStore], rows: UserRows) -> bool:
    """Note the copies and move the pointer; False when the memory was forgotten or changed meanwhile."""
    if not rows.memories.is_current(entry.id, entry.version):
        return False
    home = next((place for place in places if not place.mirror), None)
    for place in places:
        if not _embedded(place):
            rows.copies.note(entry.id, place.key, entry.version, time.time())
    if home is not None:
        rows.memories.point(entry.id, entry.version, home.tier)
        if _embedded(home):
            rows.payloads.drop_but(entry.id, home.tier)
    return True


def _forget_copy(id: str, store: str, rows: UserRows) -> None:
    rows.copies.drop_from(store, [id])
