"""The durable system of record: what exists, where it is, and what still has to be done about it.

A memory is acknowledged when its row, its sealed payload and its outbox rows are committed together. A forgotten
memory leaves its row behind as a tombstone that outranks every version, so no late copy of it can come back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import astuple, dataclass
from functools import partial
from typing import Any, TypeVar

from cleo_memory.catalog.database.base import Database, Transaction, fetch, marks
from cleo_memory.catalog.outbox import enqueue
from cleo_memory.encryption.keyring import UserKeys
from cleo_memory.encryption.row_mac import resigned, signed_row
from cleo_memory.errors import KeyUnavailable, UserErased
from cleo_memory.records import Owner

__all__ = ["Catalogue", "Entry", "ThreadRow"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A catalogue row: all that is known of a memory without opening it."""

    id: str
    version: int
    kind: str
    live: int
    tier: str
    thread: str | None
    """Keyed hash of the conversation's id."""
    slot: str | None
    """Keyed hash of a preference's key."""
    importance: float
    created_at: float
    valid_from: float
    valid_to: float | None
    expires_at: float | None
    pinned: int
    heat: float
    """Logarithm of the forward-decay counter: see tiering.score."""
    touched_at: float
    """Last access; at first the time of writing."""
    moved_at: float
    bytes: int
    digest: str
    """sha256 of the plaintext payload under a key of the user: says that a copy is the same without opening two."""
    key_version: int
    position: int = 0
    """Order of writing; fixed."""
    seq: int = 0
    """Order of change: the feed that resident indexes follow."""
    seal: str = ""
    """Over what this row says of the memory, under the user's key: see sealing.rows. A tombstone has none."""


COLUMNS = tuple(Entry.__dataclass_fields__)
SELECT = f"SELECT {', '.join(COLUMNS)} FROM memories"  # noqa: S608 - column names of a dataclass
INSERT = f"INSERT INTO memories (owner, {', '.join(COLUMNS)}) VALUES (?{', ?' * len(COLUMNS)})"  # noqa: S608 - as above


@dataclass(frozen=True, slots=True)
class ThreadRow:
    thread: str
    sealed_name: bytes
    turns: int
    created_at: float
    updated_at: float


def advance(tx: Transaction, by: int = 1) -> int:
    """Take `by` numbers of the change feed; returns the last. Serialises writers, so numbers appear in order."""
    sql = "UPDATE sequence SET value = value + ? WHERE name = 'change' RETURNING value"
    return int(tx.execute(sql, (by,)).fetchone()[0])


def entries(rows: Iterable[Sequence[Any]]) -> list[Entry]:
    return [Entry(**dict(zip(COLUMNS, row, strict=True))) for row in rows]


