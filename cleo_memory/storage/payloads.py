"""The payload store: seals a memory and commits it with its catalogue row, opens it, seals it for another tier."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

from cleo_memory.catalog.changes import Addition, Replacement
from cleo_memory.catalog.entry import Entry
from cleo_memory.catalog.repository import Catalog
from cleo_memory.catalog.requests import Request
from cleo_memory.draft import Draft, Edit, decode, seconds
from cleo_memory.encryption.keyring import Keyring
from cleo_memory.encryption.user_keys import RowMac, UserKeys
from cleo_memory.errors import KeyUnavailable, LeaseHeld, MemoryNotFound, UserErased
from cleo_memory.records import NO_QUOTA, ErasureEpoch, Kind, Owner, Quota, Record, Tier, new_id
from cleo_memory.storage.protocol import Sealed
from cleo_memory.storage.reading import CONTENT, PayloadReader
from cleo_memory.storage.tiers import TierStore, TierStores

THREAD = "thread"
SLOT = "slot"
CATALOGUE = "catalogue"
VITAL = 0.9
EDIT_TRIES = 5
Vectors = Callable[[Sequence[Record]], Sequence[Sequence[float]]]


class PayloadStore(PayloadReader):
    def __init__(
        self,
        catalog: Catalog,
        keyring: Keyring,
        first_heat: Callable[[float, float], float],
        tiers: TierStores | None = None,
        vectors: Vectors | None = None,
    ) -> None:
        """A store over the catalogue and the tiers.

        Args:
            first_heat: the access score of a new memory by (importance, time of writing).
            vectors: with ``vectors=indexed``, makes what indexed stores are given; takes its time.
        """
        super().__init__(catalog, keyring, tiers or TierStores())
        self.first_heat, self.vectors = first_heat, vectors

    async def write(
        self,
        owner: Owner,
        draft: Draft,
        *,
        id: str | None = None,
        valid_to: float | None = None,
        superseding: bool = True,
        epoch: ErasureEpoch | None = None,
        origin: str | None = None,
        quota: Quota = NO_QUOTA,
        request: Request | None = None,
        requests_from: float = 0.0,
    ) -> Record:
        """Seal and commit one memory. When this returns it is durable.

        Args:
            id, valid_to, superseding: for a memory that is taken in from elsewhere, history and all.
            epoch: write only if the user was not erased since.
            origin: id of the turn that it comes from, by default the one that its provenance names (`turn`).
            request, requests_from: what is noted of the client's request in the same commit, and from when on such
                notes count.

        Raises:
            StorageFault, UserErased, MemoryNotFound, QuotaExceeded, Repeated: nothing was written.
        """
        catalog = self.catalog.of(owner)
        if epoch is not None and epoch.erasures != await catalog.read(lambda rows: rows.erasures.count()):
            raise UserErased("The user was erased meanwhile.")  # before a new key is made for what is not written
        for attempt in (1, 2):
            keys = await self.keyring.keys_or_new(owner)
            payload = draft.encode()
            entry = self._entry(keys, draft, payload, id or new_id(), valid_to)
            try:
                written = await catalog.add(
                    Addition(
                        entry=entry,
                        sealed=keys.seal(entry.id, CONTENT, entry.tier, entry.version, payload),
                        signer=RowMac(keys),
                        thread_name=self._thread_name(keys, entry, draft),
                        outbox=self.tiers.targets(entry.tier),
                        supersede=superseding and draft.key is not None,
                        epoch=epoch,
                        origin=origin or draft.provenance.get("turn"),
                        needs_origin=superseding,
                        quota=quota,
                        request=request,
                        requests_from=requests_from,
                    )
                )
            except KeyUnavailable:
                # Erased or rotated between reading the key and committing; the second try has the key of now.
                self.keyring.drop(owner)
                if attempt == 2:
                    raise
            else:
                return decode(written, payload)
        raise AssertionError("unreachable")

    async def edit(self, owner: Owner, id: str, edit: Edit, content_characters: int, quota: Quota = NO_QUOTA) -> Record:
        """Seal and commit a new version of a memory. When this returns the old text is in no answer.

        Raises:
            MemoryNotFound: there is no such memory.
            InvalidMemory: it is a turn, or would be what cannot be kept.
            BackendDown, SealBroken: it cannot be read, so that it stays as it is.
        """
        catalog = self.catalog.of(owner)
        for _ in range(EDIT_TRIES):
            found = await catalog.find([id])
            opened = (await self.open(owner, list(found.values()))).whole()
            keys = await self.keyring.keys(owner)
            if keys is None or not opened.payloads:
                raise MemoryNotFound(f"There is no memory {id!r}.")
            entry = opened.entries[id]
            draft = edit.of(decode(entry, opened.payloads[id]))
            draft.check(content_characters)
            payload = draft.encode()
            fresh = replace(
                entry,
                version=entry.version + 1,
                importance=draft.importance + 0.0,
                expires_at=None if draft.expires_at is None else seconds(draft.expires_at),
                bytes=len(payload),
                digest=keys.mac(keys.current, payload),
                key_version=keys.current,
            )
            change = Replacement(
                entry=entry,
                fresh=fresh,
                sealed=keys.seal(id, CONTENT, entry.tier, fresh.version, payload),
                signer=RowMac(keys),
                outbox=self.tiers.targets(entry.tier),
                quota=quota,
            )
            try:
                if written := await catalog.replace(change):
                    return decode(written, payload)
            except KeyUnavailable:
                self.keyring.drop(owner)  # rotated meanwhile
        raise LeaseHeld(f"Memory {id!r} is being changed by others.", hint="Try again.")

    async def end(self, owner: Owner, keys: UserKeys, kind: Kind, key: str, at: float) -> list[Record]:
        """End what is held under a key at a moment; returns what it was."""
        ended = await self.catalog.of(owner).end(str(kind), keys.blind(SLOT, key), at, RowMac(keys))
        found = await self.catalog.of(owner).find([each.id for each in ended])
        return (await self.open(owner, list(found.values()))).reached().records()

    def _entry(self, keys: UserKeys, draft: Draft, payload: bytes, id: str, valid_to: float | None) -> Entry:
        now = time.time()
        at = now if draft.at is None else seconds(draft.at)
        return Entry(
            id=id,
            version=1,
            kind=str(draft.kind),
            live=1,
            tier=str(self.admit(draft)),
            thread=keys.blind(THREAD, draft.conversation) if draft.conversation is not None else None,
            slot=keys.blind(SLOT, draft.key) if draft.key is not None else None,
            importance=draft.importance + 0.0,  # -0.0 comes back from a store as 0.0
            created_at=at,
            valid_from=at,
            valid_to=valid_to,
            expires_at=None if draft.expires_at is None else seconds(draft.expires_at),
            pinned=int(draft.pinned),
            heat=self.first_heat(draft.importance, now),
            touched_at=0.0,
            moved_at=now,
            bytes=len(payload),
            digest=keys.mac(keys.current, payload),
            key_version=keys.current,
        )

    @staticmethod
    def _thread_name(keys: UserKeys, entry: Entry, draft: Draft) -> bytes | None:
        if entry.thread is None or draft.conversation is None:
            return None
        return keys.seal(entry.thread, THREAD, CATALOGUE, 0, draft.conversation.encode())

    @staticmethod
    def admit(draft: Draft) -> Tier:
        """Where a new memory begins: an active conversation and what matters much is hot, the rest is warm."""
        return Tier.HOT if draft.kind is Kind.CONVERSATION or draft.importance >= VITAL else Tier.WARM

    async def reseal(self, owner: Owner, entries: Collection[Entry], tier_store: TierStore) -> list[Sealed]:
        """The memories of these rows, sealed for a tier. Raises: BackendDown, SealBroken."""
        if (keys := await self.keyring.keys(owner)) is None:
            return []
        plain = (await self.open(owner, list(entries))).whole().payloads
        there = [entry for entry in entries if entry.id in plain]
        vectors = await self._vectors(there, plain, tier_store)
        return [
            Sealed(id, version, keys.seal(id, CONTENT, tier_store.tier, version, plain[id]), vectors.get(id))
            for id, version in ((entry.id, entry.version) for entry in there)
        ]

    async def put_verified(
        self, owner: Owner, entries: Sequence[Entry], items: Sequence[Sealed], tier_store: TierStore
    ) -> frozenset[str]:
        """Put items into a tier and read them back; returns the ids of what is held there as it was written."""
        assert tier_store.store is not None
        await tier_store.store.put(owner, items)
        back = await tier_store.store.get(owner, [item.id for item in items])
        return frozenset(await self.verified(owner, entries, tier_store, back))

    async def _vectors(
        self, entries: Sequence[Entry], plain: Mapping[str, bytes], tier_store: TierStore
    ) -> dict[str, Sequence[float]]:
        if self.vectors is None or tier_store.searchable is None or not entries:
            return {}
        made = await asyncio.to_thread(self.vectors, [decode(entry, plain[entry.id]) for entry in entries])
        return {entry.id: vector for entry, vector in zip(entries, made, strict=True)}
