"""The one face of the memory: what an application calls. Every call names the user it is about."""

from __future__ import annotations

import asyncio
import struct
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, datetime
from functools import partial

from cleo_memory.arguments import check_query, kind_of, page_size, plain_id, position_of, unexpired
from cleo_memory.catalog.leases import Leases
from cleo_memory.catalog.repository import Catalogue
from cleo_memory.draft import Draft, moment, seconds
from cleo_memory.encryption.envelope import key_version_of
from cleo_memory.encryption.keyring import Keyring
from cleo_memory.errors import MemoryNotFound
from cleo_memory.lifecycle.erase import Eraser
from cleo_memory.lifecycle.export import Porter
from cleo_memory.lifecycle.follow import follow_erasures
from cleo_memory.lifecycle.retention import Retention
from cleo_memory.lifecycle.rotation import Rotation
from cleo_memory.records import Conversation, Hit, Hits, Kind, Page, Record, Stats
from cleo_memory.rights import Rights
from cleo_memory.search import Context, Filter, approximate_tokens, build_context
from cleo_memory.search.indexes import Library, broken
from cleo_memory.session.shadow import ShadowMemory
from cleo_memory.settings import MemorySettings
from cleo_memory.storage.delivery import Delivery
from cleo_memory.storage.payloads import CATALOGUE, THREAD, Custody
from cleo_memory.tiering.access import AccessLog
from cleo_memory.tiering.policy import TierPolicy
from cleo_memory.tiering.worker import Tiering

__all__ = ["Memory"]


