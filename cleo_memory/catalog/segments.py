"""The table `segments`: sealed parts of users' search indexes."""

from __future__ import annotations

from dataclasses import dataclass

from cleo_memory.catalog.owned import OwnedTable

__all__ = ["SealedSegment", "UserSegments"]

COLUMNS = "number, through, model, sealed"


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
        rows = self._select(COLUMNS, "model = ?", model, then="ORDER BY number")
        return [SealedSegment(int(row[0]), int(row[1]), row[2], bytes(row[3])) for row in rows]

    def numbers(self) -> list[int]:
        return [int(row[0]) for row in self._select("number")]

    def one(self, number: int) -> SealedSegment | None:
        rows = self._select(COLUMNS, "number = ?", number)
        return SealedSegment(int(rows[0][0]), int(rows[0][1]), rows[0][2], bytes(rows[0][3])) if rows else None

    def add(self, segment: SealedSegment) -> None:
        self._insert(COLUMNS, (segment.number, segment.through, segment.model, segment.sealed))

    def drop_covered(self, through: int, model: str) -> None:
        """Delete those that a rewrite up to `through` covers, and all of other models."""
        self._delete("through <= ? OR model <> ?", through, model)

    def reseal(self, number: int, sealed: bytes) -> None:
        self._update("sealed = ?", "number = ?", sealed, number)
