"""The table `data_keys`, in a database of its own: users' wrapped keys. A destroyed one leaves its row behind."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cleo_memory.catalog.database.base import Database
from cleo_memory.catalog.owned import OwnedTable, Reads, ReadsAndWrites, SharedTable
from cleo_memory.records import Owner


@dataclass(frozen=True, slots=True)
class WrappedKey:
    version: int
    kek: str
    """Name of the key-encryption key that wrapped it."""
    wrapped: bytes


class UserDataKeys(OwnedTable):
    table = "data_keys"

    def wrapped(self) -> list[WrappedKey]:
        """What is not destroyed, oldest first."""
        rows = self._select("version, kek, wrapped", "wrapped IS NOT NULL", then="ORDER BY version")
        return [WrappedKey(int(version), kek, bytes(wrapped)) for version, kek, wrapped in rows]

    def newest(self) -> int:
        """The highest version that ever was."""
        return int(self._select("coalesce(max(version), 0)")[0][0])

    def add(self, keys: Iterable[WrappedKey], now: float) -> None:
        """Keep keys, each unless there is one of its version that is not destroyed."""
        self._upsert(
            "version, kek, wrapped, created_at",
            [(key.version, key.kek, key.wrapped, now) for key in keys],
            key=("version",),
            then="kek = excluded.kek, wrapped = excluded.wrapped, created_at = excluded.created_at, "
            "destroyed_at = NULL",
            where="data_keys.wrapped IS NULL",
        )

    def rewrap(self, key: WrappedKey, again: WrappedKey) -> None:
        """Take over the same key under another key-encryption key, unless it was destroyed meanwhile."""
        self._update(
            "kek = ?, wrapped = ?", "version = ? AND wrapped = ?", again.kek, again.wrapped, key.version, key.wrapped
        )

    def destroy(self, now: float) -> list[int]:
        """Destroy all; returns their versions."""
        versions = [key.version for key in self.wrapped()]
        self._update("wrapped = NULL, kek = '', destroyed_at = ?", "wrapped IS NOT NULL", now)
        return versions

    def retire(self, below: int, now: float) -> None:
        """Destroy sealing keys of versions under `below`; version 0 is no sealing key."""
        where = "version > 0 AND version < ? AND wrapped IS NOT NULL"
        self._update("wrapped = NULL, kek = '', destroyed_at = ?", where, now, below)


class AllDataKeys(SharedTable):
    def under_other_kek(self, kek: str, limit: int) -> list[tuple[Owner, WrappedKey]]:
        sql = "SELECT owner, version, kek, wrapped FROM data_keys WHERE wrapped IS NOT NULL AND kek <> ? LIMIT ?"
        rows = self._fetch(sql, kek, limit)
        return [(Owner(owner), WrappedKey(int(version), name, bytes(key))) for owner, version, name, key in rows]


class KeyStore:
    """The database of wrapped keys: apart from the catalogue, so that its backups are kept for days, not months."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.all_users: Reads[AllDataKeys] = Reads(database, AllDataKeys)

    def of(self, owner: Owner) -> ReadsAndWrites[UserDataKeys]:
        return ReadsAndWrites(self._database, lambda tx: UserDataKeys(tx, owner))

    async def checkpoint(self) -> None:
        """Make sure that destroyed keys are in no log and no backup of the database either."""
        await self._database.checkpoint()

    async def close(self) -> None:
        await self._database.close()