class Catalogue:
    """Each method is one transaction about one user, or says in its name that it is about `all_users`."""

    def __init__(self, database: Database) -> None:
        self.database = database

    # -- writing ---------------------------------------------------------------------------------------------------

    async def add(
        self,
        owner: Owner,
        entry: Entry,
        sealed: bytes,
        keys: UserKeys,
        *,
        thread_name: bytes | None = None,
        outbox: Sequence[str] = (),
        supersede: bool = False,
        life: int | None = None,
    ) -> Entry:
        """Write one memory; with `supersede`, what held its slot until now ceases to be valid when this begins.

        Args:
            keys: the owner's; they seal the row.
            life: of the user, as `lives` told it; None asks nothing.

        Raises:
            KeyUnavailable: the key was rotated or destroyed since.
            SealBroken: what held the slot was changed by somebody without the user's key.
            UserErased: another life of the user has begun; nothing is written.
        """

        def work(tx: Transaction) -> Entry:
            # First: it holds the lock of all writers, so that what is looked at stays so until this is committed.
            seq = advance(tx)
            if life is not None and life != self._lives(owner, tx):
                raise UserErased("The user was erased meanwhile.")
            self.refuse_old_key(tx, owner, entry.key_version)
            written = signed_row(keys, entry, seq=seq, position=seq)
            if supersede:
                held = f"{SELECT} WHERE owner = ? AND slot = ? AND live = 1 AND valid_to IS NULL"
                for each in entries(tx.execute(held, (owner, entry.slot)).fetchall()):
                    ended = resigned(keys, each, valid_to=entry.valid_from)
                    tx.execute(
                        "UPDATE memories SET valid_to = ?, seq = ?, seal = ? WHERE owner = ? AND id = ?",
                        (ended.valid_to, seq, ended.seal, owner, each.id),
                    )
            tx.execute(INSERT, (owner, *astuple(written)))
            tx.execute(
                "INSERT INTO payloads (owner, id, tier, version, sealed) VALUES (?, ?, ?, ?, ?)",
                (owner, entry.id, entry.tier, entry.version, sealed),
            )
            if thread_name is not None:
                tx.execute(
                    "INSERT INTO threads (owner, thread, sealed_name, turns, created_at, updated_at) "
                    "VALUES (?, ?, ?, 1, ?, ?) ON CONFLICT (owner, thread) DO UPDATE SET turns = threads.turns + 1, "
                    "updated_at = CASE WHEN excluded.updated_at > threads.updated_at THEN excluded.updated_at "
                    "ELSE threads.updated_at END",
                    (owner, entry.thread, thread_name, entry.created_at, entry.created_at),
                )
            enqueue(tx, owner, entry.id, entry.version, "put", outbox)
            return written

        return await self.database.write(work)

    @staticmethod
    def _lives(owner: Owner, tx: Transaction) -> int:
        return int(tx.execute("SELECT count(*) FROM erasures WHERE owner = ?", (owner,)).fetchone()[0])

    async def lives(self, owner: Owner) -> int:
        """How many times the user was erased: each erasure ends a life."""
        return await self.database.read(partial(self._lives, owner))

    @staticmethod
    def refuse_old_key(tx: Transaction, owner: Owner, key_version: int) -> None:
        """Raises: KeyUnavailable when the key was retired or destroyed since the caller read it."""
        floor = tx.execute("SELECT floor FROM key_floors WHERE owner = ?", (owner,)).fetchone()
        if floor and key_version <= floor[0]:
            raise KeyUnavailable("The user's key was rotated or destroyed while this was being written.")

    @staticmethod
    def raise_floor(tx: Transaction, owner: Owner, floor: int) -> None:
        advance(tx)  # not while a writer is between its look at the floor and its commit
        tx.execute(
            "INSERT INTO key_floors (owner, floor) VALUES (?, ?) ON CONFLICT (owner) DO UPDATE SET "
            "floor = CASE WHEN excluded.floor > key_floors.floor THEN excluded.floor ELSE key_floors.floor END",
            (owner, floor),
        )

    async def bury(self, owner: Owner, ids: Sequence[str], now: float, stores: Sequence[str] = ()) -> list[str]:
        """Turn live memories into tombstones and delete their payloads; returns the ids that were live."""

        def work(tx: Transaction) -> list[str]:
            buried = []
            for id in ids:
                sql = "SELECT version, thread FROM memories WHERE owner = ? AND id = ? AND live = 1"
                if (row := tx.execute(sql, (owner, id)).fetchone()) is None:
                    continue
                tx.execute(
                    "UPDATE memories SET live = 0, version = version + 1, thread = NULL, slot = NULL, digest = '', "
                    "seal = '', bytes = 0, touched_at = ?, seq = ? WHERE owner = ? AND id = ?",
                    (now, advance(tx), owner, id),
                )
                tx.execute("DELETE FROM payloads WHERE owner = ? AND id = ?", (owner, id))
                held = tx.execute("SELECT store FROM copies WHERE owner = ? AND id = ?", (owner, id)).fetchall()
                tx.execute("DELETE FROM copies WHERE owner = ? AND id = ?", (owner, id))
                tx.execute("DELETE FROM outbox WHERE owner = ? AND id = ?", (owner, id))
                # Also where a migration put a copy that these settings do not know: it is buried when they do.
                enqueue(tx, owner, id, row[0] + 1, "tombstone", sorted({*stores, *(each[0] for each in held)}))
                if row[1] is not None:
                    tx.execute("UPDATE threads SET turns = turns - 1 WHERE owner = ? AND thread = ?", (owner, row[1]))
                    tx.execute("DELETE FROM threads WHERE owner = ? AND thread = ? AND turns <= 0", (owner, row[1]))
                buried.append(id)
            return buried

        if gone := await self.database.write(work):
            await self.database.discard_backups()
        return gone

    async def touch(self, owner: Owner, heats: Sequence[tuple[str, float, float]]) -> None:
        """Write access scores: (id, heat, time). Not part of the change feed: an index does not hold them."""
        rows = [(heat, at, owner, id) for id, heat, at in heats]
        sql = "UPDATE memories SET heat = ?, touched_at = ? WHERE owner = ? AND id = ? AND live = 1"
        await self.database.write(lambda tx: tx.executemany(sql, rows).rowcount)

    async def pin(self, owner: Owner, id: str, pinned: bool) -> bool:
        sql = "UPDATE memories SET pinned = ? WHERE owner = ? AND id = ? AND live = 1"
        return bool(await self.database.write(lambda tx: tx.execute(sql, (int(pinned), owner, id)).rowcount))

    # -- reading ---------------------------------------------------------------------------------------------------

    async def _select(self, owner: Owner, where: str, parameters: Sequence[Any] = ()) -> list[Entry]:
        sql = f"{SELECT} WHERE owner = ? AND {where}"
        return await self.database.read(lambda tx: entries(tx.execute(sql, (owner, *parameters)).fetchall()))

    async def find(self, owner: Owner, ids: Collection[str]) -> dict[str, Entry]:
        """Live memories by id; what is forgotten or another user's is not in it."""
        found: dict[str, Entry] = {}
        wanted = list(ids)
        for start in range(0, len(wanted), 500):
            part = wanted[start : start + 500]
            rows = await self._select(owner, f"live = 1 AND id IN ({marks(part)})", part)
            found.update((entry.id, entry) for entry in rows)
        return found

    async def changes(self, owner: Owner, since: int, limit: int = 5000) -> list[Entry]:
        """Rows changed after `since`, tombstones among them, in order."""
        return await self._select(owner, "seq > ? ORDER BY seq LIMIT ?", (since, limit))

    async def page(
        self, owner: Owner, first: int, after: int | None, kinds: Collection[str] | None, now: float
    ) -> list[Entry]:
        """Live memories, newest first, written before position `after`."""
        where = "live = 1 AND (expires_at IS NULL OR expires_at > ?)"
        parameters: list[Any] = [now]
        if after is not None:
            where, parameters = f"{where} AND position < ?", [*parameters, after]
        if kinds is not None:
            where, parameters = f"{where} AND kind IN ({marks(kinds)})", [*parameters, *kinds]
        return await self._select(owner, f"{where} ORDER BY position DESC LIMIT ?", [*parameters, first])

    async def oldest(self, owner: Owner, first: int, after: int) -> list[Entry]:
        """Live memories in the order of writing, written after position `after`."""
        return await self._select(owner, "live = 1 AND position > ? ORDER BY position LIMIT ?", [after, first])

    async def ever(self, owner: Owner, id: str) -> bool:
        """Whether a memory with this id is or was there."""
        return bool(await self._select(owner, "id = ?", [id]))

    async def window(self, owner: Owner, thread: str, turns: int, now: float) -> list[Entry]:
        """The last turns of a conversation, oldest first."""
        where = "thread = ? AND live = 1 AND (expires_at IS NULL OR expires_at > ?) ORDER BY position DESC LIMIT ?"
        return (await self._select(owner, where, (thread, now, turns)))[::-1]

    async def slots(self, owner: Owner, at: float, slot: str | None = None) -> list[Entry]:
        """Preferences that hold at a moment, in the order in which they were set."""
        where = "slot IS NOT NULL AND live = 1 AND valid_from <= ? AND (valid_to IS NULL OR valid_to > ?)"
        where += " AND (expires_at IS NULL OR expires_at > ?)"
        parameters: list[Any] = [at, at, at]
        if slot is not None:
            where, parameters = f"{where} AND slot = ?", [*parameters, slot]
        return await self._select(owner, f"{where} ORDER BY position", parameters)

    async def threads(self, owner: Owner, first: int, after: tuple[float, str] | None) -> list[ThreadRow]:
        """Conversations, the last used first."""
        sql = "SELECT thread, sealed_name, turns, created_at, updated_at FROM threads WHERE owner = ?"
        parameters: list[Any] = [owner]
        if after is not None:
            sql += " AND (updated_at < ? OR (updated_at = ? AND thread > ?))"
            parameters += [after[0], after[0], after[1]]
        sql += " ORDER BY updated_at DESC, thread LIMIT ?"
        rows = await self.database.read(lambda tx: tx.execute(sql, (*parameters, first)).fetchall())
        return [ThreadRow(row[0], bytes(row[1]), row[2], row[3], row[4]) for row in rows]

    async def counts(self, owner: Owner) -> tuple[list[tuple[str, str, int, int]], int]:
        """((kind, tier, memories, bytes), …) and the number of conversations."""

        def work(tx: Transaction) -> tuple[list[tuple[str, str, int, int]], int]:
            sql = (
                "SELECT kind, tier, count(*), sum(bytes) FROM memories WHERE owner = ? AND live = 1 GROUP BY kind, tier"
            )
            rows = [(kind, tier, int(n), int(size)) for kind, tier, n, size in tx.execute(sql, (owner,)).fetchall()]
            threads = tx.execute("SELECT count(*) FROM threads WHERE owner = ?", (owner,)).fetchone()[0]
            return rows, int(threads)

        return await self.database.read(work)

    async def payloads(self, owner: Owner, ids: Collection[str]) -> dict[tuple[str, str, int], bytes]:
        """Sealed payloads that the catalogue itself holds, by (id, tier, version)."""
        found: dict[tuple[str, str, int], bytes] = {}
        wanted = list(ids)
        for start in range(0, len(wanted), 500):
            part = wanted[start : start + 500]
            sql = f"SELECT id, tier, version, sealed FROM payloads WHERE owner = ? AND id IN ({marks(part)})"  # noqa: S608 - only question marks are put in
            rows = await self.database.read(partial(fetch, sql, (owner, *part)))
            found.update(((row[0], row[1], row[2]), bytes(row[3])) for row in rows)
        return found
