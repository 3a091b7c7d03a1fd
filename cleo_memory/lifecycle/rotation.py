"""Rotating keys while readers and writers go on.

A new KEK only rewraps the data keys. A new data key of a user seals everything from then on; what older versions
sealed is sealed anew, one memory at a time, each under a new record version; then the older versions are destroyed.
"""

from __future__ import annotations

import asyncio

from cleo_memory.catalog.entry import Entry
from cleo_memory.catalog.repository import Catalog
from cleo_memory.catalog.rows import UserRows
from cleo_memory.encryption.envelope import key_version_of
from cleo_memory.encryption.keyring import Keyring
from cleo_memory.encryption.user_keys import RowMac, UserKeys
from cleo_memory.lifecycle.signing import audit
from cleo_memory.records import Owner
from cleo_memory.storage.payloads import CATALOGUE, THREAD, PayloadStore
from cleo_memory.storage.reading import CONTENT
from cleo_memory.storage.segments import SegmentStore

BATCH = 200


class Rotation:
    def __init__(self, catalog: Catalog, payloads: PayloadStore, keyring: Keyring) -> None:
        self.catalog, self.payloads, self.keyring = catalog, payloads, keyring
        self.segments = SegmentStore(catalog, keyring)

    async def rotate(self, owner: Owner) -> int:
        """Give a user a new data key and seal everything under it; returns how many memories were sealed anew.

        One that was interrupted is completed by the next.
        """
        if await self.keyring.keys(owner) is None:
            return 0
        current, catalog = await self.keyring.rotate_owner(owner), self.catalog.of(owner)
        # Writers that still hold the old key are refused from here on and read the new one.
        await catalog.write(_begin, current - 1)
        keys = await self.keyring.keys(owner, holding=current)
        if keys is None:
            return 0
        done = 0
        while found := await catalog.read(lambda rows: rows.memories.under_older_key(current, BATCH)):
            opened = (await self.payloads.open(owner, found)).whole()
            sealed = [
                (each, *_sealed(keys, each, opened.payloads[each.id])) for each in found if each.id in opened.payloads
            ]
            done += await catalog.write(self._replace, sealed)
        names = await catalog.read(lambda rows: rows.threads.names())
        fresh = [(thread, _renamed(keys, thread, name)) for thread, name in names if key_version_of(name) < current]
        await catalog.write(lambda rows: rows.threads.rename(fresh))
        await self.segments.reseal(owner, keys)
        await self.keyring.retire(owner, below=current)
        await audit("memory.key-rotated", owner, memories=done)
        return done

    async def rotate_kek(self) -> int:
        """Take a new KEK where the provider can make one, and rewrap every data key; returns how many."""
        if (rotate := getattr(self.keyring.provider, "rotate", None)) is not None:
            await asyncio.to_thread(rotate)
        done = await self.keyring.rewrap()
        await audit("memory.kek-rotated", self.keyring.provider.current, keys=done)
        return done

    def _replace(self, rows: UserRows, sealed: list[tuple[Entry, Entry, bytes]]) -> int:
        done = 0
        for entry, fresh, envelope in sealed:
            if not rows.memories.reseal(entry, fresh):
                continue  # moved, superseded or forgotten meanwhile; if it is still there, the next round has it
            rows.payloads.drop(entry.id)
            rows.payloads.add(entry.id, entry.tier, fresh.version, envelope)
            rows.outbox.add(entry.id, fresh.version, "put", self.payloads.tiers.targets(entry.tier))
            done += 1
        return done


def _begin(rows: UserRows, floor: int) -> None:
    rows.lift_key_floor(floor)
    rows.requests.clear_replies()  # sealed under what goes; they live for a day and are not sealed anew


def _sealed(keys: UserKeys, entry: Entry, plain: bytes) -> tuple[Entry, bytes]:
    digest, version = keys.mac(keys.current, plain), entry.version + 1
    fresh = RowMac(keys).amend(entry, version=version, key_version=keys.current, digest=digest)
    return fresh, keys.seal(entry.id, CONTENT, entry.tier, version, plain)


def _renamed(keys: UserKeys, thread: str, name: bytes) -> bytes:
    return keys.seal(thread, THREAD, CATALOGUE, 0, keys.open(thread, THREAD, CATALOGUE, 0, name))
