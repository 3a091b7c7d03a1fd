"""The one face of the memory: what an application calls. Every call names the user it is about."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from cleo_core import clock
from cleo_memory.catalog.entry import Entry
from cleo_memory.catalog.repository import Catalog
from cleo_memory.draft import (
    Draft,
    check_query,
    kind_of,
    moment,
    page_size,
    plain_id,
    position_of,
    seconds,
    thread_cursor,
    thread_position,
    unexpired,
)
from cleo_memory.encryption.envelope import key_version_of
from cleo_memory.encryption.keyring import Keyring
from cleo_memory.errors import MemoryNotFound
from cleo_memory.lifecycle.erase import Eraser, Receipt
from cleo_memory.lifecycle.export import Exporter, Manifest
from cleo_memory.lifecycle.retention import Retention
from cleo_memory.lifecycle.rotation import Rotation
from cleo_memory.records import Conversation, ErasureEpoch, Hit, Hits, Kind, Owner, Page, Record, Stats
from cleo_memory.search import Context, Filter, approximate_tokens, build_context
from cleo_memory.search.indexes import SearchIndexes, damaged_reason
from cleo_memory.session.shadow import ShadowMemory
from cleo_memory.settings import MemorySettings
from cleo_memory.storage.delivery import Delivery
from cleo_memory.storage.payloads import CATALOGUE, THREAD, PayloadStore
from cleo_memory.tiering.policy import AccessLog, TierPolicy
from cleo_memory.tiering.worker import Tiering


class Memory:
    """Opened with `open_memory`."""

    def __init__(
        self,
        settings: MemorySettings,
        catalog: Catalog,
        keyring: Keyring,
        payloads: PayloadStore,
        indexes: SearchIndexes,
    ) -> None:
        self.settings, self.catalog, self.keyring = settings, catalog, keyring
        self.payloads, self.indexes = payloads, indexes
        policy = TierPolicy(half_life=settings.half_life)
        self.access = AccessLog(catalog, policy)
        self.shadow = ShadowMemory(keyring.owner)
        self.tiering = Tiering(catalog, payloads, self.access, policy)
        self.deliveries = [Delivery(catalog, payloads, each) for each in payloads.tiers.external]
        self.eraser = Eraser(catalog, keyring, self.deliveries, self._let_go)
        self.exporter = Exporter(catalog, payloads)
        self.rotation = Rotation(catalog, payloads, keyring)
        self.retention = Retention(catalog, settings.retention, payloads.tiers.external_keys)
        self._tasks: list[asyncio.Task[None]] = []

    async def remember(
        self,
        user: str,
        content: str,
        *,
        kind: Kind | str = Kind.EPISODIC,
        importance: float = 0.5,
        conversation: str | None = None,
        speaker: str | None = None,
        at: datetime | None = None,
        expires_at: datetime | None = None,
        provenance: Mapping[str, str] | None = None,
        pinned: bool = False,
    ) -> Record:
        """Keep a memory. When this returns it is on the disk, sealed, and every later search knows it.

        Args:
            importance: 0 to 1; what matters stays in a quick tier longer.
            at: when it was said or became true; now by default.
            provenance: where it came from, small texts by name.

        Raises:
            InvalidUser, InvalidMemory: what was handed in cannot be kept.
            StorageFault: nothing was written.
        """
        draft = Draft(
            kind=kind_of(kind),
            content=content,
            importance=importance,
            conversation=conversation,
            speaker=speaker,
            at=at,
            expires_at=expires_at,
            provenance=provenance or {},
            pinned=pinned,
        )
        return await self._write(user, draft)

    async def append(
        self,
        user: str,
        conversation: str,
        role: str,
        content: str,
        *,
        at: datetime | None = None,
        provenance: Mapping[str, str] | None = None,
        epoch: ErasureEpoch | None = None,
    ) -> Record:
        """Add a turn to a conversation, which begins with its first turn. `role` is who speaks.

        Args:
            epoch: what `epoch` gave when the work on this turn began: it is not kept if the user was erased since.

        Raises:
            UserErased: another epoch of the user has begun; nothing was written.
        """
        draft = Draft(
            kind=Kind.CONVERSATION,
            content=content,
            conversation=conversation,
            speaker=role,
            at=at,
            provenance=provenance or {},
        )
        return await self._write(user, draft, epoch)

    async def epoch(self, user: str) -> ErasureEpoch:
        """What of the user was deleted so far: each erasure, by whatever process, begins another epoch."""
        erasures = await self.catalog.of(self.keyring.owner(user)).read(lambda rows: rows.erasures.count())
        return ErasureEpoch(erasures, self.shadow.forgotten(user))

    async def prefer(
        self,
        user: str,
        key: str,
        value: str,
        *,
        at: datetime | None = None,
        provenance: Mapping[str, str] | None = None,
    ) -> Record:
        """Set a preference. What it was before stays on record, valid until this one begins."""
        draft = Draft(kind=Kind.PREFERENCE, content=value, key=key, importance=0.8, at=at, provenance=provenance or {})
        return await self._write(user, draft)

    async def _write(self, user: str, draft: Draft, epoch: ErasureEpoch | None = None) -> Record:
        draft.check(self.settings.content_bytes)
        record = await self.payloads.write(self.keyring.owner(user), draft, epoch=epoch)
        self._deliver()
        return record

    async def pin(self, user: str, id: str, pinned: bool = True) -> None:
        """Keep a memory in its tier whatever its score. Raises: MemoryNotFound."""
        if not await self.catalog.of(self.keyring.owner(user)).write(lambda rows: rows.memories.pin(id, pinned)):
            raise MemoryNotFound(f"There is no memory {id!r}.")

    async def forget(self, user: str, ids: str | Iterable[str]) -> int:
        """Forget memories for good, everywhere; returns how many there were."""
        owner = self.keyring.owner(user)
        wanted = [ids] if isinstance(ids, str) else list(ids)
        stores = self.payloads.tiers.external_keys
        gone = await self.catalog.of(owner).tombstone([id for id in wanted if plain_id(id)], time.time(), stores)
        self._deliver()
        if gone:
            self.shadow.forget(user)  # it may have been said in a session that goes on
        await self.indexes.forgotten(owner)
        return len(gone)

    async def recall(self, user: str, id: str) -> Record:
        """One memory by its id. Raises: MemoryNotFound."""
        owner = self.keyring.owner(user)
        found = await self.catalog.of(owner).find([id]) if plain_id(id) else {}
        entries = [entry for entry in found.values() if unexpired(entry.expires_at)]
        records = await self._open(owner, entries)
        if not records:
            raise MemoryNotFound(f"There is no memory {id!r}.")
        self.access.note(owner, found.values())
        return records[0]

    async def _open(self, owner: Owner, entries: Sequence[Entry]) -> list[Record]:
        return (await self.payloads.open(owner, entries)).whole().records()

    async def search(
        self,
        user: str,
        query: str,
        *,
        limit: int = 10,
        kinds: Collection[Kind | str] | None = None,
        conversations: Collection[str] | None = None,
        speakers: Collection[str] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        at: datetime | None = None,
    ) -> Hits:
        """The memories that bear most on a query, best first, each with the parts of its score.

        A score compares the memories of one answer with each other; it does not say how well the best one fits.

        Args:
            since, until: said at or after, said before.
            at: as things stood at this moment; now by default.
        """
        owner = self.keyring.owner(user)
        if not check_query(query).strip():
            return Hits()
        where = Filter(
            kinds=None if kinds is None else {str(kind_of(kind)) for kind in kinds},
            conversations=conversations,
            speakers=speakers,
            since=None if since is None else seconds(since),
            until=None if until is None else seconds(until),
            valid_at=time.time() if at is None else seconds(at),
        )
        matches, reasons = await self.indexes.search(owner, query, page_size(limit), where)
        found = await self.catalog.of(owner).find([match.id for match in matches])
        opened = await self.payloads.open(owner, list(found.values()))
        records = {record.id: record for record in opened.records()}
        self.access.note(owner, found.values())
        hits = Hits(Hit(records[match.id], match.score, match.parts) for match in matches if match.id in records)
        reasons += [why for id in sorted(opened.damaged) if (why := damaged_reason(id)) not in reasons]
        for store in sorted(opened.down):
            reasons.append(f"{store} does not answer: {len(found) - len(records)} memories found are out of reach")
        hits.degraded = tuple(reasons)
        return hits

    async def nearest(self, user: str, query: str, *, limit: int = 10) -> Hits:
        """The cold memories nearest in meaning, asked of the store that is given vectors (``vectors=indexed``).

        Loads no index of the user: for one with very many memories who is seldom here. Weaker than `search`: it knows
        no words, and only what is cold and still holds.

        Raises:
            ConfigError: the settings keep vectors sealed, or no cold store can search them.
            BackendDown: that store does not answer.
        """
        owner = self.keyring.owner(user)
        store = self.payloads.tiers.searchable
        found = await self.indexes.nearest(owner, check_query(query), page_size(limit), store)
        entries = await self.catalog.of(owner).find([id for id, _ in found])
        now = time.time()
        held = [each for each in entries.values() if unexpired(each.expires_at) and (each.valid_to or now + 1) > now]
        records = {each.id: each for each in await self._open(owner, held)}
        self.access.note(owner, held)
        return Hits(Hit(records[id], score, {"vector": score}) for id, score in found if id in records)

    async def context(
        self,
        user: str,
        query: str,
        token_budget: int,
        *,
        conversation: str | None = None,
        turns: int = 12,
        kinds: Collection[Kind | str] | None = None,
        limit: int = 20,
        least: float = 0.0,
        count: Callable[[str], int] = approximate_tokens,
    ) -> Context:
        """What a model is shown: the last turns of the conversation, and notes within a budget: the user's preferences
        and what a search finds, each with a citation that says why it is there.

        Args:
            turns, limit: the most turns shown, and memories searched for.
            least: share of the best score below which a memory is not shown.
            count: tokens of a text, by the model's tokenizer.
        """
        recent = await self.window(user, conversation, turns=turns) if conversation else []
        hits = await self.search(user, query, limit=limit, kinds=kinds)
        with_preferences = kinds is None or Kind.PREFERENCE in map(kind_of, kinds)
        build = partial(
            build_context,
            hits,
            token_budget=token_budget,
            preferences=await self.preferences(user) if with_preferences else {},
            recent=recent,
            least=least,
            now=clock.now(),
            count=count,
            degraded=hits.degraded,
        )
        return await asyncio.to_thread(build)

    async def memories(
        self, user: str, *, kinds: Collection[Kind | str] | None = None, first: int = 50, after: str | None = None
    ) -> Page[Record]:
        """All memories, the last written first. Raises: InvalidMemory for a cursor that no page gave."""
        owner = self.keyring.owner(user)
        wanted = None if kinds is None else {str(kind_of(kind)) for kind in kinds}
        start = None if after is None else position_of(after)
        size, now = page_size(first), time.time()
        found = await self.catalog.of(owner).read(lambda rows: rows.memories.page(size, start, wanted, now))
        end = str(found[-1].position) if len(found) == first else None
        return Page(await self._open(owner, found), end)

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
        owner = self.keyring.owner(user)
        start = None if after is None else thread_position(after)
        size = page_size(first)
        rows = await self.catalog.of(owner).read(lambda tables: tables.threads.page(size, start))
        newest = max((key_version_of(row.sealed_name) for row in rows), default=None)
        if newest is None or (keys := await self.keyring.keys(owner, holding=newest)) is None:
            return Page([], None)
        items = [
            Conversation(
                id=keys.open(row.thread, THREAD, CATALOGUE, 0, row.sealed_name).decode(),
                turns=row.turns,
                created_at=moment(row.created_at),
                updated_at=moment(row.updated_at),
            )
            for row in rows
        ]
        return Page(items, thread_cursor(rows[-1].updated_at, rows[-1].thread) if len(rows) == first else None)

    async def preferences(self, user: str, *, at: datetime | None = None) -> dict[str, Record]:
        """Preferences by key, as they stood at a moment (now by default)."""
        owner = self.keyring.owner(user)
        then = time.time() if at is None else seconds(at)
        found = await self.catalog.of(owner).read(lambda rows: rows.memories.preferences(then))
        opened = (await self.payloads.open(owner, found)).reached()  # one that was changed does not hold
        return {record.key: record for record in opened.records() if record.key is not None}

    async def stats(self, user: str) -> Stats:
        """Counts and bytes, by kind and by tier."""
        catalog = self.catalog.of(self.keyring.owner(user))
        counts, conversations = await catalog.read(lambda rows: (rows.memories.counts(), rows.threads.count()))
        kinds, tiers = Counter[str](), Counter[str]()
        for kind, tier, memories, _ in counts:
            kinds[kind] += memories
            tiers[tier] += memories
        size = sum(size for *_, size in counts)
        return Stats(memories=kinds.total(), bytes=size, kinds={**kinds}, tiers={**tiers}, conversations=conversations)

    async def settle(self, user: str) -> None:
        """Wait until the user's memories are embedded and the index is stored; otherwise that is done behind."""
        await self.indexes.settle(self.keyring.owner(user))

    async def export(self, user: str, path: Path) -> Manifest:
        """Write everything of a user to a file of JSON lines with a signed manifest beside it."""
        return await self.exporter.write(self.keyring.owner(user), user, path)

    def export_lines(self, user: str) -> AsyncIterator[str]:
        """The same lines, one by one, for a reply that is streamed."""
        return self.exporter.lines(self.keyring.owner(user))

    async def restore(self, user: str, path: Path) -> tuple[int, int]:
        """Take in an export of this user; returns (written, known already). What was forgotten stays forgotten."""
        return await self.exporter.read(self.keyring.owner(user), user, path)

    async def erase(self, user: str) -> Receipt:
        """Erase a user: keys destroyed, every row and copy gone. Returns a signed receipt; may be called again."""
        return await self.eraser.erase(self.keyring.owner(user))

    async def rotate_key(self, user: str) -> int:
        """Give a user a new data key and seal everything under it; returns how many memories were sealed anew."""
        done = await self.rotation.rotate(self.keyring.owner(user))
        self._deliver()
        return done

    async def rotate_kek(self) -> int:
        """Take a new key-encryption key, where the provider can make one, and wrap every data key under the current
        one, while readers and writers go on; returns how many were wrapped anew."""
        return await self.rotation.rotate_kek()

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
        self._tasks = [asyncio.create_task(each) for each in work]

    async def close(self) -> None:
        """Finish what was acknowledged, end the background work, close the stores. Idempotent."""
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
