"""The tables `memories`, one row per memory, tombstones among them, and `flows`: moves between tiers so far."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from operator import attrgetter
from typing import Any, Literal

from cleo_memory.catalog.database.base import Transaction
from cleo_memory.catalog.entry import Entry
from cleo_memory.catalog.holding import Condition, Selection, holding, kept
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
        """Live memories by id, expired ones among them; what is forgotten or another user's is not in it."""
        return {entry.id: entry for entry in _entries(self._select_ids(ALL, ids, "live = 1"))}

    def held(self, ids: Collection[str], now: float) -> dict[str, Entry]:
        """The same without what has expired."""
        found = kept(now)
        return {entry.id: entry for entry in _entries(self._select_ids(ALL, ids, found.sql, *found.values))}

    def _of(self, found: Condition, *values: Any, then: str) -> list[Entry]:
        return _entries(self._select(ALL, found.sql, *found.values, *values, then=then))

    def ever(self, id: str) -> bool:
        """Whether a memory with this id is or was there."""
        return bool(self._select("1", "id = ?", id))

    def is_current(self, id: str, version: int) -> bool:
        return bool(self._select("1", "id = ? AND version = ? AND live = 1", id, version))

    def changes(self, since: int, limit: int = 5000) -> list[Entry]:
        """Rows changed after `since`, tombstones among them, in order."""
        return _entries(self._select(ALL, "seq > ?", since, limit, then="ORDER BY seq LIMIT ?"))

    def page(self, first: int, after: int | None, chosen: Selection, now: float) -> list[Entry]:
        """Kept memories, newest first, written before position `after`."""
        found = chosen.condition(now)
        if after is not None:
            found &= Condition("position < ?", (after,))
        return self._of(found, first, then="ORDER BY position DESC LIMIT ?")

    def oldest(self, first: int, after: int = 0, now: float = 0.0) -> list[Entry]:
        """Memories in the order of writing, written after position `after`; without those that expired by `now`."""
        found = kept(now) & Condition("position > ?", (after,))
        return self._of(found, first, then="ORDER BY position LIMIT ?")

    def window(self, thread: str, turns: int, now: float) -> list[Entry]:
        """The last turns of a conversation, oldest first."""
        return self.turns_before(thread, None, turns, now)

    def turns_before(self, thread: str, before: int | None, turns: int, now: float) -> list[Entry]:
        """The last turns of a conversation in front of a position, oldest first."""
        found = kept(now) & Condition("thread = ?", (thread,))
        if before is not None:
            found &= Condition("position < ?", (before,))
        return self._of(found, turns, then="ORDER BY position DESC LIMIT ?")[::-1]

    def turns_after(self, thread: str, after: int, turns: int, now: float) -> list[Entry]:
        """The first turns of a conversation behind a position, oldest first."""
        found = kept(now) & Condition("thread = ? AND position > ?", (thread, after))
        return self._of(found, turns, then="ORDER BY position LIMIT ?")

    def turn_counts(self, threads: Collection[str], now: float) -> dict[str, int]:
        """How many turns of each of these conversations are kept; one without any is not in it."""
        marks = ", ".join("?" * len(threads)) or "NULL"
        found = Condition(f"thread IN ({marks})", tuple(threads)) & kept(now)
        rows = self._select("thread, count(*)", found.sql, *found.values, then="GROUP BY thread")
        return {thread: int(n) for thread, n in rows}

    def conversations(self, now: float) -> int:
        """How many conversations have a turn that is kept."""
        found = Condition("thread IS NOT NULL", ()) & kept(now)
        return int(self._select("count(DISTINCT thread)", found.sql, *found.values)[0][0])

    def of_thread(self, thread: str) -> list[str]:
        """Ids of all turns of a conversation."""
        return [row[0] for row in self._select("id", "thread = ? AND live = 1", thread, then="ORDER BY position")]

    def thread_of(self, id: str) -> tuple[bool, str | None] | None:
        """(whether it is live, its conversation) of a memory; None when there never was one."""
        rows = self._select("live, thread", "id = ?", id)
        return (bool(rows[0][0]), rows[0][1]) if rows else None

    def preferences(self, at: float, now: float) -> list[Entry]:
        """Preferences that hold at a moment, in the order in which they began."""
        found = holding(at, now) & Condition("kind = 'preference' AND slot IS NOT NULL", ())
        return self._of(found, then="ORDER BY valid_from, position")

    def told(self, kinds: Collection[str], now: float, most: int) -> list[Entry]:
        """What holds now of some kinds, the last written `most`, in the order in which it was written."""
        marks = ", ".join("?" * len(kinds))
        found = holding(now, now) & Condition(f"kind IN ({marks})", tuple(kinds))
        return self._of(found, most, then="ORDER BY position DESC LIMIT ?")[::-1]

    def of_slot(self, slot: str | None, kind: str) -> list[Entry]:
        """All that ever held a slot: its timeline."""
        return _entries(self._select(ALL, "slot = ? AND kind = ? AND live = 1", slot, kind, then="ORDER BY valid_from"))

    def counts(self, now: float) -> list[tuple[str, str, int, int]]:
        """(kind, tier, memories, bytes) of what is kept."""
        found = kept(now)
        rows = self._select("kind, tier, count(*), sum(bytes)", found.sql, *found.values, then="GROUP BY kind, tier")
        return [(kind, tier, int(n), int(size)) for kind, tier, n, size in rows]

    def expired(self, now: float) -> tuple[int, int]:
        """(memories, bytes) of what has expired and is not deleted yet."""
        where = "live = 1 AND expires_at IS NOT NULL AND expires_at <= ?"
        rows = self._select("count(*), coalesce(sum(bytes), 0)", where, now)
        return int(rows[0][0]), int(rows[0][1])

    def ends(self) -> dict[str, float | None]:
        """Ids of live memories and when each ceases to hold: what a stored index may be wrong about."""
        rows = self._select("id, valid_to, expires_at", "live = 1")
        return {id: min((each for each in ends if each is not None), default=None) for id, *ends in rows}

    def edited_since(self, seq: int) -> bool:
        """Whether a memory got another text after a change: an index of before may not be stored."""
        return bool(self._select("1", "seq > ? AND version > 1 AND live = 1", seq, then="LIMIT 1"))

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

    def replace(self, entry: Entry, fresh: Entry) -> bool:
        """Write a new version of a memory, its place in the feed with it; False when it changed meanwhile."""
        return bool(
            self._update(
                "version = ?, key_version = ?, digest = ?, seal = ?, importance = ?, expires_at = ?, bytes = ?, "
                "seq = ?",
                "id = ? AND version = ? AND tier = ? AND seal = ? AND live = 1",
                *(fresh.version, fresh.key_version, fresh.digest, fresh.seal),
                *(fresh.importance, fresh.expires_at, fresh.bytes, fresh.seq),
                *(entry.id, entry.version, entry.tier, entry.seal),
            )
        )

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
