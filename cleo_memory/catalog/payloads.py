"""The table `payloads`: sealed payloads that the catalogue itself holds, at most one per memory and tier."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from cleo_memory.catalog.database.base import marks
from cleo_memory.catalog.owned import OwnedTable, parts
from cleo_memory.records import TOMBSTONE

__all__ = ["UserPayloads"]

COLUMNS = "id, tier, version, sealed"
KEY = ("id", "tier")
REPLACE = "version = excluded.version, sealed = excluded.sealed"


class UserPayloads(OwnedTable):
    table = "payloads"

    def held(self, ids: Collection[str]) -> dict[tuple[str, str, int], bytes]:
        """Sealed payloads by (id, tier, version)."""
        found: dict[tuple[str, str, int], bytes] = {}
        for part in parts(ids):
            rows = self._select(COLUMNS, f"id IN ({marks(part)})", *part)
            found.update(((row[0], row[1], row[2]), bytes(row[3])) for row in rows)
        return found

    def add(self, id: str, tier: str, version: int, sealed: bytes) -> None:
        self._insert(COLUMNS, (id, tier, version, sealed))

    def put(self, id: str, tier: str, version: int, sealed: bytes) -> None:
        """Put a payload in its place, whatever was there."""
        self._upsert(COLUMNS, [(id, tier, version, sealed)], key=KEY, then=REPLACE)

    def drop(self, id: str) -> None:
        self._delete("id = ?", id)

    def drop_but(self, id: str, tier: str) -> None:
        """Keep a memory's payload of one tier only."""
        self._delete("id = ? AND tier <> ?", id, tier)

    def release(self, id: str, version: int, tiers: Collection[str]) -> None:
        """Delete payloads of these tiers, whose home is elsewhere, up to a version."""
        self._delete(f"id = ? AND version <= ? AND tier IN ({marks(tiers)})", id, version, *tiers)

    # -- as the store of a tier: see adapters.sqlite -----------------------------------------------------------------

    def put_newer(self, tier: str, items: Iterable[tuple[str, int, bytes]]) -> None:
        """(id, version, sealed): each unless the same or a higher version is kept."""
        rows = [(id, tier, version, sealed) for id, version, sealed in items]
        self._upsert(COLUMNS, rows, key=KEY, then=REPLACE, where="excluded.version > payloads.version")

    def of_tier(self, tier: str, ids: Collection[str]) -> list[tuple[str, int, bytes]]:
        """(id, version, sealed), without tombstones."""
        found: list[tuple[str, int, bytes]] = []
        for part in parts(ids):
            where = f"tier = ? AND version < ? AND id IN ({marks(part)})"
            rows = self._select("id, version, sealed", where, tier, TOMBSTONE, *part)
            found += [(id, int(version), bytes(sealed)) for id, version, sealed in rows]
        return found

    def scan(self, tier: str, after: str, limit: int) -> list[tuple[str, int]]:
        """(id, version) in order of id, without tombstones."""
        where = "tier = ? AND id > ? AND version < ?"
        rows = self._select("id, version", where, tier, after, TOMBSTONE, limit, then="ORDER BY id LIMIT ?")
        return [(id, int(version)) for id, version in rows]

    def drop_versions(self, tier: str, versions: Iterable[tuple[str, int]]) -> None:
        """Delete payloads that are still of these versions."""
        self._delete_each("tier = ? AND id = ? AND version = ?", [(tier, id, version) for id, version in versions])

    def clear_tier(self, tier: str) -> None:
        self._delete("tier = ?", tier)
