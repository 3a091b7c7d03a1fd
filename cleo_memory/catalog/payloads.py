"""What the catalogue itself holds sealed: payloads, at most one per memory and tier, and parts of search indexes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from cleo_memory.catalog.database.base import marks
from cleo_memory.catalog.owned import OwnedTable
from cleo_memory.records import TOMBSTONE

COLUMNS, SEGMENT = "id, tier, version, sealed", "number, through, model, sealed"
KEY = ("id", "tier")
REPLACE = "version = excluded.version, sealed = excluded.sealed"


class UserPayloads(OwnedTable):
    table = "payloads"

    def held(self, ids: Collection[str]) -> dict[tuple[str, str, int], bytes]:
        """Sealed payloads by (id, tier, version)."""
        return {(row[0], row[1], row[2]): bytes(row[3]) for row in self._select_ids(COLUMNS, ids)}

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

    def put_newer(self, tier: str, items: Iterable[tuple[str, int, bytes]]) -> None:
        """(id, version, sealed): each unless the same or a higher version is kept."""
        rows = [(id, tier, version, sealed) for id, version, sealed in items]
        self._upsert(COLUMNS, rows, key=KEY, then=REPLACE, where="excluded.version > payloads.version")

    def of_tier(self, tier: str, ids: Collection[str]) -> list[tuple[str, int, bytes]]:
        """(id, version, sealed), without tombstones."""
        rows = self._select_ids("id, version, sealed", ids, "tier = ? AND version < ?", tier, TOMBSTONE)
        return [(id, int(version), bytes(sealed)) for id, version, sealed in rows]

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


@dataclass(frozen=True, slots=True)
class SealedSegment:
    number: int
    """Orders the segments of a user."""
    through: int
    """Every change of the catalogue up to this one is in it or in one before it."""
    model: str
    sealed: bytes


class UserSegments(OwnedTable):
    table = "segments"

    def of_model(self, model: str) -> list[SealedSegment]:
        """Oldest first."""
        return _segments(self._select(SEGMENT, "model = ?", model, then="ORDER BY number"))

    def numbers(self) -> list[int]:
        return [int(row[0]) for row in self._select("number")]

    def one(self, number: int) -> SealedSegment | None:
        return next(iter(_segments(self._select(SEGMENT, "number = ?", number))), None)

    def add(self, segment: SealedSegment) -> None:
        self._insert(SEGMENT, (segment.number, segment.through, segment.model, segment.sealed))

    def drop_covered(self, through: int, model: str) -> None:
        """Delete those that a rewrite up to `through` covers, and all of other models."""
        self._delete("through <= ? OR model <> ?", through, model)

    def reseal(self, number: int, sealed: bytes) -> None:
        self._update("sealed = ?", "number = ?", sealed, number)


def _segments(rows: Iterable[Sequence[Any]]) -> list[SealedSegment]:
    return [SealedSegment(int(row[0]), int(row[1]), row[2], bytes(row[3])) for row in rows]
