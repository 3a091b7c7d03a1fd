"""The one face of the memory: what an application calls. Every call names the user it is about."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path

from cleo_core import clock
from cleo_memory.catalog.changes import Repeated
from cleo_memory.catalog.entry import Entry
from cleo_memory.catalog.holding import Selection, is_holding
from cleo_memory.catalog.repository import Catalog
from cleo_memory.draft import KEEP, LARGEST_PAGE, Draft, Edit, Keep, check_query, kind_of, page_size, plain_id, seconds
from cleo_memory.encryption.keyring import Keyring
from cleo_memory.errors import LeaseHeld, MemoryNotFound
from cleo_memory.formation import TOLD_KINDS, Extractor, Forgot, Learned, Learner, holds, meant
from cleo_memory.lifecycle.erase import Eraser, Receipt
from cleo_memory.lifecycle.export import Exporter, Manifest
from cleo_memory.lifecycle.forget import Forgetter
from cleo_memory.lifecycle.pages import Pages
from cleo_memory.lifecycle.requests import Requests, gone
from cleo_memory.lifecycle.retention import Retention
from cleo_memory.lifecycle.rotation import Rotation
from cleo_memory.records import (
    NO_QUOTA,
    Conversation,
    Deleted,
    ErasureEpoch,
    Hit,
    Hits,
    Kind,
    Owner,
    Page,
    Record,
    Stats,
    Turns,
)
from cleo_memory.search import Context, Filter, approximate_tokens, build_context
from cleo_memory.search.indexes import SearchIndexes, damaged_reason
from cleo_memory.session.shadow import ShadowMemory
from cleo_memory.settings import MemorySettings
from cleo_memory.storage.delivery import Delivery
from cleo_memory.storage.payloads import THREAD, PayloadStore
from cleo_memory.tiering.policy import AccessLog, TierPolicy
from cleo_memory.tiering.worker import Tiering

AROUND_A_TURN = 8
"""Tokens that a chat template puts around a turn, at most."""


class Memory:
    """Opened with `open_memory`."""

    def __init__(
        self,
        settings: MemorySettings,
        catalog: Catalog,
        keyring: Keyring,
        payloads: PayloadStore,
        indexes: SearchIndexes,
        extractor: Extractor | None = None,
    ) -> None:
        self.settings, self.catalog, self.keyring = settings, catalog, keyring
        self.payloads, self.indexes = payloads, indexes
        policy = TierPolicy(half_life=settings.half_life)
        self.access = AccessLog(catalog, policy)
        self.shadow = ShadowMemory(keyring.owner)
        self.tiering = Tiering(catalog, payloads, self.access, policy)
        self.deliveries = [Delivery(catalog, payloads, each) for each in payloads.tiers.external]
        self.pages = Pages(catalog, keyring, payloads)
        self.forgetter = Forgetter(catalog, keyring, payloads, indexes, self.shadow.drop, self._deliver)
        self.eraser = Eraser(catalog, keyring, self.deliveries, self._let_go)
        self.exporter = Exporter(catalog, payloads)
        self.rotation = Rotation(catalog, payloads, keyring)
        self.requests = Requests(catalog, keyring, settings.request_hours)
        self.retention = Retention(
            catalog,
            settings.retention,
            payloads.tiers.external_keys,
            self.forgetter.follow,
            self.requests.tidy_for_all_users,
        )
        self.learner = Learner(catalog, keyring, payloads, self._write, extractor)
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
        request: str | None = None,
    ) -> Record:
        """Keep a memory. When this returns it is on the disk, sealed, and every later search knows it.

        Args:
            importance: 0 to 1; what matters stays in a quick tier longer.
            at: when it was said or became true; now by default.
            expires_at: when it is gone from every answer.
            provenance: where it came from, small texts by name; `turn`, the id of the turn it was learned from.
            request: a key of the caller's choosing. Under a key that was used before nothing is written, and the
                memory of then is returned; also after a restart, for `request_hours`.

        Raises:
            InvalidUser, InvalidMemory: what was handed in cannot be kept.
            QuotaExceeded: the user keeps as much as may be.
            RequestMismatch, ReplyGone: the key was used for another memory, or for one that was forgotten since.
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
        if request is None:
            return await self._write(user, draft)
        return await self._write_once(user, draft, request)

    async def once(self, user: str, request: str, body: str, work: Callable[[], Awaitable[bytes]]) -> bytes:
        """Do something once under a key of the caller's choosing; who asks again with the same body gets what came of
        it, and two at once get the same. It is done to its end also when its caller is cancelled.

        Raises:
            RequestMismatch: another body came under this key.
            ReplyGone: something of the user was forgotten or edited since, which the reply might quote.
            RequestPending: another process is still at it.
        """
        return await self.requests.once(self.keyring.owner(user), request, body, work)

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
        answers: str | None = None,
    ) -> Record:
        """Add a turn to a conversation, which begins with its first turn. `role` is who speaks.

        Args:
            epoch: what `epoch` gave when the work on this turn began: it is not kept if the user was erased since.
            answers: id of the turn that it answers: it is not kept if that was forgotten since, and it is kept
                above the quota, which has let the question in.

        Raises:
            UserErased: another epoch of the user has begun; nothing was written.
            MemoryNotFound: what it answers was forgotten; nothing was written.
            QuotaExceeded: the user keeps as much as may be.
        """
        draft = Draft(
            kind=Kind.CONVERSATION,
            content=content,
            conversation=conversation,
            speaker=role,
            at=at,
            provenance=provenance or {},
        )
        return await self._write(user, draft, epoch, answers)

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

    async def learn(
        self, user: str, turn: Record, *, epoch: ErasureEpoch | None = None, asked: str | None = None
    ) -> Learned:
        """Keep what a turn of the user tells of the user, each fact with the turn it came from: see
        `cleo_memory.formation`. What is known is not written again; what no longer holds ends.

        Args:
            epoch: as of `append`.
            asked: the part of the turn that the user asked to be remembered: it is kept whatever the rules make of it.

        Raises:
            UserErased: another epoch of the user has begun; nothing was written.
            MemoryNotFound: the turn was forgotten meanwhile.
            QuotaExceeded: the user keeps as much as may be.
        """
        if asked is not None:
            return await self.learner.keep_asked(user, turn, asked, epoch=epoch)
        return await self.learner.learn(user, turn, epoch=epoch)

    async def told(self, user: str) -> list[Record]:
        """The facts and preferences that hold now, learned or handed in, in the order in which they were written."""
        return await self.learner.told(user)

    async def forget_told(self, user: str, text: str, *, everything: bool = False) -> Forgot:
        """Forget for good the facts and preferences that a text speaks of ("my allergy"), and the turns of all
        conversations that say them, whether they hold now or held before; with `everything`, all of them."""
        # What no longer holds among them: it stands in pages and exports until it is forgotten.
        told = [record async for record in self._all(user, TOLD_KINDS)][::-1]
        chosen = told if everything else meant(text, told)
        if not chosen:
            return Forgot()
        ids = [turn.id async for turn in self._all(user, [Kind.CONVERSATION]) if holds(turn.content, chosen)]
        ids += [turn for record in chosen if (turn := record.provenance.get("turn")) and turn not in ids]
        facts = [record.id for record in chosen]
        gone = await self.forget(user, [*facts, *ids])
        return Forgot(tuple(chosen), max(0, gone - len(facts)))

    async def _all(self, user: str, kinds: Collection[Kind]) -> AsyncIterator[Record]:
        """Everything of these kinds that is kept, the last written first."""
        after = None
        while True:
            page = await self.memories(user, kinds=kinds, first=LARGEST_PAGE, after=after)
            for record in page.items:
                yield record
            if (after := page.end) is None:
                return

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

    async def _write(
        self, user: str, draft: Draft, epoch: ErasureEpoch | None = None, answers: str | None = None
    ) -> Record:
        draft.check(self.settings.content_characters)
        quota = self.settings.quota if answers is None else NO_QUOTA
        record = await self.payloads.write(self.keyring.owner(user), draft, epoch=epoch, origin=answers, quota=quota)
        self._deliver()
        return record

    async def _write_once(self, user: str, draft: Draft, request: str) -> Record:
        draft.check(self.settings.content_characters)
        owner = self.keyring.owner(user)
        wanted = await self.requests.named(owner, request, draft.body())
        for _ in (1, 2):
            if found := await self.requests.find(owner, wanted):
                entries = await self.catalog.of(owner).find([found.memory] if found.memory else [])
                if not entries:
                    raise gone()
                return (await self._open(owner, list(entries.values())))[0]
            with suppress(Repeated):
                quota, known_from = self.settings.quota, self.requests.known_from()
                record = await self.payloads.write(owner, draft, quota=quota, request=wanted, requests_from=known_from)
                self._deliver()
                return record
        raise LeaseHeld("Requests under this key come and go.", hint="Try again.")

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

    async def recall(self, user: str, id: str) -> Record:
        """One memory by its id. Raises: MemoryNotFound."""
        owner = self.keyring.owner(user)
        found = await self.catalog.of(owner).find([id]) if plain_id(id) else {}
        records = await self._open(owner, list(found.values()))
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

        What does not bear on it at all is not found, and of memories that say the same only the newest. A score
        compares the memories of one answer with each other; `Hit.relevance` says how well one fits by itself.

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
        hits = Hits(
            Hit(records[match.id], match.score, match.parts, match.relevance, match.window)
            for match in matches
            if match.id in records
        )
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
        held = [each for each in entries.values() if is_holding(each, now, now)]
        records = {each.id: each for each in await self._open(owner, held)}
        self.access.note(owner, held)
        return Hits(Hit(records[id], score, {"vector": score}) for id, score in found if id in records)

    async def context(
        self,
        user: str,
        query: str,
        token_budget: int,
        *,
        fact_budget: int | None = None,
        room: int | None = None,
        turn_budget: int | None = None,
        conversation: str | None = None,
        turns: int = 12,
        kinds: Collection[Kind | str] | None = None,
        limit: int = 20,
        count: Callable[[str], int] = approximate_tokens,
    ) -> Context:
        """What a model is shown: the last turns of the conversation, and within a budget what bears on the question,
        each with a citation that says why it is there.

        First the user's preferences and what was told for keeping or learned, in a budget of their own; then what the
        user stated in conversations, never what an assistant said in them.

        Args:
            fact_budget: tokens of the budget for facts and preferences; two thirds by default.
            room: tokens for notes and turns together; the notes shrink before the turns do.
            turn_budget: tokens of the turns that the caller shows at most.
            turns, limit: the most turns shown, and memories searched for in each lane.
            kinds: of what is searched; all by default.
            count: tokens of a text, by the model's tokenizer.
        """
        recent = await self.window(user, conversation, turns=turns) if conversation else []
        shown, used = await asyncio.to_thread(_last_within, recent, turn_budget, count)
        budget = token_budget if room is None else max(0, min(token_budget, room - used))
        wanted = set(Kind) if kinds is None else {kind_of(kind) for kind in kinds}
        told, said = Hits(), Hits()
        if budget and (facts := wanted - {Kind.CONVERSATION}):
            told = await self.search(user, query, limit=limit, kinds=facts)
        if budget and Kind.CONVERSATION in wanted:
            # More than are shown: the assistant's words and the user's questions are among them.
            said = await self.search(user, query, limit=min(LARGEST_PAGE, 4 * limit), kinds=[Kind.CONVERSATION])
        build = partial(
            build_context,
            told,
            said,
            token_budget=budget,
            fact_budget=fact_budget,
            preferences=await self.preferences(user) if Kind.PREFERENCE in wanted else {},
            recent=shown,
            query=query,
            now=clock.now(),
            count=count,
            degraded=tuple(dict.fromkeys([*told.degraded, *said.degraded])),
        )
        context = await asyncio.to_thread(build)
        return replace(context, recent=tuple(recent))

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
        if every := self.settings.retain_every_minutes * 60:
            work.append(self.retention.run(every))
        self._tasks = [asyncio.create_task(each) for each in work]

    async def close(self) -> None:
        """Finish what was acknowledged, end the background work, close the stores. Idempotent."""
        await self.requests.close()
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


def _last_within(recent: list[Record], most: int | None, count: Callable[[str], int]) -> tuple[list[Record], int]:
    """The last turns that take no more tokens than this, and how many these are, what is around a turn included."""
    used = 0
    for place in range(len(recent) - 1, -1, -1):
        price = count(recent[place].content) + AROUND_A_TURN
        if most is not None and used + price > most:
            return recent[place + 1 :], used
        used += price
    return recent, used
