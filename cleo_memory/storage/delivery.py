"""Workers that carry out the outbox: one per store outside the catalogue, in the order of acknowledgement.

A job is done at least once. That is enough: stores keep the highest version, and tombstones outrank them all.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Sequence
from contextlib import suppress

from cleo_core.errors import CleoError
from cleo_memory.catalog.leases import Leases
from cleo_memory.catalog.outbox import Job, Outbox
from cleo_memory.catalog.repository import Catalogue
from cleo_memory.errors import BackendDown
from cleo_memory.records import Owner
from cleo_memory.storage.payloads import Custody
from cleo_memory.storage.tiers import Shelf

__all__ = ["Delivery"]

log = logging.getLogger(__name__)
BATCH = 200
POLL = 1.0
LEASE = 30.0


class Delivery:
    """The worker of one shelf."""

    def __init__(self, catalogue: Catalogue, custody: Custody, leases: Leases, shelf: Shelf) -> None:
        self.catalogue, self.custody, self.leases, self.shelf = catalogue, custody, leases, shelf
        self.outbox = Outbox(catalogue.database)
        self.wake = asyncio.Event()

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
                log.warning("Delivery to %s waits: %s", self.shelf.key, error.code)

    async def drain(self) -> int:
        """Do what is due; returns how many jobs were done. Raises: BackendDown when the store is."""
        done = 0
        while await self.leases.take(f"deliver {self.shelf.key}", LEASE):
            jobs = await self.outbox.due_of_all_users(self.shelf.key, BATCH)
            if not jobs:
                await self.leases.release(f"deliver {self.shelf.key}")
                break
            for (owner, action), group in itertools.groupby(jobs, key=lambda job: (job.owner, job.action)):
                batch = list(group)
                await getattr(self, f"_{action}")(owner, batch)
                done += len(batch)
        return done

    async def _put(self, owner: Owner, jobs: Sequence[Job]) -> None:
        assert self.shelf.store is not None
        entries = await self.catalogue.find(owner, {job.id for job in jobs})
        wanted = [job for job in jobs if job.id in entries and entries[job.id].version == job.version]
        current = list({job.id: entries[job.id] for job in wanted}.values())
        try:
            items = await self.custody.reseal(owner, current, self.shelf)
            await self.shelf.store.put(owner, items)
            back = await self.shelf.store.get(owner, [item.id for item in items])
            held = await self.custody.verified(owner, current, self.shelf, back)
        except BackendDown:
            raise
        except CleoError as error:
            if len(jobs) > 1:  # one that does not open holds no other up
                for job in jobs:
                    await self._put(owner, [job])
                return
            log.error("A memory could not be delivered to %s: %s", self.shelf.key, error.code)
            await self.outbox.later(owner, jobs, _backoff(jobs))
            return
        arrived = [job for job in wanted if job.id in held]
        await self.outbox.kept(
            owner,
            arrived,
            self.shelf.key,
            durable=self.shelf.durable and not self.shelf.mirror,
            external_tiers=self.custody.shelves.external_tiers,
        )
        await self.outbox.done(owner, [job for job in jobs if job not in wanted])
        if missing := [job for job in wanted if job.id not in held]:
            # Not to be seen there yet, or not what was put: it is put again, and counts as kept only when it is.
            await self.outbox.later(owner, missing, _backoff(missing))

    async def _tombstone(self, owner: Owner, jobs: Sequence[Job]) -> None:
        assert self.shelf.store is not None
        await self.shelf.store.bury(owner, [job.id for job in jobs])
        await self.outbox.done(owner, jobs)

    async def _drop(self, owner: Owner, jobs: Sequence[Job]) -> None:
        """Delete copies that a move left behind, unless the memory has come back to this shelf meanwhile."""
        assert self.shelf.store is not None
        entries = await self.catalogue.find(owner, {job.id for job in jobs})
        needed = {id for id, entry in entries.items() if self.shelf.key in self.custody.shelves.targets(entry.tier)}
        gone = [job for job in jobs if job.id not in needed]
        await self.outbox.forget_copies(owner, [job.id for job in gone], self.shelf.key)
        await self.shelf.store.drop(owner, {job.id: job.version for job in gone})
        await self.outbox.done(owner, jobs)

    async def _purge(self, owner: Owner, jobs: Sequence[Job]) -> None:
        assert self.shelf.store is not None
        await self.shelf.store.purge(owner)
        await self.outbox.done(owner, jobs)


def _backoff(jobs: Sequence[Job]) -> float:
    return float(min(60.0, 0.2 * 2.0 ** min(max(job.attempts for job in jobs), 10)))