class Memory(Rights):
    """Opened with `open_memory`."""

    def __init__(
        self, settings: MemorySettings, catalogue: Catalogue, keyring: Keyring, custody: Custody, library: Library
    ) -> None:
        self.settings, self.catalogue, self.keyring = settings, catalogue, keyring
        self.custody, self.library = custody, library
        policy = TierPolicy(half_life=custody.half_life)
        external = custody.shelves.external_keys
        self.access = AccessLog(catalogue, policy)
        self.shadow = ShadowMemory(keyring.owner)
        self.leases = Leases(catalogue.database)
        self.tiering = Tiering(catalogue, custody, self.leases, self.access, policy)
        self.deliveries = [Delivery(catalogue, custody, self.leases, shelf) for shelf in custody.shelves.external]
        self.eraser = Eraser(catalogue, keyring, external)
        self.porter = Porter(catalogue, custody)
        self.rotation = Rotation(catalogue, custody, keyring)
        self.retention = Retention(catalogue, settings.retention, external)
        self._tasks: list[asyncio.Task[None]] = []

    # -- writing ---------------------------------------------------------------------------------------------------

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
        life: int | None = None,
    ) -> Record:
        """Add a turn to a conversation, which begins with its first turn. `role` is who speaks.

        Args:
            life: what `life` gave when the work on this turn began: it is not kept if the user was erased since.

        Raises:
            UserErased: another life of the user has begun; nothing was written.
        """
        draft = Draft(
            kind=Kind.CONVERSATION,
            content=content,
            conversation=conversation,
            speaker=role,
            at=at,
            provenance=provenance or {},
        )
        return await self._write(user, draft, life)

    async def life(self, user: str) -> int:
        """Which life of the user this is: each erasure, by whatever process, begins another. For `append`."""
        return await self.catalogue.lives(self.keyring.owner(user))

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

    async def _write(self, user: str, draft: Draft, life: int | None = None) -> Record:
        draft.check(self.settings.content_bytes)
        record = await self.custody.write(self.keyring.owner(user), draft, life=life)
        self._deliver()
        return record

    async def pin(self, user: str, id: str, pinned: bool = True) -> None:
        """Keep a memory in its tier whatever its score. Raises: MemoryNotFound."""
        if not await self.catalogue.pin(self.keyring.owner(user), id, pinned):
            raise MemoryNotFound(f"There is no memory {id!r}.")

    async def forget(self, user: str, ids: str | Iterable[str]) -> int:
        """Forget memories for good, everywhere; returns how many there were."""
        owner = self.keyring.owner(user)
        wanted = [ids] if isinstance(ids, str) else list(ids)
        external = self.custody.shelves.external_keys
        gone = await self.catalogue.bury(owner, [id for id in wanted if plain_id(id)], time.time(), external)
        self._deliver()
        if gone:
            self.shadow.forget(user)  # it may have been said in a session that goes on
        if self.library.resident.peek(owner) is not None:
            await self.library.fresh(owner)
        else:
            self.library.touched(owner)
        return len(gone)

    # -- reading ---------------------------------------------------------------------------------------------------

    async def recall(self, user: str, id: str) -> Record:
        """One memory by its id. Raises: MemoryNotFound."""
        owner = self.keyring.owner(user)
        found = await self.catalogue.find(owner, [id]) if plain_id(id) else {}
        records = await self.custody.open(owner, [entry for entry in found.values() if unexpired(entry.expires_at)])
        if not records:
            raise MemoryNotFound(f"There is no memory {id!r}.")
        self.access.note(owner, found.values())
        return records[0]

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
        matches, reasons = await self.library.search(owner, query, page_size(limit), where)
        found = await self.catalogue.find(owner, [match.id for match in matches])
        faults, damaged = set[str](), set[str]()
        records = {each.id: each for each in await self.custody.open(owner, list(found.values()), faults, damaged)}
        self.access.note(owner, found.values())
        hits = Hits(Hit(records[match.id], match.score, match.parts) for match in matches if match.id in records)
        reasons += [why for id in sorted(damaged) if (why := broken(id)) not in reasons]
        for store in sorted(faults):
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
        found = await self.library.nearest(owner, check_query(query), page_size(limit), self.custody.shelves.searchable)
        entries = await self.catalogue.find(owner, [id for id, _ in found])
        now = time.time()
        held = [each for each in entries.values() if unexpired(each.expires_at) and (each.valid_to or now + 1) > now]
        records = {each.id: each for each in await self.custody.open(owner, held)}
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
            now=datetime.now(UTC),
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
        found = await self.catalogue.page(owner, page_size(first), start, wanted, time.time())
        end = str(found[-1].position) if len(found) == first else None
        return Page(await self.custody.open(owner, found), end)

    async def window(self, user: str, conversation: str, *, turns: int = 20, tokens: int | None = None) -> list[Record]:
        """The last turns of a conversation, oldest first: at most `turns`, and `tokens` if given."""
        owner = self.keyring.owner(user)
        if (keys := await self.keyring.keys(owner)) is None:
            return []
        found = await self.catalogue.window(owner, keys.blind(THREAD, conversation), page_size(turns), time.time())
        records = await self.custody.open(owner, found)
        if tokens is None:
            return records
        kept, used = len(records), 0
        while kept and (used := used + approximate_tokens(records[kept - 1].content)) <= tokens:
            kept -= 1
        return records[kept:]

    async def conversations(self, user: str, first: int = 20, after: str | None = None) -> Page[Conversation]:
        """The user's conversations, the last used first."""
        owner = self.keyring.owner(user)
        start = None
        if after is not None:
            at, _, thread = after.partition("/")
            start = (struct.unpack(">d", struct.pack(">q", position_of(at)))[0], thread)
        rows = await self.catalogue.threads(owner, page_size(first), start)
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
        last = rows[-1]
        exact = struct.unpack(">q", struct.pack(">d", last.updated_at))[0]
        return Page(items, f"{exact}/{last.thread}" if len(rows) == first else None)

    async def preferences(self, user: str, *, at: datetime | None = None) -> dict[str, Record]:
        """Preferences by key, as they stood at a moment (now by default)."""
        owner = self.keyring.owner(user)
        found = await self.catalogue.slots(owner, time.time() if at is None else seconds(at))
        opened = await self.custody.open(owner, found, broken=set())  # one that was changed does not hold
        return {record.key: record for record in opened if record.key is not None}

    async def stats(self, user: str) -> Stats:
        """Counts and bytes, by kind and by tier."""
        rows, conversations = await self.catalogue.counts(self.keyring.owner(user))
        kinds: dict[str, int] = {}
        tiers: dict[str, int] = {}
        for kind, tier, memories, _ in rows:
            kinds[kind] = kinds.get(kind, 0) + memories
            tiers[tier] = tiers.get(tier, 0) + memories
        size = sum(size for *_, size in rows)
        return Stats(memories=sum(kinds.values()), bytes=size, kinds=kinds, tiers=tiers, conversations=conversations)

    async def settle(self, user: str) -> None:
        """Wait until the user's memories are embedded and the index is stored; otherwise that is done behind."""
        await self.library.settle(self.keyring.owner(user))

    # -- life ------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Complete what a crash interrupted, then begin the background work."""
        for owner in await self.eraser.unfinished_of_all_users():
            await self.eraser.resume(owner)
        work = [
            self.library.run(),
            self.access.run(),
            self.tiering.run(),
            follow_erasures(self.eraser, self._let_go),
            self.shadow.run(),
        ]
        work += [each.run() for each in self.deliveries]
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
        self.library.resident.clear()
        await self.custody.shelves.close()
        await self.catalogue.database.close()
        await self.keyring.database.close()
