"""Sealed payloads: writing them with their catalogue row, and finding and opening them wherever they are."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from cleo_memory.catalogue import Catalogue, Entry
from cleo_memory.drafts import Draft, decode, seconds
from cleo_memory.errors import KeyUnavailable, SealBroken
from cleo_memory.records import Kind, Owner, Record, Tier, new_id
from cleo_memory.sealing.keyring import Keyring, UserKeys
from cleo_memory.tiering.score import heat_after

__all__ = ["CONTENT", "Custody"]

CONTENT = "content"
THREAD = "thread"
CATALOGUE = "catalogue"


class Custody:
    def __init__(self, catalogue: Catalogue, keyring: Keyring, half_life: float) -> None:
        self.catalogue, self.keyring, self.half_life = catalogue, keyring, half_life

    # -- writing ---------------------------------------------------------------------------------------------------

    async def write(self, owner: Owner, draft: Draft) -> Record:
        """Seal and commit one memory. When this returns it is durable.

        Raises:
            StorageFault: nothing was written.
        """
        for attempt in (1, 2):
            keys = await self.keyring.keys_or_new(owner)
            try:
                return await self._write(owner, keys, draft)
            except KeyUnavailable:
                # The user was erased between reading the key and committing; a second try has a key of a new life.
                self.keyring.drop(owner)
                if attempt == 2:
                    raise
        raise AssertionError("unreachable")

    async def _write(self, owner: Owner, keys: UserKeys, draft: Draft) -> Record:
        now = time.time()
        at = now if draft.at is None else seconds(draft.at)
        payload = draft.encode()
        tier = self.admit(draft)
        id = new_id()
        in_thread = draft.conversation is not None
        entry = Entry(
            id=id,
            version=1,
            kind=str(draft.kind),
            live=1,
            tier=str(tier),
            thread=keys.blind(THREAD, draft.conversation) if draft.conversation is not None else None,
            slot=keys.blind("slot", draft.key) if draft.key is not None else None,
            importance=draft.importance,
            created_at=at,
            valid_from=at,
            valid_to=None,
            expires_at=None if draft.expires_at is None else seconds(draft.expires_at),
            pinned=int(draft.pinned),
            heat=heat_after(None, now, self.half_life, 0.5 + draft.importance),
            touched_at=now,
            moved_at=now,
            bytes=len(payload),
            digest=keys.mac(keys.current, payload),
            key_version=keys.current,
        )
        written = await self.catalogue.add(
            owner,
            entry,
            keys.seal(id, CONTENT, entry.tier, 1, payload),
            thread_name=self._thread_name(keys, entry, draft) if in_thread else None,
            supersede=draft.kind is Kind.PREFERENCE and draft.key is not None,
        )
        return decode(written, payload)

    def _thread_name(self, keys: UserKeys, entry: Entry, draft: Draft) -> bytes:
        return keys.seal(entry.thread or "", THREAD, CATALOGUE, 0, (draft.conversation or "").encode())

    def admit(self, draft: Draft) -> Tier:
        """Where a new memory begins: the active conversation is hot, what matters for later is warm."""
        return Tier.HOT if draft.kind is Kind.CONVERSATION else Tier.WARM

    # -- reading ---------------------------------------------------------------------------------------------------

    async def open(self, owner: Owner, entries: Sequence[Entry]) -> list[Record]:
        """The memories of these rows, in their order; one that is forgotten meanwhile is left out."""
        payloads = await self.plaintexts(owner, entries)
        return [decode(entry, payloads[entry.id]) for entry in entries if entry.id in payloads]

    async def plaintexts(self, owner: Owner, entries: Sequence[Entry]) -> Mapping[str, bytes]:
        """Opened payloads by id."""
        if not entries:
            return {}
        sealed = await self.catalogue.payloads(owner, [entry.id for entry in entries])
        opened: dict[str, bytes] = {}
        for entry in entries:
            envelope = sealed.get((entry.id, entry.tier, entry.version))
            if envelope is not None:
                opened[entry.id] = await self.unseal(owner, entry, entry.tier, envelope)
        if missing := [entry.id for entry in entries if entry.id not in opened]:
            # Forgotten or changed since the rows were read is fine; there and without payload is not.
            for entry in (await self.catalogue.find(owner, missing)).values():
                raise SealBroken(f"Memory {entry.id} has no copy at version {entry.version}.")
        return opened

    async def unseal(self, owner: Owner, entry: Entry, tier: str, envelope: bytes) -> bytes:
        """Raises: SealBroken, KeyUnavailable."""
        keys = await self.keyring.keys(owner, holding=entry.key_version)
        if keys is None:
            raise KeyUnavailable("This user's keys were destroyed.")
        return keys.open(entry.id, CONTENT, tier, entry.version, envelope)
