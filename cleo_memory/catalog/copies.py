"""The table `copies`: verified copies in stores outside the catalogue."""

from __future__ import annotations

from collections.abc import Collection

from cleo_memory.catalog.database.base import marks
from cleo_memory.catalog.owned import OwnedTable, parts

__all__ = ["UserCopies"]


class UserCopies(OwnedTable):
    table = "copies"

    def of(self, ids: Collection[str]) -> dict[str, dict[str, int]]:
        """{id: {store: version}}"""
        found: dict[str, dict[str, int]] = {}
        for part in parts(ids):
            for id, store, version in self._select("id, store, version", f"id IN ({marks(part)})", *part):
                found.setdefault(id, {})[store] = int(version)
        return found

    def stores(self, id: str | None = None) -> list[str]:
        """Stores that hold a memory, or any of the owner's."""
        rows = self._select("DISTINCT store") if id is None else self._select("store", "id = ?", id)
        return [row[0] for row in rows]

    def note(self, id: str, store: str, version: int, now: float) -> None:
        self._upsert(
            "id, store, version, verified_at",
            [(id, store, version, now)],
            key=("id", "store"),
            then="version = excluded.version, verified_at = excluded.verified_at",
        )

    def drop(self, id: str) -> None:
        self._delete("id = ?", id)

    def drop_from(self, store: str, ids: Collection[str]) -> None:
        for part in parts(ids):
            self._delete(f"store = ? AND id IN ({marks(part)})", store, *part)
