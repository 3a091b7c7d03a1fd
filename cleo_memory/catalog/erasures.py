"""The tables `erasures`, when a user was erased, with the receipt, empty until that is complete; and `key_floors`:
versions of a user's key up to the floor seal nothing any more, since the user was erased or the key rotated."""

from __future__ import annotations

from cleo_memory.catalog.owned import OwnedTable, SharedTable
from cleo_memory.errors import KeyUnavailable
from cleo_memory.records import Owner

HIGHER = "floor = CASE WHEN excluded.floor > key_floors.floor THEN excluded.floor ELSE key_floors.floor END"


class UserErasures(OwnedTable):
    table = "erasures"

    def count(self) -> int:
        """How many times the user was erased: each erasure begins another epoch."""
        return int(self._select("count(*)")[0][0])

    def newest(self) -> float | None:
        """When the user was erased last, in seconds since the epoch; None if never."""
        found = self._select("max(erased_at)")[0][0]
        return None if found is None else float(found)

    def begin(self, id: str, at: float) -> None:
        self._insert("id, erased_at, receipt", (id, at, ""))

    def finish(self, id: str, receipt: str) -> None:
        self._update("receipt = ?", "id = ?", receipt, id)

    def supersede(self) -> None:
        """Close those that were interrupted. Not deleted: their number tells one epoch from another."""
        self._update("receipt = 'superseded'", "receipt = ''")


class AllErasures(SharedTable):
    def unfinished(self) -> list[Owner]:
        """Erasures that a crash interrupted: their rows are gone, their keys may not be."""
        rows = self._fetch("SELECT DISTINCT owner FROM erasures WHERE receipt = ''")
        return [Owner(row[0]) for row in rows]

    def since(self, at: float) -> list[tuple[str, Owner]]:
        """(id, owner) of erasures after a moment, by whatever process."""
        rows = self._fetch("SELECT id, owner FROM erasures WHERE erased_at > ?", at)
        return [(row[0], Owner(row[1])) for row in rows]


class UserKeyFloor(OwnedTable):
    table = "key_floors"

    def check(self, key_version: int) -> None:
        """Raises: KeyUnavailable when the key was retired or destroyed since the caller read it."""
        floor = self._select("floor")
        if floor and key_version <= floor[0][0]:
            raise KeyUnavailable("The user's key was rotated or destroyed while this was being written.")

    def lift(self, floor: int) -> None:
        """Refuse keys up to this version from now on. The caller holds the lock of all writers."""
        self._upsert("floor", [(floor,)], key=(), then=HIGHER)
