"""Keys of users: one data key (DEK) each, wrapped by the provider's KEK, kept in a store of its own.

Destroying the wrapped keys is what erases a user everywhere at once, backups of the catalogue included; so this store
is apart from it and its own backups are kept for days, not months.
"""

from __future__ import annotations

import asyncio
import hmac
import os
import struct
import time
from collections import OrderedDict
from functools import partial
from hashlib import sha256

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from cleo_memory.catalog.database.base import Database, Transaction
from cleo_memory.encryption.envelope import Binding, key_version_of, open_envelope, seal_envelope
from cleo_memory.encryption.providers import KeyProvider
from cleo_memory.errors import InvalidUser, KeyUnavailable
from cleo_memory.records import Owner

__all__ = ["Keyring", "UserKeys"]

LOOKUP = 0  # this version never seals and never rotates: it is the key of the user's keyed hashes
ROOT = Owner("0" * 32)  # holds the key that user ids are hashed with; no user's hash is all zeros in practice
LONGEST_USER = 512
CACHED_USERS = 4096


def _update_wrapped(rows: list[tuple[str, bytes, Owner, int]], tx: Transaction) -> None:
    sql = "UPDATE data_keys SET kek = ?, wrapped = ? WHERE owner = ? AND version = ? AND wrapped IS NOT NULL"
    tx.executemany(sql, rows)


def _hash(key: bytes, *parts: bytes) -> str:
    message = b"".join(struct.pack(">I", len(part)) + part for part in parts)
    return hmac.new(key, message, sha256).hexdigest()[:32]


class UserKeys:
    """The opened keys of one user, by version."""

    def __init__(self, tenant: str, owner: Owner, keys: dict[int, bytes]) -> None:
        self.tenant, self.owner, self.current = tenant, owner, max(keys)
        self._keys = keys
        self._lookup = self._derive(LOOKUP, "lookup")
        self._ciphers: dict[tuple[int, str], AESGCM] = {}
        self._hashes: dict[tuple[int, str], bytes] = {}

    @property
    def versions(self) -> frozenset[int]:
        return frozenset(self._keys)

    def _derive(self, version: int, purpose: str) -> bytes:
        if version not in self._keys:
            raise KeyUnavailable(f"Version {version} of this user's key is gone.")
        info = f"cleo-memory/{purpose}".encode()
        return HKDF(SHA256(), 32, salt=self.owner.encode(), info=info).derive(self._keys[version])

    def _cipher(self, version: int, purpose: str) -> AESGCM:
        cipher = self._ciphers.get((version, purpose))
        if cipher is None:
            cipher = self._ciphers[version, purpose] = AESGCM(self._derive(version, purpose))
        return cipher

    def blind(self, purpose: str, text: str) -> str:
        """A keyed hash by which equal texts of this user can be looked up without being readable. It goes with the
        user's keys: after an erasure nobody can even confirm a guess from an old backup."""
        return _hash(self._lookup, purpose.encode(), text.encode("utf-8", "surrogatepass"))

    def seal(self, record: str, field: str, place: str, version: int, plaintext: bytes) -> bytes:
        """Seal under the current key. `field` also chooses the subkey."""
        binding = Binding(self.tenant, self.owner, record, field, place, version)
        return seal_envelope(self._cipher(self.current, field), self.current, binding, plaintext)

    def mac(self, version: int, data: bytes, purpose: str = "digest") -> str:
        """Keyed digest under one version of the key: tells that two copies hold the same without keeping either."""
        if (key := self._hashes.get((version, purpose))) is None:
            key = self._hashes[version, purpose] = self._derive(version, purpose)
        return _hash(key, data)

    def open(self, record: str, field: str, place: str, version: int, envelope: bytes) -> bytes:
        """Raises: SealBroken, KeyUnavailable."""
        binding = Binding(self.tenant, self.owner, record, field, place, version)
        return open_envelope(self._cipher(key_version_of(envelope), field), binding, envelope)


