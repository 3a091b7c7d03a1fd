"""Rotating keys while readers and writers go on.

A new KEK only rewraps the data keys. A new data key of a user seals everything from then on; what older versions
sealed is sealed anew, one memory at a time, each under a new record version; then the older versions are destroyed.
"""

from __future__ import annotations

from functools import partial

from cleo_memory.catalog.database.base import Transaction, fetch
from cleo_memory.catalog.outbox import enqueue
from cleo_memory.catalog.repository import COLUMNS, Catalogue, Entry, entries
from cleo_memory.catalog.segments import INDEX
from cleo_memory.encryption.envelope import key_version_of
from cleo_memory.encryption.keyring import Keyring, UserKeys
from cleo_memory.encryption.row_mac import resigned
from cleo_memory.records import Owner
from cleo_memory.storage.payloads import CATALOGUE, CONTENT, THREAD, Custody

__all__ = ["Rotation"]

BATCH = 200


class Rotation:
    def __init__(self, catalogue: Catalogue, custody: Custody, keyring: Keyring) -> None:
        self.catalogue, self.custody, self.keyring = catalogue, custody, keyring

    async def rotate(self, owner: Owner) -> int:
        """Give a user a new data key and seal everything under it; returns how many memories were sealed anew."""
        if await self.keyring.keys(owner) is None:
            return 0
        return await self._complete(owner, await self.keyring.rotate_owner(owner))

    async def resume(self, owner: Owner) -> int:
        """Complete a rotation that was interrupted."""
        self.keyring.drop(owner)
        keys = await self.keyring.keys(owner)
        return 0 if keys is None or len(keys.versions) <= 2 else await self._complete(owner, keys.current)

    async def _complete(self, owner: Owner, current: int) -> int:
        # Writers that still hold the old key are refused from here on and read the new one.
        await self.catalogue.database.write(lambda tx: self.catalogue.raise_floor(tx, owner, current - 1))
        keys = await self.keyring.keys(owner, holding=current)
        if keys is None:
            return 0
        done = 0
        sql = f"SELECT {', '.join(COLUMNS)} FROM memories WHERE owner = ? AND live = 1 AND key_version < ? LIMIT ?"  # noqa: S608 - column names
        while rows := await self.catalogue.database.read(partial(fetch, sql, (owner, current, BATCH))):
            found = entries(rows)
            plain = await self.custody.plaintexts(owner, found)
            sealed = [(entry, *self._sealed(keys, entry, plain[entry.id])) for entry in found if entry.id in plain]
            done += await self.catalogue.database.write(partial(self._replace, owner, sealed))
        await self._threads(owner, keys)
        await self._segments(owner, keys)
        await self.keyring.retire(owner, below=current)
        return done

    def _sealed(self, keys: UserKeys, entry: Entry, plain: bytes) -> tuple[Entry, bytes]:
        digest, version = keys.mac(keys.current, plain), entry.version + 1
        fresh = resigned(keys, entry, version=version, key_version=keys.current, digest=digest)
        return fresh, keys.seal(entry.id, CONTENT, entry.tier, version, plain)

    def _replace(self, owner: Owner, sealed: list[tuple[Entry, Entry, bytes]], tx: Transaction) -> int:
        done = 0
        for entry, fresh, envelope in sealed:
            changed = tx.execute(
                "UPDATE memories SET version = ?, key_version = ?, digest = ?, seal = ? "
                "WHERE owner = ? AND id = ? AND version = ? AND tier = ? AND seal = ? AND live = 1",
                (
                    *(fresh.version, fresh.key_version, fresh.digest, fresh.seal),
                    *(owner, entry.id, entry.version, entry.tier, entry.seal),
                ),
            ).rowcount
            if not changed:
                continue  # moved, superseded or forgotten meanwhile; if it is still there, the next round has it
            tx.execute("DELETE FROM payloads WHERE owner = ? AND id = ?", (owner, entry.id))
            tx.execute(
                "INSERT INTO payloads (owner, id, tier, version, sealed) VALUES (?, ?, ?, ?, ?)",
                (owner, entry.id, entry.tier, entry.version + 1, envelope),
            )
            enqueue(tx, owner, entry.id, entry.version + 1, "put", self.custody.shelves.targets(entry.tier))
            done += 1
        return done

    async def _threads(self, owner: Owner, keys: UserKeys) -> None:
        sql = "SELECT thread, sealed_name FROM threads WHERE owner = ?"
        rows = await self.catalogue.database.read(partial(fetch, sql, (owner,)))
        fresh = [
            (
                keys.seal(thread, THREAD, CATALOGUE, 0, keys.open(thread, THREAD, CATALOGUE, 0, bytes(name))),
                owner,
                thread,
            )
            for thread, name in rows
            if key_version_of(bytes(name)) < keys.current
        ]
        update = "UPDATE threads SET sealed_name = ? WHERE owner = ? AND thread = ?"
        await self.catalogue.database.write(lambda tx: tx.executemany(update, fresh).rowcount)

    async def _segments(self, owner: Owner, keys: UserKeys) -> None:
        sql = "SELECT number, model, through FROM segments WHERE owner = ?"
        one = "SELECT sealed FROM segments WHERE owner = ? AND number = ?"
        update = "UPDATE segments SET sealed = ? WHERE owner = ? AND number = ?"
        for number, model, through in await self.catalogue.database.read(partial(fetch, sql, (owner,))):
            held = await self.catalogue.database.read(partial(fetch, one, (owner, number)))
            if held and key_version_of(bytes(held[0][0])) < keys.current:
                plain = keys.open(str(number), INDEX, model, int(through), bytes(held[0][0]))
                envelope = keys.seal(str(number), INDEX, model, int(through), plain)
                parameters = (envelope, owner, number)
                await self.catalogue.database.write(
                    lambda tx, parameters=parameters: tx.execute(update, parameters).rowcount  # type: ignore[misc]
                )
