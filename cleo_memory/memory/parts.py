"""What the memory is made of, the work that goes on behind its calls, and how it starts and ends."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from cleo_memory.catalog.entry import Entry
from cleo_memory.catalog.repository import Catalog
from cleo_memory.draft import Draft
from cleo_memory.encryption.keyring import Keyring
from cleo_memory.formation import Extractor, Learner
from cleo_memory.lifecycle.erase import Eraser
from cleo_memory.lifecycle.export import Exporter
from cleo_memory.lifecycle.forget import Forgetter
from cleo_memory.lifecycle.pages import Pages
from cleo_memory.lifecycle.requests import Requests
from cleo_memory.lifecycle.retention import Retention
from cleo_memory.lifecycle.rotation import Rotation
from cleo_memory.records import NO_QUOTA, ErasureEpoch, Owner, Record
from cleo_memory.search.indexes import SearchIndexes
from cleo_memory.session.shadow import ShadowMemory
from cleo_memory.settings import MemorySettings
from cleo_memory.storage.delivery import Delivery
from cleo_memory.storage.payloads import PayloadStore
from cleo_memory.tiering.policy import AccessLog, TierPolicy
from cleo_memory.tiering.worker import Tiering


class MemoryParts:
    """The stores and the workers of one open memory; the calls are in the classes that build on it."""

    def __init__(
        self,
        settings: MemorySettings,
        catalog: Catalog,
        keyring: Keyring,
        payloads: PayloadStore,
        indexes: SearchIndexes,
        extractor: Extractor | None = None,
    ) -> None:
        self.settings, self.catalog, self.keyring = settings, catalog, keyring
        self.payloads, self.indexes = payloads, indexes
        policy = TierPolicy(half_life=settings.half_life)
        self.access = AccessLog(catalog, policy)
        self.shadow = ShadowMemory(keyring.owner)
        self.tiering = Tiering(catalog, payloads, self.access, policy)
        self.deliveries = [Delivery(catalog, payloads, each) for each in payloads.tiers.external]
        self.pages = Pages(catalog, keyring, payloads)
        self.forgetter = Forgetter(catalog, keyring, payloads, indexes, self.shadow.drop, self._deliver)
        self.eraser = Eraser(catalog, keyring, self.deliveries, self._let_go)
        self.exporter = Exporter(catalog, payloads)
        self.rotation = Rotation(catalog, payloads, keyring)
        self.requests = Requests(catalog, keyring, settings.request_hours)
        self.retention = Retention(
            catalog,
            settings.retention,
            payloads.tiers.external_keys,
            self.forgetter.follow,
            self.requests.tidy_for_all_users,
        )
        self.learner = Learner(catalog, keyring, payloads, self._write, extractor)
        self._tasks: list[asyncio.Task[None]] = []

    async def _write(
        self, user: str, draft: Draft, epoch: ErasureEpoch | None = None, answers: str | None = None
    ) -> Record:
        draft.check(self.settings.content_characters)
        quota = self.settings.quota if answers is None else NO_QUOTA
        record = await self.payloads.write(self.keyring.owner(user), draft, epoch=epoch, origin=answers, quota=quota)
        self._deliver()
        return record

    async def _open(self, owner: Owner, entries: Sequence[Entry]) -> list[Record]:
        return (await self.payloads.open(owner, entries)).whole().records()

    def _let_go(self, owner: Owner) -> None:
        """Nothing of an erased user stays in this process."""
        for holder in (self.indexes, self.access, self.keyring, self.shadow):
            holder.drop(owner)

    def _deliver(self) -> None:
        for delivery in self.deliveries:
            delivery.wake.set()

    async def start(self) -> None:
        """Complete what a crash interrupted, then begin the background work."""
        for owner in await self.eraser.unfinished_of_all_users():
            await self.eraser.resume(owner)
        work = [self.indexes.run(), self.access.run(), self.tiering.run(), self.shadow.run()]
        work += [self.eraser.follow_all_users(), *(each.run() for each in self.deliveries)]
        if every := self.settings.retain_every_minutes * 60:
            work.append(self.retention.run(every))
        self._tasks = [asyncio.create_task(each) for each in work]

    async def close(self) -> None:
        """Finish what was acknowledged, end the background work, close the stores. Idempotent."""
        await self.requests.close()
        tasks, self._tasks = self._tasks, []
        pending = set(tasks)
        while pending:  # a client library that swallows a cancellation is cancelled again
            for task in pending:
                task.cancel()
            _, pending = await asyncio.wait(pending, timeout=1.0)
        if tasks:
            await self.access.flush()
        self.indexes.resident.clear()
        await self.payloads.tiers.close()
        await self.catalog.close()
        await self.keyring.store.close()
