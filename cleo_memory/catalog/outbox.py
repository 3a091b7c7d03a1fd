"""Stores outside the catalogue: their verified copies (`copies`), and what still has to be done there (`outbox`), in
order, at least once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from cleo_memory.catalog.owned import OwnedTable, SharedTable
from cleo_memory.records import Owner


@dataclass(frozen=True, slots=True)
class Job:
    number: int
    owner: Owner
    id: str
    version: int
    action: str
    """put, tombstone, drop, or purge (everything of the owner)."""
    attempts: int


class UserOutbox(OwnedTable):
    table = "outbox"

    def add(self, id: str, version: int, action: str, stores: Sequence[str]) -> None:
        """A job per store."""
        for store in stores:
            self._insert("id, version, action, store, attempts, due_at", (id, version, action, store, 0, 0))

    def done(self, jobs: Sequence[Job]) -> None:
        self._delete_each("number = ?", [(job.number,) for job in jobs])

    def later(self, jobs: Sequence[Job], due_at: float) -> None:
        """Try these again at that time."""
        rows = [(due_at, job.number) for job in jobs]
        self._update_each("attempts = attempts + 1, due_at = ?", "number = ?", rows)

    def drop(self, id: str) -> None:
        self._delete("id = ?", id)

    def purging(self) -> set[str]:
        """Stores that are still to be purged of the owner."""
        return {row[0] for row in self._select("DISTINCT store", "action = 'purge'")}


class AllOutbox(SharedTable):
    def due(self, store: str, now: float, limit: int) -> list[Job]:
        sql = """SELECT number, owner, id, version, action, attempts FROM outbox WHERE store = ? AND due_at <= ?
                 ORDER BY number LIMIT ?"""
        return [Job(*row) for row in self._fetch(sql, store, now, limit)]

    def waiting(self) -> dict[str, int]:
        """How many jobs wait, by store."""
        sql = "SELECT store, count(*) FROM outbox GROUP BY store"
        return {store: int(n) for store, n in self._fetch(sql)}


class UserCopies(OwnedTable):
    table = "copies"

    def of(self, ids: Collection[str]) -> dict[str, dict[str, int]]:
        """{id: {store: version}}"""
        found: dict[str, dict[str, int]] = {}
        for id, store, version in self._select_ids("id, store, version", ids):
            found.setdefault(id, {})[store] = int(version)
        return found

    def stores(self, id: str | None = None) -> list[str]:
        """Stores that hold a memory, or any of the owner's."""
        rows = self._select("DISTINCT store") if id is None else self._select("store", "id = ?", id)
        return [row[0] for row in rows]

    def note(self, id: str, store: str, version: int, now: float) -> None:
        rows, newer = [(id, store, version, now)], "version = excluded.version, verified_at = excluded.verified_at"
        self._upsert("id, store, version, verified_at", rows, key=("id", "store"), then=newer)

    def drop(self, id: str) -> None:
        self._delete("id = ?", id)

    def drop_from(self, store: str, ids: Collection[str]) -> None:
        self._delete_each("store = ? AND id = ?", [(store, id) for id in ids])
