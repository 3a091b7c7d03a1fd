"""Reading a user's memories page by page: all of them, the turns of one conversation, the list of conversations."""

from __future__ import annotations

import time

from cleo_memory.catalog.holding import Selection
from cleo_memory.catalog.repository import Catalog
from cleo_memory.draft import moment, page_size, position_of, thread_cursor, thread_position
from cleo_memory.encryption.envelope import key_version_of
from cleo_memory.encryption.keyring import Keyring
from cleo_memory.errors import InvalidMemory
from cleo_memory.records import Conversation, Owner, Page, Record, Turns
from cleo_memory.storage.payloads import CATALOGUE, THREAD, PayloadStore

TURNS = 50


class Pages:
    def __init__(self, catalog: Catalog, keyring: Keyring, payloads: PayloadStore) -> None:
        self.catalog, self.keyring, self.payloads = catalog, keyring, payloads

    async def memories(self, owner: Owner, chosen: Selection, first: int, after: str | None) -> Page[Record]:
        """Kept memories, the last written first."""
        start, size = None if after is None else position_of(after), page_size(first)
        catalog, now = self.catalog.of(owner), time.time()
        found = await catalog.read(lambda rows: rows.memories.page(size, start, chosen, now))
        end = str(found[-1].position) if len(found) == first else None
        return Page((await self.payloads.open(owner, found)).whole().records(), end)

    async def turns(
        self,
        owner: Owner,
        conversation: str,
        first: int | None,
        after: str | None,
        last: int | None,
        before: str | None,
    ) -> Turns:
        """A stretch of a conversation: `first` turns behind a cursor, or the `last` in front of one."""
        forward = first is not None or after is not None
        if forward and (last is not None or before is not None):
            raise InvalidMemory("A page goes one way.", hint="Give first and after, or last and before.")
        wanted = first if forward else last
        size = page_size(TURNS if wanted is None else wanted)
        if (keys := await self.keyring.keys(owner)) is None:
            return Turns([], [], earlier=False, later=False)
        thread, now, catalog = keys.blind(THREAD, conversation), time.time(), self.catalog.of(owner)
        cursor = after if forward else before
        place = None if cursor is None else position_of(cursor)
        if forward:
            found = await catalog.read(lambda rows: rows.memories.turns_after(thread, place or 0, size + 1, now))
            more, found = len(found) > size, found[:size]
        else:
            found = await catalog.read(lambda rows: rows.memories.turns_before(thread, place, size + 1, now))
            more, found = len(found) > size, found[-size:]
        # What lies the other way: from the page, or where it is empty from its cursor, the turn of which is in neither.
        if forward:
            edge = found[0].position if found else (place or 0) + 1
            behind = bool(await catalog.read(lambda rows: rows.memories.turns_before(thread, edge, 1, now)))
        else:
            edge = found[-1].position if found else (place or 0) - 1
            behind = bool(await catalog.read(lambda rows: rows.memories.turns_after(thread, edge, 1, now)))
        opened = (await self.payloads.open(owner, found)).whole()
        kept = [entry for id, entry in opened.entries.items() if id in opened.payloads]
        earlier, later = (behind, more) if forward else (more, behind)
        return Turns(opened.records(), [str(entry.position) for entry in kept], earlier=earlier, later=later)

    async def conversations(self, owner: Owner, first: int, after: str | None) -> Page[Conversation]:
        """Conversations of which a turn is kept, the last used first."""
        start, size = None if after is None else thread_position(after), page_size(first)
        catalog, now = self.catalog.of(owner), time.time()
        rows = await catalog.read(lambda tables: tables.threads.page(size, start))
        newest = max((key_version_of(row.sealed_name) for row in rows), default=None)
        if newest is None or (keys := await self.keyring.keys(owner, holding=newest)) is None:
            return Page([], None)
        threads = [row.thread for row in rows]
        turns = await catalog.read(lambda tables: tables.memories.turn_counts(threads, now))
        items = [
            Conversation(
                id=keys.open(row.thread, THREAD, CATALOGUE, 0, row.sealed_name).decode(),
                turns=turns[row.thread],
                created_at=moment(row.created_at),
                updated_at=moment(row.updated_at),
            )
            for row in rows
            if row.thread in turns
        ]
        return Page(items, thread_cursor(rows[-1].updated_at, rows[-1].thread) if len(rows) == first else None)
