"""Finding and opening the payloads of catalogue rows, wherever they are.

A memory is read where the catalogue points. When that store is down or has lost it, any other copy of the same
version serves; when there is none within reach, the result says which backend is down.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cleo_memory.catalog.entry import Entry
from cleo_memory.catalog.repository import Catalog
from cleo_memory.draft import decode
from cleo_memory.encryption.keyring import Keyring
from cleo_memory.encryption.user_keys import RowMac
from cleo_memory.errors import BackendDown, KeyUnavailable, SealBroken
from cleo_memory.records import Owner, Record, Tier
from cleo_memory.storage.protocol import Sealed
from cleo_memory.storage.tiers import TierStore, TierStores

log = logging.getLogger(__name__)
CONTENT = "content"


@dataclass(frozen=True, slots=True)
class Opened:
    """What came of opening the memories of some rows. One that was forgotten meanwhile is in none of these."""

    entries: Mapping[str, Entry]
    """The rows by id, in the order asked; one that had changed is the row that was read again."""
    payloads: Mapping[str, bytes]
    """Plaintext by id."""
    damaged: frozenset[str]
    """Ids of memories of which no copy opens, or whose row was changed."""
    unreachable: frozenset[str]
    """Ids of memories that only a store which is down may have."""
    down: frozenset[str]
    """Stores that did not answer."""

    def records(self) -> list[Record]:
        """What did open, in the order asked."""
        return [decode(entry, self.payloads[id]) for id, entry in self.entries.items() if id in self.payloads]

    def reached(self) -> Opened:
        """This, when every copy was within reach. Raises: BackendDown."""
        if self.unreachable:
            down = ", ".join(sorted(self.down))
            raise BackendDown(f"{len(self.unreachable)} memories are in {down}, which does not answer.")
        return self

    def whole(self) -> Opened:
        """This, when everything opened. Raises: BackendDown, SealBroken."""
        if self.damaged:
            id = min(self.damaged)
            raise SealBroken(
                f"Memory {id} has no copy that opens at version {self.entries[id].version}, or its row was changed.",
                hint="Restore the catalogue and the stores from a backup, or forget this memory.",
            )
        return self.reached()


class PayloadReader:
    def __init__(self, catalog: Catalog, keyring: Keyring, tiers: TierStores) -> None:
        self.catalog, self.keyring, self.tiers = catalog, keyring, tiers

    async def open(self, owner: Owner, entries: Sequence[Entry]) -> Opened:
        """Open the memories of these rows. Raises: StorageFault, KeyUnavailable; all else is in the result."""
        work = _Opening(self, owner)
        checked = {entry.id: entry for entry in entries}
        wanted = list(entries)
        for _ in (1, 2):  # a memory that is moved while it is read is found at the second look
            if wanted:
                missing = await work.look_everywhere(wanted)
                # What is told of a memory comes from the row that was checked, a later one than was handed in.
                again = await self.catalog.of(owner).find(missing) if missing else {}
                checked.update(again)
                wanted = list(again.values())
        left = frozenset(entry.id for entry in wanted)
        damaged, unreachable = (frozenset[str](), left) if work.down else (left, frozenset[str]())
        return Opened(checked, work.payloads, damaged, unreachable, frozenset(work.down))

    async def verified(
        self, owner: Owner, entries: Sequence[Entry], tier_store: TierStore, found: Mapping[str, Sealed]
    ) -> dict[str, bytes]:
        """Payloads, by id, of those copies that are of the right version and open to what was once written."""
        good: dict[str, bytes] = {}
        for entry in entries:
            item = found.get(entry.id)
            if item is None or item.version != entry.version:
                continue
            if (plain := await self.opened(owner, entry, tier_store.tier, item.data)) is not None:
                good[entry.id] = plain
        return good

    async def opened(self, owner: Owner, entry: Entry, tier: Tier, envelope: bytes) -> bytes | None:
        """The payload, or None when the copy or the row is not what was written. Raises: KeyUnavailable."""
        keys = await self.keyring.keys(owner, holding=entry.key_version)
        if keys is None:
            raise KeyUnavailable("This user's keys were destroyed.")
        try:
            RowMac(keys).check(entry)
            plain = keys.open(entry.id, CONTENT, str(tier), entry.version, envelope)
        except (SealBroken, KeyUnavailable):
            log.error("A copy of memory %s in %s does not open, or its row was changed.", entry.id, tier)
            return None
        return plain if keys.mac(entry.key_version, plain) == entry.digest else None


class _Opening:
    """One call of `PayloadReader.open`: what was opened so far, and which stores did not answer."""

    def __init__(self, reader: PayloadReader, owner: Owner) -> None:
        self.reader, self.owner = reader, owner
        self.payloads: dict[str, bytes] = {}
        self.down: set[str] = set()

    def _missing(self, entries: Sequence[Entry]) -> list[Entry]:
        return [entry for entry in entries if entry.id not in self.payloads]

    async def look_everywhere(self, entries: Sequence[Entry]) -> list[str]:
        """Open what can be; returns the ids of the others."""
        for tier_store in self.reader.tiers:
            await self._look_in(tier_store, [entry for entry in entries if entry.tier == tier_store.tier])
        for look in (self._look_in_catalog, self._look_for_copies):
            if missing := self._missing(entries):
                await look(missing)
        return [entry.id for entry in self._missing(entries)]

    async def _look_in(self, tier_store: TierStore, entries: Sequence[Entry]) -> None:
        if tier_store.store is None or not entries:
            return
        try:
            found = await tier_store.store.get(self.owner, [entry.id for entry in entries])
        except BackendDown:
            self.down.add(tier_store.key)
            return
        self.payloads.update(await self.reader.verified(self.owner, entries, tier_store, found))

    async def _look_in_catalog(self, entries: Sequence[Entry]) -> None:
        ids = [entry.id for entry in entries]
        sealed = await self.reader.catalog.of(self.owner).read(lambda rows: rows.payloads.held(ids))
        for entry in entries:
            # Its own tier first; a copy staged under another tier is as good.
            for tier in sorted(Tier, key=lambda tier: tier != entry.tier):
                envelope = sealed.get((entry.id, str(tier), entry.version))
                plain = envelope and await self.reader.opened(self.owner, entry, tier, envelope)
                if plain is not None:
                    self.payloads[entry.id] = plain
                    break

    async def _look_for_copies(self, entries: Sequence[Entry]) -> None:
        ids = [entry.id for entry in entries]
        copies = await self.reader.catalog.of(self.owner).read(lambda rows: rows.copies.of(ids))
        for tier_store in self.reader.tiers:
            elsewhere = [entry for entry in self._missing(entries) if entry.tier != tier_store.tier]
            key = tier_store.key
            here = [entry for entry in elsewhere if copies.get(entry.id, {}).get(key) == entry.version]
            await self._look_in(tier_store, here)