class Keyring:
    """Opened with `Keyring.open`."""

    def __init__(self, database: Database, provider: KeyProvider, tenant: str) -> None:
        self.database, self.provider, self.tenant = database, provider, tenant
        self._cache: OrderedDict[Owner, UserKeys] = OrderedDict()
        self._index_key = b""

    @classmethod
    async def open(cls, database: Database, provider: KeyProvider, tenant: str) -> Keyring:
        ring = cls(database, provider, tenant)
        keys = await ring._load(ROOT) or await ring._create(ROOT)
        ring._index_key = keys[LOOKUP]
        return ring

    def owner(self, user: str) -> Owner:
        """The hash a user goes by in every store. No normalisation: ids that merely look alike are different users.

        Raises:
            InvalidUser
        """
        if not isinstance(user, str) or not user or len(user) > LONGEST_USER:
            raise InvalidUser(f"A user id is a text of 1 to {LONGEST_USER} characters.")
        try:
            encoded = user.encode()
        except UnicodeEncodeError:
            raise InvalidUser("The user id is no valid Unicode text.") from None
        return Owner(_hash(self._index_key, b"user", self.tenant.encode(), encoded))

    async def keys(self, owner: Owner, *, holding: int | None = None) -> UserKeys | None:
        """The user's keys, or None when there are none. `holding`: read again when this version is not cached."""
        cached = self._cache.get(owner)
        if cached is None or (holding is not None and holding not in cached.versions):
            found = await self._load(owner)
            if not found:
                self._cache.pop(owner, None)
                return None
            cached = UserKeys(self.tenant, owner, found)
            self._remember(owner, cached)
        self._cache.move_to_end(owner)
        return cached

    async def keys_or_new(self, owner: Owner) -> UserKeys:
        """The user's keys; a user who has none gets one, durable before this returns."""
        if keys := await self.keys(owner):
            return keys
        created = UserKeys(self.tenant, owner, await self._create(owner))
        self._remember(owner, created)
        return created

    def _remember(self, owner: Owner, keys: UserKeys) -> None:
        self._cache[owner] = keys
        while len(self._cache) > CACHED_USERS:
            self._cache.popitem(last=False)

    def drop(self, owner: Owner) -> None:
        """Forget the opened keys of one user; they are read again when needed."""
        self._cache.pop(owner, None)

    def _context(self, owner: Owner, version: int) -> bytes:
        parts = [self.tenant.encode(), owner.encode(), str(version).encode()]
        return b"".join(struct.pack(">I", len(part)) + part for part in parts)

    async def _load(self, owner: Owner) -> dict[int, bytes]:
        sql = "SELECT version, kek, wrapped FROM data_keys WHERE owner = ? AND wrapped IS NOT NULL"
        rows = await self.database.read(lambda tx: tx.execute(sql, (owner,)).fetchall())
        # A provider may be a network away: not on the event loop.
        return {
            int(version): await asyncio.to_thread(
                self.provider.unwrap, kek, bytes(wrapped), self._context(owner, int(version))
            )
            for version, kek, wrapped in rows
        }

    async def _create(self, owner: Owner) -> dict[int, bytes]:
        """A first key, or the one that another process made at the same moment."""
        return await self._add(owner, only_first=True)

    async def rotate_owner(self, owner: Owner) -> int:
        """Give one user a new current data key; what older versions sealed stays readable. Returns its version."""
        await self._add(owner, only_first=False)
        self.drop(owner)
        keys = await self.keys(owner)
        if keys is None:
            raise KeyUnavailable("The user was erased meanwhile.")
        return keys.current

    async def _add(self, owner: Owner, *, only_first: bool) -> dict[int, bytes]:
        newest = "SELECT coalesce(max(version), 0) FROM data_keys WHERE owner = ?"
        while True:
            version = 1 + int((await self.database.read(lambda tx: tx.execute(newest, (owner,)).fetchone()))[0])
            fresh = {
                each: await asyncio.to_thread(self.provider.wrap, os.urandom(32), self._context(owner, each))
                for each in ([LOOKUP, version] if only_first else [version])
            }

            def insert(tx: Transaction, fresh: dict[int, tuple[str, bytes]] = fresh) -> None:
                live = "SELECT 1 FROM data_keys WHERE owner = ? AND wrapped IS NOT NULL"
                if only_first and tx.execute(live, (owner,)).fetchone():
                    return
                for version, (kek, wrapped) in fresh.items():
                    tx.execute(
                        "INSERT INTO data_keys (owner, version, kek, wrapped, created_at) VALUES (?, ?, ?, ?, ?) "
                        "ON CONFLICT (owner, version) DO UPDATE SET kek = excluded.kek, wrapped = excluded.wrapped, "
                        "created_at = excluded.created_at, destroyed_at = NULL WHERE data_keys.wrapped IS NULL",
                        (owner, version, kek, wrapped, time.time()),
                    )

            await self.database.write(insert)
            if found := await self._load(owner):
                return found

    async def destroy(self, owner: Owner) -> list[int]:
        """Destroy every wrapped key of a user; returns their versions. What they sealed is noise from now on."""

        def work(tx: Transaction) -> list[int]:
            live = "SELECT version FROM data_keys WHERE owner = ? AND wrapped IS NOT NULL ORDER BY version"
            versions = [int(row[0]) for row in tx.execute(live, (owner,)).fetchall()]
            tx.execute(
                "UPDATE data_keys SET wrapped = NULL, kek = '', destroyed_at = ? "
                "WHERE owner = ? AND wrapped IS NOT NULL",
                (time.time(), owner),
            )
            return versions

        self.drop(owner)
        versions = await self.database.write(work)
        await self.database.discard_backups()
        return versions

    async def retire(self, owner: Owner, below: int) -> None:
        """Destroy the versions under `below`, once nothing is sealed under them."""
        await self.database.write(
            lambda tx: (
                tx.execute(
                    "UPDATE data_keys SET wrapped = NULL, kek = '', destroyed_at = ? "
                    "WHERE owner = ? AND version > 0 AND version < ? AND wrapped IS NOT NULL",
                    (time.time(), owner, below),
                ).rowcount
            )
        )
        self.drop(owner)

    async def rewrap(self, *, batch: int = 200) -> int:
        """Wrap every data key anew under the current KEK, while readers and writers go on; returns how many."""
        done = 0
        stale = "SELECT owner, version, kek, wrapped FROM data_keys WHERE wrapped IS NOT NULL AND kek <> ? LIMIT ?"
        while rows := await self.database.read(lambda tx: tx.execute(stale, (self.provider.current, batch)).fetchall()):
            fresh = [await asyncio.to_thread(self._rewrapped, *row) for row in rows]
            await self.database.write(partial(_update_wrapped, fresh))
            done += len(fresh)
        return done

    def _rewrapped(self, owner: Owner, version: int, kek: str, wrapped: bytes) -> tuple[str, bytes, Owner, int]:
        context = self._context(owner, int(version))
        name, again = self.provider.wrap(self.provider.unwrap(kek, bytes(wrapped), context), context)
        return name, again, owner, int(version)
