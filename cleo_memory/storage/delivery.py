"""Workers that carry out the outbox: one per store outside the catalogue, in the order of acknowledgement.

A job is done at least once. That is enough: stores keep the highest version, and tombstones outrank them all.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from collections.abc import Sequence
from contextlib import suppress

from cleo_core.errors import CleoError
from cleo_memory.catalog.outbox import Job
from cleo_memory.catalog.repository import Catalog, UserRows
from cleo_memory.errors import BackendDown
from cleo_memory.records import Owner
from cleo_memory.storage.payloads import PayloadStore
from cleo_memory.storage.protocol import Store
from cleo_memory.storage.tiers import TierStore

log = logging.getLogger(__name__)
BATCH = 200
POLL = 1.0
LEASE = 30.0


class Delivery:
    """The worker of one store."""

    def __init__(self, catalog: Catalog, payloads: PayloadStore, target: TierStore) -> None:
        assert target.store is not None
        self.catalog, self.payloads, self.target = catalog, payloads, target
        self.store: Store = target.store
        self.wake = asyncio.Event()
        self._actions = {"put": self._put, "tombstone": self._tombstone, "drop": self._drop, "purge": self._purge}

    async def run(self) -> None:
        wait = POLL
        while True:
            # Not wait_for: in Python 3.11 that can swallow a cancellation that comes with the event.
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self.wake.wait()
            self.wake.clear()
            try:
                await self.drain()
                wait = POLL
            except CleoError as error:
                # The store is down: nothing is skipped, so what follows keeps its order.
                wait = min(30.0, wait * 2)
                log.warning("Delivery to %s waits: %s", self.target.key, error.code)

    async def drain(self) -> int:
        """Do what is due; returns how many jobs were done. Raises: BackendDown when the store is."""
        done, lease = 0, f"deliver {self.target.key}"
        while await self.catalog.leases.take(lease, LEASE):
            jobs = await self.catalog.all_users.read(lambda rows: rows.outbox.due(self.target.key, time.time(), BATCH))
            if not jobs:
                await self.catalog.leases.release(lease)
                break
            for (owner, action), group in itertools.groupby(jobs, key=lambda job: (job.owner, job.action)):
                batch = list(group)
                await self._actions[action](owner, batch)
                done += len(batch)
        return done

    async def _done(self, owner: Owner, jobs: Sequence[Job]) -> None:
        await self.catalog.of(owner).write(lambda rows: rows.outbox.done(jobs))

    async def _later(self, owner: Owner, jobs: Sequence[Job]) -> None:
        await self.catalog.of(owner).write(lambda rows: rows.outbox.later(jobs, _again(jobs)))

    async def _put(self, owner: Owner, jobs: Sequence[Job]) -> None:
        entries = await self.catalog.of(owner).find({job.id for job in jobs})
        wanted = [job for job in jobs if job.id in entries and entries[job.id].version == job.version]
        current = list({job.id: entries[job.id] for job in wanted}.values())
        try:
            items = await self.payloads.reseal(owner, current, self.target)
            held = await self.payloads.put_verified(owner, current, items, self.target)
        except BackendDown:
            raise
        except CleoError as error:
            if len(jobs) > 1:  # one that does not open holds no other up
                for job in jobs:
                    await self._put(owner, [job])
                return
            log.error("A memory could not be delivered to %s: %s", self.target.key, error.code)
            await self._later(owner, jobs)
            return
        await self._kept(owner, [job for job in wanted if job.id in held])
        await self._done(owner, [job for job in jobs if job not in wanted])
        if missing := [job for job in wanted if job.id not in held]:
            # Not to be seen there yet, or not what was put: it is put again, and counts as kept only when it is.
            await self._later(owner, missing)

    async def _kept(self, owner: Owner, jobs: Sequence[Job]) -> None:
        """Copies of these were verified: note them. Where the copy lasts, the catalogue's own copy of a memory that
        belongs outside may go; not before."""
        lasting = self.target.durable and not self.target.mirror
        outside = self.payloads.tiers.external_tiers if lasting else []

        def work(rows: UserRows) -> None:
            now = time.time()
            for job in jobs:
                if rows.memories.is_current(job.id, job.version):
                    rows.copies.note(job.id, self.target.key, job.version, now)
                    if outside:
                        rows.payloads.release(job.id, job.version, outside)
            rows.outbox.done(jobs)

        await self.catalog.of(owner).write(work)

    async def _tombstone(self, owner: Owner, jobs: Sequence[Job]) -> None:
        await self.store.tombstone(owner, [job.id for job in jobs])
        await self._done(owner, jobs)

    async def _drop(self, owner: Owner, jobs: Sequence[Job]) -> None:
        """Delete copies that a move left behind, unless the memory has come back to this tier meanwhile."""
        entries = await self.catalog.of(owner).find({job.id for job in jobs})
        needed = {id for id, entry in entries.items() if self.target.key in self.payloads.tiers.targets(entry.tier)}
        gone = {job.id: job.version for job in jobs if job.id not in needed}
        await self.catalog.of(owner).write(lambda rows: rows.copies.drop_from(self.target.key, gone))
        await self.store.drop(owner, gone)
        await self._done(owner, jobs)

    async def _purge(self, owner: Owner, jobs: Sequence[Job]) -> None:
        await self.store.purge(owner)
        await self._done(owner, jobs)


def _again(jobs: Sequence[Job]) -> float:
    """When to try these next: later with every attempt."""
    return time.time() + min(60.0, 0.2 * 2.0 ** min(max(job.attempts for job in jobs), 10))
