"""Erasing a user: the keys are destroyed, every row and copy goes, and a signed receipt says so.

Destroying the wrapped keys reaches what nobody can reach by deleting: backups, replicas, logs of other servers. The
deletions make sure that not even the noise stays where we can delete it.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from cleo_core.audit.log import ready
from cleo_core.clock import timestamp
from cleo_core.crypto.dsse import Envelope, sign
from cleo_core.errors import CleoError
from cleo_memory.catalog.repository import Catalog, UserRows
from cleo_memory.draft import moment
from cleo_memory.encryption.keyring import Keyring
from cleo_memory.errors import BackendDown
from cleo_memory.lifecycle.signing import ERASURE, audit, read_signed, signing_key
from cleo_memory.records import Owner, new_id
from cleo_memory.storage.delivery import Delivery

log = logging.getLogger(__name__)
FOLLOWED_EVERY = 2.0  # seconds
RECENT = 3600.0  # seconds; more than the clocks of two processes differ


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was erased; `envelope` is the signed form (DSSE), to be kept by whoever asked for the erasure."""

    id: str
    subject: str
    """Keyed hash of the user's id, as all stores knew the user."""
    erased_at: str
    memories: int
    conversations: int
    keys_destroyed: int
    stores: Mapping[str, str]
    """Stores outside the catalogue: ``purged``, or ``pending`` where one did not answer. What pends is sealed under
    keys that are gone, and is purged when the store is back."""
    envelope: Envelope


def verify_receipt(envelope: Envelope) -> Receipt:
    """Raises: SignatureInvalid, SignatureMissing, UntrustedKey."""
    return Receipt(**read_signed(ERASURE, envelope), envelope=envelope)


class Eraser:
    def __init__(
        self, catalog: Catalog, keyring: Keyring, deliveries: Sequence[Delivery], let_go: Callable[[Owner], None]
    ) -> None:
        """`let_go`: drops whatever this process holds of a user."""
        self.catalog, self.keyring, self.deliveries, self.let_go = catalog, keyring, deliveries, let_go
        self.stores = [each.target.key for each in deliveries]

    async def erase(self, owner: Owner) -> Receipt:
        """Erase a user for good; may be called again."""
        await asyncio.to_thread(ready)  # what fails only afterwards takes the receipt with it
        facts = await self.begin(owner)
        self.let_go(owner)
        for delivery in self.deliveries:
            with suppress(BackendDown):
                await delivery.drain()
        receipt = await self.finish(owner, facts)
        await audit("memory.erased", owner, receipt=receipt.id, memories=receipt.memories)
        return receipt

    async def begin(self, owner: Owner) -> dict[str, Any]:
        """Delete every row and destroy every key; returns what the receipt will state. May be called again."""
        await asyncio.to_thread(signing_key)  # before anything is lost: without a key there is no receipt
        id, now = new_id(), time.time()
        memories, conversations = await self.catalog.of(owner).write(lambda rows: self._delete(rows, id, now))
        versions = await self.keyring.destroy(owner)
        floor = max(versions, default=0)
        # A writer that had read its key before may have committed in between: what it wrote goes too.
        await self.catalog.of(owner).write(lambda rows: self._delete_late(rows, floor))
        await self.catalog.checkpoint()
        return {
            "id": id,
            "subject": str(owner),
            "erased_at": timestamp(moment(now)),
            "memories": memories,
            "conversations": conversations,
            "keys_destroyed": sum(version > 0 for version in versions),
        }

    def _delete(self, rows: UserRows, id: str, now: float) -> tuple[int, int]:
        rows.next_seq()  # the lock first: not while a writer is between its look and its commit
        rows.lift_key_floor(rows.memories.newest_key())
        memories, _ = rows.usage.total()
        conversations = rows.threads.count()
        # A transfer may have put copies where these settings do not reach: there the purge waits until they do.
        stores = sorted({*rows.copies.stores(), *self.stores})
        rows.clear()
        rows.erasures.begin(id, now)
        rows.outbox.add("", 0, "purge", stores)
        return memories, conversations

    def _delete_late(self, rows: UserRows, floor: int) -> None:
        rows.lift_key_floor(floor)
        if rows.memories.any_up_to_key(floor):
            rows.clear()
            rows.outbox.add("", 0, "purge", self.stores)

    async def finish(self, owner: Owner, facts: dict[str, Any]) -> Receipt:
        """Sign the receipt and keep it."""
        waiting = await self.catalog.of(owner).read(lambda rows: rows.outbox.purging())
        stores = {store: "pending" if store in waiting else "purged" for store in sorted(waiting.union(self.stores))}
        key = await asyncio.to_thread(signing_key)
        envelope = sign(ERASURE, {**facts, "stores": stores}, key)
        await self.catalog.of(owner).write(lambda rows: rows.erasures.finish(facts["id"], json.dumps(envelope)))
        return Receipt(**facts, stores=stores, envelope=envelope)

    async def unfinished_of_all_users(self) -> list[Owner]:
        """Erasures that a crash interrupted: their rows are gone, their keys may not be."""
        return await self.catalog.all_users.read(lambda rows: rows.erasures.unfinished())

    async def resume(self, owner: Owner) -> None:
        """Complete an interrupted erasure. Nothing was written since: the floor refuses the key that is to go."""
        await self.finish(owner, await self.begin(owner))
        await self.catalog.of(owner).write(lambda rows: rows.erasures.supersede())

    async def follow_all_users(self) -> None:
        """Let go of each user who is erased from now on, by whatever process, until cancelled: what others erased,
        this process must not keep in memory either."""
        known: set[str] | None = None
        while True:
            try:
                since = time.time() - RECENT
                recent = await self.catalog.all_users.read(lambda rows, since: rows.erasures.since(since), since)
                for id, owner in recent:
                    # What was erased before the first look was never here; what the user wrote after it may be.
                    if known is not None and id not in known:
                        self.let_go(owner)
                known = {id for id, _ in recent}
            except CleoError as error:
                log.warning("Erasures by other processes cannot be followed: %s", error.code)
            await asyncio.sleep(FOLLOWED_EVERY)
