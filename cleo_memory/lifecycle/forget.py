"""Forgetting memories, one by one or a conversation at a time, everywhere they are or may be quoted."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from cleo_memory.catalog.repository import Catalog
from cleo_memory.draft import plain_id
from cleo_memory.encryption.keyring import Keyring
from cleo_memory.lifecycle.signing import audit
from cleo_memory.records import Deleted, Owner
from cleo_memory.search.indexes import SearchIndexes
from cleo_memory.storage.payloads import THREAD, PayloadStore


class Forgetter:
    def __init__(
        self,
        catalog: Catalog,
        keyring: Keyring,
        payloads: PayloadStore,
        indexes: SearchIndexes,
        end_sessions: Callable[[Owner], None],
        deliver: Callable[[], None],
    ) -> None:
        """`end_sessions`: drops what a session that goes on may hold of it; `deliver`: wakes the outbox."""
        self.catalog, self.keyring, self.payloads, self.indexes = catalog, keyring, payloads, indexes
        self.end_sessions, self.deliver = end_sessions, deliver

    async def forget(self, owner: Owner, ids: Iterable[str]) -> int:
        """Forget memories for good; returns how many there were."""
        wanted = [id for id in ids if plain_id(id)]
        gone = await self.catalog.of(owner).tombstone(wanted, time.time(), self.payloads.tiers.external_keys)
        await self.follow(owner, bool(gone))
        return len(gone)

    async def conversation(self, owner: Owner, conversation: str) -> Deleted:
        """Forget a conversation: its turns, and what was learned from them. A fact comes from the conversation that
        told it first, and goes with that one, also when another one told it again."""
        if (keys := await self.keyring.keys(owner)) is None:
            return Deleted(0, 0)
        thread, stores = keys.blind(THREAD, conversation), self.payloads.tiers.external_keys
        turns, learned = await self.catalog.of(owner).tombstone_thread(thread, time.time(), stores)
        await self.follow(owner, bool(turns or learned))
        if turns or learned:
            await audit("memory.conversation-deleted", owner, turns=len(turns), learned=len(learned))
        return Deleted(len(turns), len(learned))

    async def follow(self, owner: Owner, gone: bool = True) -> None:
        """Take out of sessions, tiers and index what was deleted in the catalogue."""
        self.deliver()
        if gone:
            self.end_sessions(owner)  # it may have been said in a session that goes on
        await self.indexes.forgotten(owner)
