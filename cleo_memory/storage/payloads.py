"""Sealed payloads: writing them with their catalogue row, and finding and opening them wherever they are.

A memory is read where the catalogue points. When that store is down or has lost it, any other copy of the same
version serves; when there is none within reach, the answer says which backend is down.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from cleo_memory.catalog.outbox import Outbox
from cleo_memory.catalog.repository import Catalogue, Entry
from cleo_memory.draft import Draft, decode, document, seconds
from cleo_memory.encryption.keyring import Keyring, UserKeys
from cleo_memory.encryption.row_mac import check_row
from cleo_memory.errors import BackendDown, KeyUnavailable, SealBroken, UserErased
from cleo_memory.records import Kind, Owner, Record, Tier, new_id
from cleo_memory.search import passage
from cleo_memory.storage.protocol import Sealed
from cleo_memory.storage.tiers import Shelf, Shelves
from cleo_memory.tiering.score import heat_after

__all__ = ["CONTENT", "Custody"]

log = logging.getLogger(__name__)
CONTENT = "content"
THREAD = "thread"
CATALOGUE = "catalogue"
VITAL = 0.9


class Custody:
    def __init__(
        self, catalogue: Catalogue, keyring: Keyring, half_life: float, shelves: Shelves | None = None
    ) -> None:
        self.catalogue, self.keyring, self.half_life = catalogue, keyring, half_life
        self.shelves = shelves or Shelves()
        self.outbox = Outbox(catalogue.database)
        self.embed: Callable[[Sequence[str]], NDArray[np.float32]] | None = None
        """Only with ``vectors=indexed``: makes the vectors ``[n, dim]`` that indexed stores are given."""

    # -- writing ---------------------------------------------------------------------------------------------------

    async def write(
        self,
        owner: Owner,
        draft: Draft,
        *,
        id: str | None = None,
        valid_to: float | None = None,
        superseding: bool = True,
        life: int | None = None,
    ) -> Record:
        """Seal and commit one memory. When this returns it is durable.

        Args:
            id, valid_to, superseding: for a memory that is taken in from elsewhere, history and all.
            life: write only if the user was not erased since; see `Catalogue.lives`.

        Raises:
            StorageFault, UserErased: nothing was written.
        """
        if life is not None and life != await self.catalogue.lives(owner):
            raise UserErased("The user was erased meanwhile.")  # before a new key is made for what is not written
        for attempt in (1, 2):
            keys = await self.keyring.keys_or_new(owner)
            try:
                return await self._write(owner, keys, draft, id or new_id(), valid_to, superseding, life)
            except KeyUnavailable:
                # Erased or rotated between reading the key and committing; the second try has the key of now.
                self.keyring.drop(owner)
                if attempt == 2:
                    raise
        raise AssertionError("unreachable")

    async def _write(
        self,
        owner: Owner,
        keys: UserKeys,
        draft: Draft,
        id: str,
        valid_to: float | None,
        superseding: bool,
        life: int | None,
    ) -> Record:
        now = time.time()
        at = now if draft.at is None else seconds(draft.at)
        payload = draft.encode()
        tier = self.admit(draft)
        in_thread = draft.conversation is not None
        entry = Entry(
            id=id,
            version=1,
            kind=str(draft.kind),
            live=1,
            tier=str(tier),
            thread=keys.blind(THREAD, draft.conversation) if draft.conversation is not None else None,
            slot=keys.blind("slot", draft.key) if draft.key is not None else None,
            importance=draft.importance + 0.0,  # -0.0 comes back from a store as 0.0
            created_at=at,
            valid_from=at,
            valid_to=valid_to,
            expires_at=None if draft.expires_at is None else seconds(draft.expires_at),
            pinned=int(draft.pinned),
            heat=heat_after(None, now, self.half_life, 0.5 + draft.importance),
            touched_at=0.0,
            moved_at=now,
            bytes=len(payload),
            digest=keys.mac(keys.current, payload),
            key_version=keys.current,
        )
        written = await self.catalogue.add(
            owner,
            entry,
            keys.seal(id, CONTENT, entry.tier, 1, payload),
            keys,
            thread_name=self._thread_name(keys, entry, draft) if in_thread else None,
            outbox=self.shelves.targets(tier),
            supersede=superseding and draft.kind is Kind.PREFERENCE and draft.key is not None,
            life=life,
        )
        return decode(written, payload)

    def _thread_name(self, keys: UserKeys, entry: Entry, draft: Draft) -> bytes:
        return keys.seal(entry.thread or "", THREAD, CATALOGUE, 0, (draft.conversation or "").encode())

    def admit(self, draft: Draft) -> Tier:
        """Where a new memory begins: an active conversation and what matters much is hot, the rest is warm."""
        return Tier.HOT if draft.kind is Kind.CONVERSATION or draft.importance >= VITAL else Tier.WARM

    # -- reading ---------------------------------------------------------------------------------------------------

    async def open(
        self,
        owner: Owner,
        entries: Sequence[Entry],
        faults: set[str] | None = None,
        broken: set[str] | None = None,
    ) -> list[Record]:
        """The memories of these rows, in their order; one that is forgotten meanwhile is left out.

        Args:
            faults: backends that did not answer are named here, and what only they have is left out.
            broken: ids of memories that do not open, or whose row was changed, are put here, and they are left out.

        Raises:
            BackendDown: the only copy is out of reach, and `faults` was not given.
            SealBroken: one does not open, and `broken` was not given.
        """
        # What is told of a memory comes from the row that was checked, which may be a later one than was handed in.
        checked = {entry.id: entry for entry in entries}
        payloads = await self.plaintexts(owner, entries, faults, broken, checked)
        return [decode(checked[entry.id], payloads[entry.id]) for entry in entries if entry.id in payloads]

    async def plaintexts(
        self,
        owner: Owner,
        entries: Sequence[Entry],
        faults: set[str] | None = None,
        broken: set[str] | None = None,
        checked: dict[str, Entry] | None = None,
    ) -> Mapping[str, bytes]:
        """Opened payloads by id; `checked` is given the rows that were read again."""
        opened: dict[str, bytes] = {}
        down: set[str] = set()
        wanted = list(entries)
        for _ in (1, 2):  # a memory that is moved while it is read is found at the second look
            if not wanted:
                break
            for tier in Tier:
                shelf, here = self.shelves[tier], [entry for entry in wanted if entry.tier == tier]
                if shelf.store is not None and here:
                    await self._read(owner, here, shelf, opened, down)
            if missing := [entry for entry in wanted if entry.id not in opened]:
                await self._read_catalogue(owner, missing, opened)
            if missing := [entry for entry in missing if entry.id not in opened]:
                await self._read_copies(owner, missing, opened, down)
            missing_ids = [entry.id for entry in missing if entry.id not in opened]
            again = await self.catalogue.find(owner, missing_ids) if missing_ids else {}
            if checked is not None:
                checked.update(again)
            wanted = list(again.values())
        if faults is not None:
            faults |= down
        if wanted and not down and broken is not None:
            broken |= {entry.id for entry in wanted}
        elif wanted and not down:
            raise SealBroken(
                f"Memory {wanted[0].id} has no copy that opens at version {wanted[0].version}, or its row was changed.",
                hint="Restore the catalogue and the stores from a backup, or forget this memory.",
            )
        elif wanted and faults is None:
            raise BackendDown(f"{len(wanted)} memories are in {', '.join(sorted(down))}, which does not answer.")
        return opened

    async def _read(
        self, owner: Owner, entries: Sequence[Entry], shelf: Shelf, opened: dict[str, bytes], down: set[str]
    ) -> None:
        assert shelf.store is not None
        try:
            found = await shelf.store.get(owner, [entry.id for entry in entries])
        except BackendDown:
            down.add(shelf.key)
            return
        opened.update(await self.verified(owner, entries, shelf, found))

    async def _read_catalogue(self, owner: Owner, entries: Sequence[Entry], opened: dict[str, bytes]) -> None:
        sealed = await self.catalogue.payloads(owner, [entry.id for entry in entries])
        for entry in entries:
            # Its own tier first; a copy staged under another tier is as good.
            for tier in sorted(Tier, key=lambda tier: tier != entry.tier):
                envelope = sealed.get((entry.id, str(tier), entry.version))
                if envelope is not None and (plain := await self._opened(owner, entry, tier, envelope)) is not None:
                    opened[entry.id] = plain
                    break

    async def _read_copies(
        self, owner: Owner, entries: Sequence[Entry], opened: dict[str, bytes], down: set[str]
    ) -> None:
        copies = await self.outbox.copies(owner, [entry.id for entry in entries])
        for shelf in self.shelves:
            here = [
                entry
                for entry in entries
                if entry.id not in opened
                and entry.tier != shelf.tier
                and copies.get(entry.id, {}).get(shelf.key) == entry.version
            ]
            if here and shelf.store is not None:
                await self._read(owner, here, shelf, opened, down)

    async def verified(
        self, owner: Owner, entries: Sequence[Entry], shelf: Shelf, found: Mapping[str, Sealed]
    ) -> dict[str, bytes]:
        """Payloads, by id, of those copies that are of the right version and open to what was once written."""
        good: dict[str, bytes] = {}
        for entry in entries:
            item = found.get(entry.id)
            if item is None or item.version != entry.version:
                continue
            if (plain := await self._opened(owner, entry, shelf.tier, item.data)) is not None:
                good[entry.id] = plain
        return good

    async def _opened(self, owner: Owner, entry: Entry, tier: Tier, envelope: bytes) -> bytes | None:
        keys = await self.keyring.keys(owner, holding=entry.key_version)
        if keys is None:
            raise KeyUnavailable("This user's keys were destroyed.")
        try:
            check_row(keys, entry)
            plain = keys.open(entry.id, CONTENT, str(tier), entry.version, envelope)
        except (SealBroken, KeyUnavailable):
            log.error("A copy of memory %s in %s does not open, or its row was changed.", entry.id, tier)
            return None
        return plain if keys.mac(entry.key_version, plain) == entry.digest else None

    async def reseal(self, owner: Owner, entries: Collection[Entry], shelf: Shelf) -> list[Sealed]:
        """The memories of these rows, sealed for another place."""
        keys = await self.keyring.keys(owner)
        if keys is None:
            return []
        plain = await self.plaintexts(owner, list(entries))
        vectors = await self._vectors([entry for entry in entries if entry.id in plain], plain, shelf)
        return [
            Sealed(
                entry.id,
                entry.version,
                keys.seal(entry.id, CONTENT, str(shelf.tier), entry.version, plain[entry.id]),
                vectors.get(entry.id),
            )
            for entry in entries
            if entry.id in plain
        ]

    async def _vectors(
        self, entries: Sequence[Entry], plain: Mapping[str, bytes], shelf: Shelf
    ) -> dict[str, Sequence[float]]:
        if self.embed is None or not shelf.indexes or not entries:
            return {}
        texts = [passage(document(decode(entry, plain[entry.id]))) for entry in entries]
        made = await asyncio.to_thread(self.embed, texts)
        return {entry.id: vector.tolist() for entry, vector in zip(entries, made, strict=True)}
