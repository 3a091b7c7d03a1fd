"""Putting right and taking back: a memory edited, pinned or forgotten, a preference unset, a conversation deleted."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import datetime

from cleo_memory.draft import KEEP, Edit, Keep, plain_id, seconds
from cleo_memory.errors import MemoryNotFound
from cleo_memory.memory.parts import MemoryParts
from cleo_memory.records import Deleted, Kind, Record


class Changing(MemoryParts):
    async def edit(
        self,
        user: str,
        id: str,
        *,
        content: str | None = None,
        importance: float | None = None,
        expires_at: datetime | Keep | None = KEEP,
    ) -> Record:
        """Put a memory right: a new version in its place; when it was said or became true stays.

        When this returns the old text is in no answer; it leaves every tier, index and kept reply.

        Raises:
            MemoryNotFound: the user has no such memory.
            InvalidMemory: it is a turn of a conversation, or what is handed in cannot be kept.
        """
        owner = self.keyring.owner(user)
        if not plain_id(id):
            raise MemoryNotFound(f"There is no memory {id!r}.")
        change = Edit(content=content, importance=importance, expires_at=expires_at)
        record = await self.payloads.edit(owner, id, change, self.settings.content_characters, self.settings.quota)
        await self.forgetter.follow(owner)
        return record

    async def unset(self, user: str, key: str, *, at: datetime | None = None) -> Record | None:
        """End a preference: from that moment, now by default, nothing holds under the key until it is set again.

        Returns what held until then, None when nothing did. It stays on record as past.
        """
        owner = self.keyring.owner(user)
        if (keys := await self.keyring.keys(owner)) is None:
            return None
        then = time.time() if at is None else seconds(at)
        ended = await self.payloads.end(owner, keys, Kind.PREFERENCE, key, then)
        return ended[-1] if ended else None

    async def pin(self, user: str, id: str, pinned: bool = True) -> None:
        """Keep a memory in its tier whatever its score. Raises: MemoryNotFound."""
        if not await self.catalog.of(self.keyring.owner(user)).write(lambda rows: rows.memories.pin(id, pinned)):
            raise MemoryNotFound(f"There is no memory {id!r}.")

    async def forget(self, user: str, ids: str | Iterable[str]) -> int:
        """Forget memories for good, everywhere; returns how many there were."""
        return await self.forgetter.forget(self.keyring.owner(user), [ids] if isinstance(ids, str) else list(ids))

    async def delete_conversation(self, user: str, conversation: str) -> Deleted:
        """Forget a conversation for good: all its turns, and what was learned from them (by provenance).

        A reply that is just being made in it is not kept either. Returns how much there was; a conversation that is
        not there is nothing.
        """
        return await self.forgetter.conversation(self.keyring.owner(user), conversation)
