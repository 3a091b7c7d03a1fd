"""The tables `memories`, one row per memory, tombstones among them, and `flows`: moves between tiers so far."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from operator import attrgetter
from typing import Any, Literal

from cleo_memory.catalog.database.base import Transaction, marks
from cleo_memory.catalog.entry import Entry
from cleo_memory.catalog.owned import OwnedTable, SharedTable
from cleo_memory.records import Owner

COLUMNS = tuple(Entry.__dataclass_fields__)
ALL = ", ".join(COLUMNS)
Moment = Literal["created_at", "expires_at"]
_values = attrgetter(*COLUMNS)  # not astuple, which copies deeply: a quarter of the time of an add


def _entries(rows: Iterable[Sequence[Any]]) -> list[Entry]:
    return [Entry(**dict(zip(COLUMNS, row, strict=True))) for row in rows]


class UserMemories(OwnedTable):
    table = "memories"

    def find(self, ids: Collection[str]) -> dict[str, Entry]:
        """Live memories by id; what is forgotten or another user's is not in it."""
        return {entry.id: entry for entry in _entries(self._select_ids(ALL, ids, "live = 1"))}

    def ever(self, id: str) -> bool:
        """Whether a memory with this id is or was there."""
        return bool(self._select("1", "id = ?", id))

    def is_current(self, id: str, version: int) -> bool:
        return bool(self._select("1", "id = ? AND version = ? AND live = 1", id, version))

    def changes(self, since: int, limit: int = 5000) -> list[Entry]:
        """Rows changed after `since`, tombstones among them, in order."""
        return _entries(self._select(ALL, "seq > ?", since, limit, then="ORDER BY seq LIMIT ?"))

    def page(self, first: int, after: int | None, kinds: Collection[str] | None, now: float) -> list[Entry]:
        """Live memories, newest first, written before position `after`."""
        where, values = "live = 1 AND (expires_at IS NULL OR expires_at > ?)", [now]
        if after is not None:
            where, values = f"{where} AND position < ?", [*values, after]
        if kinds is not None:
            where = f"{where} AND kind IN ({marks(kinds)})"
        rows = self._select(ALL, where, *values, *(kinds or ()), first, then="ORDER BY position DESC LIMIT ?")
        return _entries(rows)

    def oldest(self, first: int, after: int = 0) -> list[Entry]:
        """Live memories in the order of writing, written after position `after`."""
        return _entries(self._select(ALL, "live = 1 AND position > ?", after, first, then="ORDER BY position LIMIT ?"))

    def window(self, thread: str, turns: int, now: float) -> list[Entry]:
        """The last turns of a conversation, oldest first."""
        where = "thread = ? AND live = 1 AND (expires_at IS NULL OR expires_at > ?)"
        rows = self._select(ALL, where, thread, now, turns, then="ORDER BY position DESC LIMIT ?")
        return _entries(rows)[::-1]

    def preferences(self, at: float) -> list[Entry]:
        """Preferences that hold at a moment, in the order in which they were set."""
        where = "slot IS NOT NULL AND kind = 'preference' AND live = 1 AND valid_from <= ?"
        where += " AND (valid_to IS NULL OR valid_to > ?) AND (expires_at IS NULL OR expires_at > ?)"
        return _entries(self._select(ALL, where, at, at, at, then="ORDER BY position"))

    def of_slot(self, slot: str | None, kind: str) -> list[Entry]:
        """All that ever held a slot: its timeline."""
        return _entries(self._select(ALL, "slot = ? AND kind = ? AND live = 1", slot, kind, then="ORDER BY valid_from"))

    def counts(self) -> list[tuple[str, str, int, int]]:
        """(kind, tier, memories, bytes) of what is live."""
        rows = self._select("kind, tier, count(*), sum(bytes)", "live = 1", then="GROUP BY kind, tier")
        return [(kind, tier, int(n), int(size)) for kind, tier, n, size in rows]

    def validity(self) -> dict[str, float | None]:
        """Ids of live memories and when each ceases to be valid: what a stored index may be wrong about."""
        return dict(self._select("id, valid_to", "live = 1"))

    def under_older_key(self, version: int, limit: int) -> list[Entry]:
        """Live memories sealed under a key before this version."""
        return _entries(self._select(ALL, "live = 1 AND key_version < ?", version, limit, then="LIMIT ?"))

    def any_up_to_key(self, version: int) -> bool:
        """Whether any row, a tombstone too, is under a key up to this version."""
        return bool(self._select("1", "key_version <= ?", version, then="LIMIT 1"))

    def newest_key(self) -> int:
        return int(self._select("coalesce(max(key_version), 0)")[0][0])

    def insert(self, entry: Entry) -> None:
        self._insert(ALL, _values(entry))

    def end_validity(self, ended: Entry, seq: int) -> None:
        """Write the end of a memory that was superseded, with its new seal."""
        self._update("valid_to = ?, seq = ?, seal = ?", "id = ?", ended.valid_to, seq, ended.seal, ended.id)

    def tombstone(self, id: str, seq: int, now: float) -> None:
        """Take everything from a row but that it was there; its version outranks what it had."""
        assignments = "live = 0, version = version + 1, thread = NULL, slot = NULL, digest = '', seal = '', bytes = 0"
        self._update(f"{assignments}, touched_at = ?, seq = ?", "id = ?", now, seq, id)

    def touch(self, heats: Iterable[tuple[str, float, float]]) -> None:
        """Write access scores: (id, heat, time). Not part of the change feed: an index does not hold them."""
        rows = [(heat, at, id) for id, heat, at in heats]
        self._update_each("heat = ?, touched_at = ?", "id = ? AND live = 1", rows)

    def pin(self, id: str, pinned: bool) -> bool:
        return bool(self._update("pinned = ?", "id = ? AND live = 1", int(pinned), id))

    def move(self, entry: Entry, tier: str, now: float) -> bool:
        """Swap the pointer to a memory's tier; False when it was changed, moved or forgotten meanwhile."""
        where = "id = ? AND version = ? AND tier = ? AND live = 1"
        return bool(self._update("tier = ?, moved_at = ?", where, tier, now, entry.id, entry.version, entry.tier))

    def point(self, id: str, version: int, tier: str) -> None:
        """Say where a memory is, whatever was said before."""
        self._update("tier = ?", "id = ? AND version = ? AND live = 1", tier, id, version)

    def reseal(self, entry: Entry, fresh: Entry) -> bool:
        """Take over a row under a new key; False when it was moved, superseded or forgotten meanwhile."""
        return bool(
            self._update(
                "version = ?, key_version = ?, digest = ?, seal = ?",
                "id = ? AND version = ? AND tier = ? AND seal = ? AND live = 1",
                *(fresh.version, fresh.key_version, fresh.digest, fresh.seal),
                *(entry.id, entry.version, entry.tier, entry.seal),
            )
        )


