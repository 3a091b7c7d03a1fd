"""Keys of users: one data key (DEK) each, wrapped by the provider's KEK, kept in a store of its own.

Destroying the wrapped keys is what erases a user everywhere at once, backups of the catalogue included; so this store
is apart from it and its own backups are kept for days, not months.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import OrderedDict

from cleo_memory.catalog.data_keys import KeyStore, UserDataKeys, WrappedKey
from cleo_memory.encryption.envelope import joined
from cleo_memory.encryption.providers import KeyProvider
from cleo_memory.encryption.user_keys import LOOKUP, UserKeys, keyed_hash
from cleo_memory.errors import InvalidUser, KeyUnavailable
from cleo_memory.records import Owner

ROOT = Owner("0" * 32)  # holds the key that user ids are hashed with; no user's hash is all zeros in practice
LONGEST_USER = 512
CACHED_USERS = 4096


class Keyring:
    """Opened with `Keyring.open`."""

    def __init__(self, store: KeyStore, provider: KeyProvider, tenant: str) -> None:
        self.store, self.provider, self.tenant = store, provider, tenant
        self._cache: OrderedDict[Owner, UserKeys] = OrderedDict()
        self._index_key = b""

    @classmethod
    async def open(cls, store: KeyStore, provider: KeyProvider, tenant: str) -> Keyring:
        ring = cls(store, provider, tenant)
        keys = await ring._load(ROOT) or await ring._add(ROOT, only_first=True)
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
        return Owner(keyed_hash(self._index_key, b"user", self.tenant.encode(), encoded))

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
        created = UserKeys(self.tenant, owner, await self._add(owner, only_first=True))
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
        return joined(self.tenant.encode(), owner.encode(), str(version).encode())

    async def _load(self, owner: Owner) -> dict[int, bytes]:
        wrapped = await self.store.of(owner).read(lambda keys: keys.wrapped())
        # A provider may be a network away: not on the event loop.
        return {key.version: await asyncio.to_thread(self._unwrapped, owner, key) for key in wrapped}

    def _unwrapped(self, owner: Owner, key: WrappedKey) -> bytes:
        return self.provider.unwrap(key.kek, key.wrapped, self._context(owner, key.version))

    def _wrapped(self, owner: Owner, version: int, key: bytes) -> WrappedKey:
        return WrappedKey(version, *self.provider.wrap(key, self._context(owner, version)))

    async def rotate_owner(self, owner: Owner) -> int:
        """Give one user a new current data key; what older versions sealed stays readable. Returns its version."""
        await self._add(owner, only_first=False)
        self.drop(owner)
        keys = await self.keys(owner)
        if keys is None:
            raise KeyUnavailable("The user was erased meanwhile.")
        return keys.current

    async def _add(self, owner: Owner, *, only_first: bool) -> dict[int, bytes]:
        """A new key; with `only_first`, the one that another process made at the same moment if there is one."""
        while True:
            version = 1 + await self.store.of(owner).read(lambda keys: keys.newest())
            fresh = [
                await asyncio.to_thread(self._wrapped, owner, each, os.urandom(32))
                for each in ([LOOKUP, version] if only_first else [version])
            ]
            await self.store.of(owner).write(_add, fresh, only_first)
            if found := await self._load(owner):
                return found

    async def destroy(self, owner: Owner) -> list[int]:
        """Destroy every wrapped key of a user; returns their versions. What they sealed is noise from now on."""
        self.drop(owner)
        versions = await self.store.of(owner).write(lambda keys: keys.destroy(time.time()))
        await self.store.checkpoint()
        return versions

    async def retire(self, owner: Owner, below: int) -> None:
        """Destroy the versions under `below`, once nothing is sealed under them."""
        await self.store.of(owner).write(lambda keys: keys.retire(below, time.time()))
        self.drop(owner)

    async def rewrap(self, *, batch: int = 200) -> int:
        """Wrap every data key anew under the current KEK, while readers and writers go on; returns how many."""
        done = 0
        while stale := await self.store.all_users.read(lambda keys: keys.under_other_kek(self.provider.current, batch)):
            # Together: waiting writers share a commit.
            await asyncio.gather(*(self._rewrap(owner, key) for owner, key in stale))
            done += len(stale)
        return done

    async def _rewrap(self, owner: Owner, key: WrappedKey) -> None:
        opened = await asyncio.to_thread(self._unwrapped, owner, key)
        again = await asyncio.to_thread(self._wrapped, owner, key.version, opened)
        await self.store.of(owner).write(lambda keys: keys.rewrap(key, again))


def _add(keys: UserDataKeys, fresh: list[WrappedKey], only_first: bool) -> None:
    if not (only_first and keys.wrapped()):
        keys.add(fresh, time.time())
