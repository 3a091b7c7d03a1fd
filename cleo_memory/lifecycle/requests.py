"""Requests that carry a key of their client's: one that is sent again is not done again, but answered as before.

    remember: the key is written in the commit of the memory itself, so that it holds across crashes and restarts
    once:     the key is claimed, the work is done, its reply kept sealed; a second one waits for the first

A key is bound to its user, and to what was asked with it: another body under it is refused. It is known for
`CLEO_MEMORY_REQUEST_HOURS`. Key and body are kept as keyed hashes. When something of the user is forgotten or edited,
kept replies are cleared, since they may quote it: who asks again is told so, and it is still not done twice.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace

from cleo_core.errors import CleoError
from cleo_memory.catalog.changes import MOST_REQUESTS
from cleo_memory.catalog.repository import Catalog
from cleo_memory.catalog.requests import PENDING, Request
from cleo_memory.catalog.rows import UserRows
from cleo_memory.encryption.keyring import Keyring
from cleo_memory.encryption.user_keys import UserKeys
from cleo_memory.errors import KeyUnavailable, ReplyGone, RequestMismatch, RequestPending
from cleo_memory.records import Owner
from cleo_memory.storage.payloads import CATALOGUE

log = logging.getLogger(__name__)
REQUEST = "request"
LEASE = 30.0  # seconds that a holder is taken to be alive without a sign
PATIENCE = 120.0  # seconds that a second one waits for the first
POLL = 0.2
Work = Callable[[], Awaitable[bytes]]


class Requests:
    def __init__(self, catalog: Catalog, keyring: Keyring, hours: float) -> None:
        self.catalog, self.keyring, self.seconds = catalog, keyring, hours * 3600
        self._running: dict[tuple[Owner, str], tuple[str, asyncio.Task[bytes]]] = {}

    async def named(self, owner: Owner, key: str, body: str) -> Request:
        """A request as it would be kept: under keyed hashes of its key and its body."""
        keys = await self.keyring.keys_or_new(owner)
        now = time.time()
        return Request(
            key=keys.blind(REQUEST, key),
            digest=keys.blind(f"{REQUEST}-body", body),
            state=PENDING,
            holder=self.catalog.leases.holder,
            held_until=now + LEASE,
            memory=None,
            sealed=None,
            created_at=now,
        )

    def known_from(self) -> float:
        """Requests of before this moment are forgotten."""
        return time.time() - self.seconds

    async def find(self, owner: Owner, wanted: Request) -> Request | None:
        """The one that was made under this key. Raises: RequestMismatch when it asked for something else."""
        found = await self.catalog.of(owner).read(lambda rows: rows.requests.find(wanted.key))
        if found is None or found.created_at < self.known_from():
            return None
        return _same(found, wanted)

    async def once(self, owner: Owner, key: str, body: str, work: Work) -> bytes:
        """What `work` gave when it was first done under this key, or gives now. It is done to its end also when the
        caller goes away: the caller who comes back finds it.

        Raises:
            RequestMismatch: something else was asked under this key.
            ReplyGone: what was answered was deleted since.
            RequestPending: another process is still at it.
        """
        wanted = await self.named(owner, key, body)
        place = (owner, wanted.key)
        digest, task = self._running.get(place, ("", None))
        if task is None:
            task = asyncio.create_task(self._do(owner, wanted, work))
            self._running[place] = (wanted.digest, task)
            task.add_done_callback(lambda done: self._ended(place, done))
        elif digest != wanted.digest:
            raise _mismatch()
        return await asyncio.shield(task)

    def _ended(self, place: tuple[Owner, str], done: asyncio.Task[bytes]) -> None:
        del self._running[place]
        if not done.cancelled():
            done.exception()  # nobody may be there any more to be told

    async def _do(self, owner: Owner, wanted: Request, work: Work) -> bytes:
        catalog, end = self.catalog.of(owner), time.monotonic() + PATIENCE
        erasures = await catalog.read(lambda rows: rows.erasures.count())
        while (found := await catalog.write(_claim, wanted, self.known_from())) is not None:
            if found.state != PENDING:
                return await self._reply(owner, found)
            if time.monotonic() > end:
                raise RequestPending("This request is still being answered.", hint="Send it again in a while.")
            await asyncio.sleep(POLL)
        alive = asyncio.create_task(self._stay_alive(owner, wanted))
        try:
            reply = await work()
        except BaseException:
            # It failed: whoever sends it again has it done.
            await asyncio.shield(catalog.write(lambda rows: rows.requests.drop(wanted.key, wanted.holder)))
            raise
        finally:
            alive.cancel()
        await self._keep(owner, wanted, reply, erasures)
        return reply

    async def _keep(self, owner: Owner, wanted: Request, reply: bytes, erasures: int) -> None:
        def keep(rows: UserRows, keys: UserKeys) -> None:
            rows.next_seq()
            if rows.erasures.count() == erasures:
                rows.key_floor.check(keys.current)
                sealed = keys.seal(wanted.key, REQUEST, CATALOGUE, 0, reply)
                rows.requests.finish(wanted.key, wanted.holder, sealed)

        for _ in (1, 2):
            if (keys := await self.keyring.keys(owner)) is None:
                return  # erased meanwhile
            try:
                return await self.catalog.of(owner).write(keep, keys)
            except KeyUnavailable:
                self.keyring.drop(owner)

    async def _reply(self, owner: Owner, found: Request) -> bytes:
        keys = await self.keyring.keys(owner)
        if found.sealed is None or keys is None:
            raise gone()
        return keys.open(found.key, REQUEST, CATALOGUE, 0, found.sealed)

    async def _stay_alive(self, owner: Owner, wanted: Request) -> None:
        while True:
            await asyncio.sleep(LEASE / 3)
            with suppress(CleoError):
                await self.catalog.of(owner).write(_prolong, wanted)

    async def tidy_for_all_users(self) -> None:
        """Forget what is older than a key is known for."""
        before = self.known_from()
        while owners := await self.catalog.all_users.read(lambda rows: rows.requests.owners_before(before, 500)):
            for owner in owners:
                await self.catalog.of(owner).write(lambda rows: rows.requests.bound(before, MOST_REQUESTS))

    async def close(self) -> None:
        """End what is being done."""
        tasks = [task for _, task in self._running.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _claim(rows: UserRows, wanted: Request, known_from: float) -> Request | None:
    """None when it is the caller's to do, else the one that is there."""
    rows.next_seq()  # the lock first: of two at once the second one sees the first
    rows.requests.bound(known_from, MOST_REQUESTS)
    found = rows.requests.find(wanted.key)
    if found is not None:
        _same(found, wanted)
        if found.state != PENDING or found.held_until > time.time():
            return found
    # From now on: it may have waited for another holder since it was named.
    rows.requests.put(replace(wanted, held_until=time.time() + LEASE))
    return None


def _prolong(rows: UserRows, wanted: Request) -> None:
    rows.requests.prolong(wanted.key, wanted.holder, time.time() + LEASE)


def _same(found: Request, wanted: Request) -> Request:
    if found.digest != wanted.digest:
        raise _mismatch()
    return found


def _mismatch() -> RequestMismatch:
    return RequestMismatch("Another request was made under this key.", hint="Give each request a key of its own.")


def gone() -> ReplyGone:
    return ReplyGone("It was done under this key, and what came of it was deleted since.")
