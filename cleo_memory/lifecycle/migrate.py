"""Moving all memories between backends: plan, copy, read back and compare, report. Resumes after a kill.

A backend stands for its tier: redis is hot, mongodb warm, postgres (supabase) cold; sqlite holds every tier, and
pinecone mirrors the cold one. A memory goes to the target of its own tier, or else the next colder one, or else the
next hotter one, and the catalogue points there afterwards. The source keeps its copies unless they are to be deleted,
and it always keeps what no durable target holds.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from cleo_core.audit.log import record
from cleo_core.errors import InputError
from cleo_core.progress import Reporter, silent
from cleo_memory.catalog.database.base import Transaction, fetch
from cleo_memory.catalog.outbox import note_copy
from cleo_memory.catalog.repository import COLUMNS, Catalogue, Entry, entries
from cleo_memory.errors import BackendDown
from cleo_memory.open import open_store, secret
from cleo_memory.records import Owner, Tier
from cleo_memory.settings import POSTGRES, REST, MemorySettings
from cleo_memory.storage.adapters.sqlite import EmbeddedStore
from cleo_memory.storage.payloads import CONTENT, Custody
from cleo_memory.storage.protocol import Sealed, Store
from cleo_memory.storage.tiers import Guarded, Shelf

__all__ = ["NAMES", "Migration", "Report", "open_stores", "shelves_of"]

TIER_OF = {"redis": Tier.HOT, "mongodb": Tier.WARM, "postgres": Tier.COLD, "supabase": Tier.COLD, "pinecone": Tier.COLD}
NAMES = ("sqlite", *TIER_OF)
BATCH = 200


def shelves_of(name: str, catalogue: Catalogue, stores: Mapping[str, Store]) -> list[Shelf]:
    """The places of a backend by its name. Raises: InputError when it is not known or not configured."""
    if name == "sqlite":
        return [Shelf(tier, Guarded(EmbeddedStore(catalogue.database, str(tier)))) for tier in Tier]
    if name not in TIER_OF:
        raise InputError(f"There is no backend {name!r}.", hint=f"One of {', '.join(NAMES)}.")
    if name not in stores:
        setting = "PINECONE_HOST" if name == "pinecone" else TIER_OF[name].upper()
        raise InputError(f"Where is {name}?", hint=f"Say --url {name}=URL, or set CLEO_MEMORY_{setting}.")
    return [Shelf(TIER_OF[name], Guarded(stores[name]), mirror=name == "pinecone")]


async def open_stores(settings: MemorySettings, names: Sequence[str], urls: Mapping[str, str]) -> dict[str, Store]:
    """Stores by name: a URL that was given, or else the one that the settings have for such a backend."""
    opened: dict[str, Store] = {}
    for name in names:
        schemes = (*POSTGRES, *REST) if TIER_OF.get(name) is Tier.COLD else (name,)
        known = [url for url in (settings.hot, settings.warm, settings.cold) if url.startswith(schemes)]
        if name == "pinecone":
            from cleo_memory.storage.adapters.pinecone import PineconeStore

            host = urls.get(name) or settings.pinecone_host
            if host:
                opened[name] = PineconeStore(host, secret(settings.pinecone_api_key))
        elif name != "sqlite" and (url := urls.get(name) or next(iter(known), None)):
            if url.startswith(POSTGRES):
                from cleo_memory.storage.adapters.postgres import install

                await install(url, vectors=settings.vectors == "indexed")
            opened[name] = open_store(url, settings)
    return opened


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


class Migration:
    def __init__(
        self, catalogue: Catalogue, custody: Custody, source: Sequence[Shelf], targets: Sequence[Shelf]
    ) -> None:
        self.catalogue, self.custody, self.source = catalogue, custody, source
        self.homes = {shelf.tier: shelf for shelf in targets if not shelf.mirror}
        self.mirrors = [shelf for shelf in targets if shelf.mirror]
        if not self.homes and not self.mirrors:
            raise InputError("A migration needs a target.")

    def destinations(self, entry: Entry) -> list[Shelf]:
        """Where a memory goes, the new home first; its durable shadow and mirrors behind."""
        order = list(Tier)
        place = order.index(Tier(entry.tier))
        homes = [self.homes[tier] for tier in (*order[place:], *order[:place][::-1]) if tier in self.homes]
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
                for shelf in self.destinations(entry):
                    report.planned[shelf.key] = report.planned.get(shelf.key, 0) + 1
            after = (page[-1][0], page[-1][1].id)
        return report

    async def _page(self, after: tuple[str, str]) -> list[tuple[Owner, Entry]]:
        sql = (
            f"SELECT owner, {', '.join(COLUMNS)} FROM memories WHERE live = 1 "  # noqa: S608 - column names of a dataclass
            "AND (owner > ? OR (owner = ? AND id > ?)) ORDER BY owner, id LIMIT ?"
        )
        rows = await self.catalogue.database.read(partial(fetch, sql, (after[0], after[0], after[1], BATCH)))
        return list(zip((Owner(row[0]) for row in rows), entries(row[1:] for row in rows), strict=True))

    async def run_for_all_users(self, report_to: Reporter = silent, *, delete_source: bool = False) -> Report:
        """Copy, verify, point the catalogue at the new home. May be called again: what is there is not copied twice.

        Raises:
            BackendDown: what was copied stays copied; the next run goes on from there.
        """
        plan, began, seen, after = await self.plan_for_all_users(), time.monotonic(), 0, ("", "")
        total = await self._count()
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

    async def _count(self) -> int:
        rows = await self.catalogue.database.read(partial(fetch, "SELECT count(*) FROM memories WHERE live = 1", ()))
        return int(rows[0][0])

    async def _carry(self, owner: Owner, found: Sequence[Entry], report: Report, delete_source: bool) -> None:
        keys = await self.custody.keyring.keys(owner, holding=max(entry.key_version for entry in found))
        if keys is None:
            return  # erased meanwhile
        plain = await self._from_source(owner, found)
        held: dict[str, list[Shelf]] = {entry.id: [] for entry in found}
        groups: dict[str, tuple[Shelf, list[Entry]]] = {}
        for entry in found:
            for shelf in self.destinations(entry):
                groups.setdefault(shelf.key, (shelf, []))[1].append(entry)
        for shelf, wanted in groups.values():
            assert shelf.store is not None
            ids = [entry.id for entry in wanted]
            there = await self.custody.verified(owner, wanted, shelf, await shelf.store.get(owner, ids))
            missing = [entry for entry in wanted if entry.id not in there and entry.id in plain]
            items = [
                Sealed(each.id, each.version, keys.seal(each.id, CONTENT, shelf.tier, each.version, plain[each.id]))
                for each in missing
            ]
            await shelf.store.put(owner, items)
            back = await shelf.store.get(owner, [entry.id for entry in missing])
            arrived = await self.custody.verified(owner, missing, shelf, back)
            report.already += len(there)
            report.copied += len(arrived)
            for entry in wanted:
                if entry.id in there or entry.id in arrived:
                    held[entry.id].append(shelf)
        for entry in found:
            places = held[entry.id]
            if not places:
                report.failed.append(entry.id)
                continue
            if not await self.catalogue.database.write(partial(self._point, owner, entry, places)):
                await self._take_back(owner, entry, places)
                continue
            report.verified += 1
            if delete_source and any(shelf.durable and not shelf.mirror for shelf in places):
                report.deleted += await self._delete(owner, entry, places)

    async def _from_source(self, owner: Owner, found: Sequence[Entry]) -> dict[str, bytes]:
        plain: dict[str, bytes] = {}
        for shelf in self.source:
            missing = [entry for entry in found if entry.id not in plain]
            if missing and shelf.store is not None:
                kept = await shelf.store.get(owner, [entry.id for entry in missing])
                plain.update(await self.custody.verified(owner, missing, shelf, kept))
        return plain

    def _point(self, owner: Owner, entry: Entry, places: Sequence[Shelf], tx: Transaction) -> bool:
        """Note the copies and move the pointer; False when the memory was forgotten or changed meanwhile."""
        now = time.time()
        alive = "SELECT 1 FROM memories WHERE owner = ? AND id = ? AND version = ? AND live = 1"
        if not tx.execute(alive, (owner, entry.id, entry.version)).fetchone():
            return False
        home = next((shelf for shelf in places if not shelf.mirror), None)
        for shelf in places:
            if not _embedded(shelf):
                note_copy(tx, owner, entry.id, shelf.key, entry.version, now)
        if home is not None:
            tx.execute(
                "UPDATE memories SET tier = ? WHERE owner = ? AND id = ? AND version = ? AND live = 1",
                (home.tier, owner, entry.id, entry.version),
            )
            if _embedded(home):
                tx.execute(
                    "DELETE FROM payloads WHERE owner = ? AND id = ? AND tier <> ?", (owner, entry.id, home.tier)
                )
        return True

    async def _take_back(self, owner: Owner, entry: Entry, places: Sequence[Shelf]) -> None:
        if entry.id not in await self.catalogue.find(owner, [entry.id]):
            for shelf in places:
                if shelf.store is not None:
                    await shelf.store.bury(owner, [entry.id])

    async def _delete(self, owner: Owner, entry: Entry, places: Sequence[Shelf]) -> int:
        kept = {shelf.key for shelf in places}
        gone = [shelf for shelf in self.source if shelf.key not in kept]
        for shelf in gone:
            assert shelf.store is not None
            await self.custody.outbox.forget_copies(owner, [entry.id], shelf.key)
            try:
                await shelf.store.drop(owner, {entry.id: entry.version})
            except BackendDown:
                return 0
        return int(bool(gone))


def _names(shelves: Sequence[Shelf]) -> str:
    return ",".join(sorted(shelf.key for shelf in shelves))


def _embedded(shelf: Shelf) -> bool:
    return shelf.store is not None and isinstance(shelf.store.store, EmbeddedStore)