class AllMemories(SharedTable):
    def _select(self, columns: str, where: str, *values: Any) -> list[Any]:
        return self._fetch(f"SELECT {columns} FROM memories WHERE live = 1 AND {where}", *values)  # noqa: S608 - our own names

    @staticmethod
    def _owned(rows: Sequence[Sequence[Any]]) -> list[tuple[Owner, Entry]]:
        return list(zip((Owner(row[0]) for row in rows), _entries(row[1:] for row in rows), strict=True))

    def page(self, after: tuple[str, str], limit: int) -> list[tuple[Owner, Entry]]:
        """Live memories in the order of (owner, id), behind `after`."""
        where = "(owner > ? OR (owner = ? AND id > ?)) ORDER BY owner, id LIMIT ?"
        return self._owned(self._select(f"owner, {ALL}", where, after[0], after[0], after[1], limit))

    def count(self) -> int:
        return int(self._select("count(*)", "1 = 1")[0][0])

    def cooled(self, tier: str, heat: float, moved_before: float, limit: int) -> list[tuple[Owner, Entry]]:
        """Memories of a tier that are used less than `heat`, the least used first."""
        where = "tier = ? AND heat < ? AND pinned = 0 AND moved_at < ? ORDER BY heat LIMIT ?"
        return self._owned(self._select(f"owner, {ALL}", where, tier, heat, moved_before, limit))

    def by_tier(self) -> list[tuple[str, int, int]]:
        """(tier, memories, bytes)"""
        rows = self._select("tier, count(*), sum(bytes)", "1 = 1 GROUP BY tier")
        return [(tier, int(n), int(size)) for tier, n, size in rows]

    def count_before(self, column: Moment, kind: str, before: float) -> int:
        """How many of a kind have a moment before another."""
        return int(self._select("count(*)", f"kind = ? AND {column} < ?", kind, before)[0][0])

    def before(self, column: Moment, kind: str, before: float, limit: int) -> list[tuple[Owner, str]]:
        """(owner, id) of them."""
        rows = self._select("owner, id", f"kind = ? AND {column} < ? LIMIT ?", kind, before, limit)
        return [(Owner(owner), id) for owner, id in rows]


class Flows:
    """Sums over all users."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def count(self, source: str, target: str, size: int) -> None:
        """One more memory, of so many bytes."""
        self._tx.execute(
            "INSERT INTO flows (source, target, memories, bytes) VALUES (?, ?, 1, ?) "
            "ON CONFLICT (source, target) DO UPDATE SET memories = flows.memories + 1, "
            "bytes = flows.bytes + excluded.bytes",
            (source, target, size),
        )


class AllFlows(SharedTable):
    def all(self) -> dict[tuple[str, str], int]:
        rows = self._fetch("SELECT source, target, memories FROM flows")
        return {(source, target): int(n) for source, target, n in rows}
