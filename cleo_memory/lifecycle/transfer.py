"""Transfer of all memories between backends (`cleo memory migrate`): plan, copy, verify, report; resumes after a kill.

A backend stands for its tier: redis is hot, mongodb warm, postgres (supabase) cold; sqlite holds every tier, and
pinecone mirrors the cold one. A memory goes to the target of its own tier, or else the next colder one, or else the
next hotter one, and the catalogue points there afterwards. The source keeps its copies unless they are to be deleted,
and it always keeps what no durable target holds.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from cleo_core.errors import InputError
from cleo_core.progress import Reporter, silent
from cleo_memory.catalog.entry import Entry
from cleo_memory.catalog.repository import Catalog, UserRows
from cleo_memory.errors import BackendDown
from cleo_memory.lifecycle.signing import audit
from cleo_memory.records import Owner, Tier
from cleo_memory.storage.adapters.embedded import EmbeddedStore
from cleo_memory.storage.payloads import PayloadStore
from cleo_memory.storage.protocol import Sealed
from cleo_memory.storage.reading import CONTENT
from cleo_memory.storage.tiers import TierStore

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
                for tier_store in self.destinations(entry):
                    report.planned[tier_store.key] = report.planned.get(tier_store.key, 0) + 1
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
        done = {name: getattr(plan, name) for name in ("copied", "already", "verified", "deleted")}
        subject = f"{_names(self.source)} to {_names([*self.homes.values(), *self.mirrors])}"
        await audit("memory.migrated", subject, **done, failed=len(plan.failed), delete_source=delete_source)
        return plan

    async def _carry(self, owner: Owner, found: Sequence[Entry], report: Report, delete_source: bool) -> None:
        keys = await self.payloads.keyring.keys(owner, holding=max(entry.key_version for entry in found))
        if keys is None:
            return  # erased meanwhile
        plain = await self._from_source(owner, found)
        held: dict[str, list[TierStore]] = {entry.id: [] for entry in found}
        groups: dict[str, tuple[TierStore, list[Entry]]] = {}
        for entry in found:
            for tier_store in self.destinations(entry):
                groups.setdefault(tier_store.key, (tier_store, []))[1].append(entry)
        for tier_store, wanted in groups.values():
            assert tier_store.store is not None
            ids = [entry.id for entry in wanted]
            there = await self.payloads.verified(owner, wanted, tier_store, await tier_store.store.get(owner, ids))
            missing = [entry for entry in wanted if entry.id not in there and entry.id in plain]
            items = [
                Sealed(id, version, keys.seal(id, CONTENT, tier_store.tier, version, plain[id]))
                for id, version in ((entry.id, entry.version) for entry in missing)
            ]
            arrived = await self.payloads.put_verified(owner, missing, items, tier_store)
            report.already += len(there)
            report.copied += len(arrived)
            for id in {*there, *arrived}:
                held[id].append(tier_store)
        for entry in found:
            tier_stores = held[entry.id]
            if not tier_stores:
                report.failed.append(entry.id)
                continue
            if not await self.catalog.of(owner).write(_point, entry, tier_stores):
                await self._take_back(owner, entry, tier_stores)
                continue
            report.verified += 1
            if delete_source and any(tier_store.durable and not tier_store.mirror for tier_store in tier_stores):
                report.deleted += await self._delete(owner, entry, tier_stores)

    async def _from_source(self, owner: Owner, found: Sequence[Entry]) -> dict[str, bytes]:
        plain: dict[str, bytes] = {}
        for tier_store in self.source:
            missing = [entry for entry in found if entry.id not in plain]
            if missing and tier_store.store is not None:
                kept = await tier_store.store.get(owner, [entry.id for entry in missing])
                plain.update(await self.payloads.verified(owner, missing, tier_store, kept))
        return plain

    async def _take_back(self, owner: Owner, entry: Entry, tier_stores: Sequence[TierStore]) -> None:
        if not await self.catalog.of(owner).find([entry.id]):
            for tier_store in tier_stores:
                if tier_store.store is not None:
                    await tier_store.store.tombstone(owner, [entry.id])

    async def _delete(self, owner: Owner, entry: Entry, tier_stores: Sequence[TierStore]) -> int:
        kept = {tier_store.key for tier_store in tier_stores}
        gone = [tier_store for tier_store in self.source if tier_store.key not in kept]
        for tier_store in gone:
            assert tier_store.store is not None
            await self.catalog.of(owner).write(lambda rows, key: rows.copies.drop_from(key, [entry.id]), tier_store.key)
            try:
                await tier_store.store.drop(owner, {entry.id: entry.version})
            except BackendDown:
                return 0
        return int(bool(gone))


def _names(tier_stores: Sequence[TierStore]) -> str:
    return ",".join(sorted(tier_store.key for tier_store in tier_stores))


def _embedded(tier_store: TierStore) -> bool:
    return tier_store.store is None or tier_store.store.name == EmbeddedStore.name


def _point(rows: UserRows, entry: Entry, tier_stores: Sequence[TierStore]) -> bool:
    """Note the copies and move the pointer; False when the memory was forgotten or changed meanwhile."""
    if not rows.memories.is_current(entry.id, entry.version):
        return False
    home = next((tier_store for tier_store in tier_stores if not tier_store.mirror), None)
    for tier_store in tier_stores:
        if not _embedded(tier_store):
            rows.copies.note(entry.id, tier_store.key, entry.version, time.time())
    if home is not None:
        rows.memories.point(entry.id, entry.version, home.tier)
        if _embedded(home):
            rows.payloads.drop_but(entry.id, home.tier)
    return True
