"""The searchable form of each user's memories: kept up with the catalogue, resident while in use, stored sealed."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from weakref import WeakValueDictionary

import numpy as np
from numpy.typing import NDArray

from cleo_core.errors import CleoError, ConfigError
from cleo_memory.catalog.entry import Entry
from cleo_memory.catalog.repository import Catalog
from cleo_memory.errors import SegmentDamaged
from cleo_memory.records import Owner
from cleo_memory.search import Document, Embedder, Filter, Match, ResidentIndexes, Segment, UserIndex, passages
from cleo_memory.search.background import Background
from cleo_memory.search.documents import AskedFor, SlotAsker, SlotReader, document
from cleo_memory.search.relevance import NOWHERE, Ground
from cleo_memory.storage.payloads import PayloadStore
from cleo_memory.storage.protocol import VectorStore
from cleo_memory.storage.segments import SegmentStore, StoredSegments

log = logging.getLogger(__name__)
EMBED_BATCH = 64
COMPACT_ABOVE = 64  # stored segments of a user


def damaged_reason(id: str) -> str:
    """Why a memory is not in an answer."""
    return f"memory {id} was changed or damaged and is left out: forget it, or restore it from a backup"


@dataclass(slots=True)
class _State:
    seq: int = 0
    """The index has every change up to this one."""
    stored: int = 0
    """Segments stored."""
    damaged: set[str] = field(default_factory=set)
    """Memories that do not open: they are not in the index."""
    stale: bool = False
    """A stored segment still has the words of a forgotten memory."""
    pending: list[tuple[Document, NDArray[np.float32], NDArray[np.float32]]] = field(default_factory=list)
    """Embedded, not stored yet: each with its vector and those of its windows."""


@dataclass(frozen=True, slots=True)
class Query:
    """A question, embedded once for all searches that it is for."""

    text: str
    vector: NDArray[np.float32] | None = None
    """None without an embedder, or while it is down."""
    ground: Ground = NOWHERE
    asked_for: AskedFor | None = None
    """What it asks of its user."""
    degraded: tuple[str, ...] = ()
    """Why less is known of it than could be."""


class SearchIndexes:
    def __init__(
        self,
        catalog: Catalog,
        payloads: PayloadStore,
        segments: SegmentStore,
        embedder: Embedder | None,
        index_bytes: int,
        slots_in: SlotReader | None = None,
        slots_asked: SlotAsker | None = None,
    ) -> None:
        """`slots_in` reads what a memory tells of its user, where it does not say so by a key, `slots_asked` what a
        question asks."""
        self.catalog, self.payloads, self.segments, self.embedder = catalog, payloads, segments, embedder
        self.dim = embedder.dim if embedder else 384
        self.model = embedder.name if embedder else "none"
        self.background = Background(embedder) if embedder else None
        self.slots_in, self.slots_asked = slots_in, slots_asked
        self.resident = ResidentIndexes(index_bytes)
        self._states: dict[Owner, _State] = {}
        self._locks: WeakValueDictionary[Owner, asyncio.Lock] = WeakValueDictionary()
        self._awaiting: set[Owner] = set()
        self.wake = asyncio.Event()

    async def query(self, text: str) -> Query:
        """A question as `search` takes it."""
        asked_for = None if self.slots_asked is None else await asyncio.to_thread(self.slots_asked, text)
        if self.embedder is None or self.background is None:
            return Query(text, asked_for=asked_for)
        try:
            vector = (await asyncio.to_thread(self.embedder.embed, [text]))[0]
            return Query(text, vector, await asyncio.to_thread(self.background.of, text, vector), asked_for)
        except CleoError as error:
            down = f"the embedder is down ({error.code}): found by words alone"
            return Query(text, asked_for=asked_for, degraded=(down,))

    async def search(self, owner: Owner, asked: Query, limit: int, where: Filter) -> tuple[list[Match], list[str]]:
        """Matches, best first, and why the answer is less than it could be."""
        index = await self.fresh(owner)
        damaged = state.damaged if (state := self._states.get(owner)) else set()
        reasons = [*(damaged_reason(id) for id in sorted(damaged)), *asked.degraded]
        now, ground = time.time(), asked.ground
        found = partial(
            index.search,
            asked.text,
            asked.vector,
            limit=limit,
            where=where,
            now=now,
            ground=ground,
            asked_for=asked.asked_for,
        )
        return await asyncio.to_thread(found), reasons

    async def nearest(self, owner: Owner, query: str, limit: int, store: VectorStore | None) -> list[tuple[str, float]]:
        """(id, cosine similarity) from a store that is given vectors; the user's index is not loaded."""
        if store is None or self.embedder is None:
            raise ConfigError(
                "There is no store to search vectors in.",
                hint="Set CLEO_MEMORY_VECTORS=indexed, and a cold tier in Postgres or a Pinecone mirror.",
            )
        vector = (await asyncio.to_thread(self.embedder.embed, [query]))[0]
        return await store.nearest(owner, vector.tolist(), limit)

    async def fresh(self, owner: Owner) -> UserIndex:
        """The user's index with every acknowledged memory in it."""
        async with self._locks.setdefault(owner, asyncio.Lock()):
            state = None
            while state is None:  # again when it was let go of while it was being loaded
                index = await self.resident.acquire(owner, lambda: self._load(owner))
                state = self._states.get(owner)
            while changed := await self.catalog.of(owner).read(lambda rows, seq: rows.memories.changes(seq), state.seq):
                await self._apply(owner, index, state, changed)
                state.seq = changed[-1].seq
            return index

    async def _load(self, owner: Owner) -> UserIndex:
        state = self._states[owner] = _State()
        stored = await self.segments.load(owner, self.model)
        try:
            segments = [Segment.from_bytes(data) for data in stored.blobs]
        except SegmentDamaged:
            # Of an older analysis, or damaged: a segment is derived, the records are not. It is made anew from them.
            log.warning("Rebuilding an index: its segments are not of this version.")
            stored, segments, state.stale = StoredSegments([], 0), [], True
        index = await asyncio.to_thread(UserIndex.load, self.dim, segments)
        state.seq, state.stored = stored.through, len(segments)
        if segments:
            live = await self.catalog.of(owner).read(lambda rows: rows.memories.ends())
            # A memory that stands twice was edited while another process stored its old text.
            state.stale = sum(map(len, segments)) > len(index)
            state.stale |= bool(index.remove(set().union(*(segment.ids for segment in segments)) - live.keys()))
            for id, ends_at in live.items():
                if ends_at is not None and id in index:
                    index.close_validity(id, ends_at)
        self._note(owner, index, state)
        return index

    async def _apply(self, owner: Owner, index: UserIndex, state: _State, changed: Sequence[Entry]) -> None:
        # Also what may have another text by now: the first version never had another.
        if index.remove(gone := [entry.id for entry in changed if not entry.live or entry.version > 1]):
            state.stale = True
        state.damaged -= set(gone)
        fresh = [entry for entry in changed if entry.live and entry.id not in index]
        for entry in changed:
            if entry.live and entry.ends_at is not None and entry.id in index:
                index.close_validity(entry.id, entry.ends_at)
        if fresh:
            documents = await self._documents(owner, state, fresh)
            index.add(await asyncio.to_thread(Segment.build, documents))
        self._note(owner, index, state)

    async def _documents(self, owner: Owner, state: _State, entries: Sequence[Entry]) -> list[Document]:
        """What opens of these rows; damaged ones are noted."""
        opened = (await self.payloads.open(owner, entries)).reached()
        state.damaged |= opened.damaged
        records = opened.records()
        return await asyncio.to_thread(lambda: [document(record, self.slots_in) for record in records])

    def _note(self, owner: Owner, index: UserIndex, state: _State) -> None:
        if state.stale or index.unembedded():
            self._again(owner)

    def _again(self, owner: Owner) -> None:
        self._awaiting.add(owner)
        self.wake.set()

    async def settle(self, owner: Owner | None = None) -> None:
        """Embed and store what is waiting, of one user or of all who are resident."""
        for each in list(self._awaiting if owner is None else {owner}):
            self._awaiting.discard(each)
            await self._settle(each)

    async def _settle(self, owner: Owner) -> None:
        await self.fresh(owner)
        while self.embedder is not None:
            # The lock is held for one batch at a time, so that searches go on in between.
            index = await self.fresh(owner)
            async with self._locks.setdefault(owner, asyncio.Lock()):
                if not (ids := index.unembedded()[:EMBED_BATCH]):
                    break
                if (state := self._states.get(owner)) is None:
                    return
                await self._embed(owner, index, state, ids)
        async with self._locks.setdefault(owner, asyncio.Lock()):
            index_now, held = self.resident.peek(owner), self._states.get(owner)
            if index_now is not None and held is not None:
                await self._store(owner, index_now, held)

    async def _embed(self, owner: Owner, index: UserIndex, state: _State, ids: list[str]) -> None:
        assert self.embedder is not None
        found = await self.catalog.of(owner).find(ids)
        documents = await self._documents(owner, state, list(found.values()))
        if missing := set(ids) - {each.id for each in documents}:
            index.remove(missing)
        if documents:
            texts = [passages(each) for each in documents]
            made = await asyncio.to_thread(self.embedder.embed, [each for several in texts for each in several])
            own = np.split(made, np.cumsum([len(several) for several in texts])[:-1])
            vectors, windows = np.stack([each[0] for each in own]), [each[1:] for each in own]
            index.attach([each.id for each in documents], vectors, windows)
            state.pending += zip(documents, vectors, windows, strict=True)

    async def _store(self, owner: Owner, index: UserIndex, state: _State) -> None:
        if index.unembedded() and self.embedder is not None:
            return
        if state.stale or state.stored > COMPACT_ABOVE:
            blobs = await asyncio.to_thread(lambda: [segment.to_bytes() for segment in index.segments()])
            if not await self.segments.write(owner, self.model, state.seq, blobs, replacing=True):
                self._again(owner)
                return
            state.stored, state.stale, state.pending = len(blobs), False, []
        elif state.pending:
            documents, vectors, windows = map(list, zip(*state.pending, strict=True))
            blob = await asyncio.to_thread(lambda: Segment.build(documents, np.stack(vectors), windows).to_bytes())
            if not await self.segments.write(owner, self.model, state.seq, [blob], replacing=False):
                self._again(owner)
                return
            state.stored, state.pending = state.stored + 1, []

    async def run(self) -> None:
        """Settle whenever something waits, until cancelled."""
        while True:
            await self.wake.wait()
            await asyncio.sleep(0.05)  # what was added together is embedded together
            self.wake.clear()
            started = time.monotonic()
            try:
                await self.settle()
            except CleoError as error:
                log.warning("Indexing waits: %s", error.code)
                await asyncio.sleep(min(30.0, 1.0 + time.monotonic() - started))
                self.wake.set()

    async def forgotten(self, owner: Owner) -> None:
        """Something was forgotten or edited: take it out now; stored segments with its words are rewritten soon."""
        if self.resident.peek(owner) is not None:
            await self.fresh(owner)
        else:
            self._awaiting.add(owner)
            self.wake.set()

    def drop(self, owner: Owner) -> None:
        """Nothing of this user stays in memory."""
        self.resident.drop(owner)
        self._states.pop(owner, None)
        self._awaiting.discard(owner)
