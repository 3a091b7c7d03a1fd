"""The table `key_floors`: versions of a user's key up to the floor seal nothing any more, since the user was erased or
the key rotated."""

from __future__ import annotations

from cleo_memory.catalog.owned import OwnedTable
from cleo_memory.errors import KeyUnavailable

__all__ = ["UserKeyFloor"]

HIGHER = "floor = CASE WHEN excluded.floor > key_floors.floor THEN excluded.floor ELSE key_floors.floor END"


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
