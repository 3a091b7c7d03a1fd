"""Reading without a question: by id, page by page, the turns of a conversation, preferences, counts."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection
from datetime import datetime

from cleo_memory.catalog.holding import Selection
from cleo_memory.draft import kind_of, page_size, plain_id, seconds
from cleo_memory.errors import MemoryNotFound
from cleo_memory.memory.parts import MemoryParts
from cleo_memory.records import Conversation, Kind, Page, Record, Stats, Turns
from cleo_memory.search import approximate_tokens
from cleo_memory.storage.payloads import THREAD


class Reading(MemoryParts):
    async def recall(self, user: str, id: str) -> Record:
        """One memory by its id. Raises: MemoryNotFound."""
        owner = self.keyring.owner(user)
        found = await self.catalog.of(owner).find([id]) if plain_id(id) else {}
        records = await self._open(owner, list(found.values()))
        if not records:
            raise MemoryNotFound(f"There is no memory {id!r}.")
        self.access.note(owner, found.values())
        return records[0]

    async def memories(
        self,
        user: str,
        *,
        kinds: Collection[Kind | str] | None = None,
        first: int = 50,
        after: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        at: datetime | None = None,
    ) -> Page[Record]:
        """All memories that are kept, superseded ones among them, the last written first.

        Args:
            since, until: said or true at or after, before.
            at: only what held at this moment.

        Raises:
            InvalidMemory: a cursor that no page gave, a time without a zone.
        """
        chosen = Selection(
            kinds=None if kinds is None else frozenset(str(kind_of(kind)) for kind in kinds),
            since=None if since is None else seconds(since),
            until=None if until is None else seconds(until),
            at=None if at is None else seconds(at),
        )
        return await self.pages.memories(self.keyring.owner(user), chosen, first, after)

    async def turns(
        self,
        user: str,
        conversation: str,
        *,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> Turns:
        """A stretch of a conversation, oldest first: the `first` turns behind a cursor, or the `last` in front of one.

        Without any of them the last fifty. Pages meet every turn once, also while others are added.

        Raises:
            InvalidMemory: both ways at once, or a cursor that no page gave.
        """
        return await self.pages.turns(self.keyring.owner(user), conversation, first, after, last, before)

    async def window(self, user: str, conversation: str, *, turns: int = 20, tokens: int | None = None) -> list[Record]:
        """The last turns of a conversation, oldest first: at most `turns`, and `tokens` if given."""
        owner = self.keyring.owner(user)
        if (keys := await self.keyring.keys(owner)) is None:
            return []
        thread, size, now = keys.blind(THREAD, conversation), page_size(turns), time.time()
        found = await self.catalog.of(owner).read(lambda rows: rows.memories.window(thread, size, now))
        records = await self._open(owner, found)
        if tokens is None:
            return records
        kept, used = len(records), 0
        while kept and (used := used + approximate_tokens(records[kept - 1].content)) <= tokens:
            kept -= 1
        return records[kept:]

    async def conversations(self, user: str, first: int = 20, after: str | None = None) -> Page[Conversation]:
        """The user's conversations, the last used first."""
        return await self.pages.conversations(self.keyring.owner(user), first, after)

    async def preferences(self, user: str, *, at: datetime | None = None) -> dict[str, Record]:
        """Preferences by key, as they stood at a moment (now by default)."""
        owner = self.keyring.owner(user)
        then = time.time() if at is None else seconds(at)
        now = time.time()
        found = await self.catalog.of(owner).read(lambda rows: rows.memories.preferences(then, now))
        opened = (await self.payloads.open(owner, found)).reached()  # one that was changed does not hold
        return {record.key: record for record in opened.records() if record.key is not None}

    async def stats(self, user: str) -> Stats:
        """Counts and bytes of what is kept, by kind and by tier."""
        catalog, now = self.catalog.of(self.keyring.owner(user)), time.time()
        counts, conversations = await catalog.read(
            lambda rows: (rows.memories.counts(now), rows.memories.conversations(now))
        )
        kinds, tiers = Counter[str](), Counter[str]()
        for kind, tier, memories, _ in counts:
            kinds[kind] += memories
            tiers[tier] += memories
        size = sum(size for *_, size in counts)
        return Stats(memories=kinds.total(), bytes=size, kinds={**kinds}, tiers={**tiers}, conversations=conversations)
