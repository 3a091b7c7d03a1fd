"""The way into the catalogue: one user's rows through `Catalog.of(owner)`, the operator's through `all_users`."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from cleo_memory.catalog.database.base import Database, Transaction
from cleo_memory.catalog.entry import Entry, RowSigner
from cleo_memory.catalog.erasures import AllErasures, UserErasures, UserKeyFloor
from cleo_memory.catalog.leases import Leases
from cleo_memory.catalog.memories import AllFlows, AllMemories, Flows, UserMemories
from cleo_memory.catalog.outbox import AllOutbox, UserCopies, UserOutbox
from cleo_memory.catalog.owned import Reads, ReadsAndWrites
from cleo_memory.catalog.payloads import UserPayloads, UserSegments
from cleo_memory.catalog.threads import UserThreads
from cleo_memory.errors import UserErased
from cleo_memory.records import ErasureEpoch, Owner


class UserRows:
    """Every table of one user's rows within one transaction."""

    def __init__(self, tx: Transaction, owner: Owner) -> None:
        self.memories = UserMemories(tx, owner)
        self.payloads = UserPayloads(tx, owner)
        self.copies = UserCopies(tx, owner)
        self.threads = UserThreads(tx, owner)
        self.outbox = UserOutbox(tx, owner)
        self.segments = UserSegments(tx, owner)
        self.key_floor = UserKeyFloor(tx, owner)
        self.erasures = UserErasures(tx, owner)
        self.flows = Flows(tx)
        self.__tx = tx

    def next_seq(self) -> int:
        """Take a number of the change feed. It holds the lock of all writers, so numbers appear in order, and what is
        looked at after it stays so until this transaction is committed."""
        sql = "UPDATE sequence SET value = value + 1 WHERE name = 'change' RETURNING value"
        return int(self.__tx.execute(sql).fetchone()[0])

    def lift_key_floor(self, floor: int) -> None:
        """Refuse keys up to this version from now on; not while a writer is between its look and its commit."""
        self.next_seq()
        self.key_floor.lift(floor)

    def clear(self) -> None:
        """Delete every row of the user, but for what says that the user was erased."""
        for table in (self.memories, self.payloads, self.copies, self.threads, self.segments, self.outbox):
            table.clear()


class AllRows:
    """The operator's queries. They work for whoever runs the installation, and only read."""

    def __init__(self, tx: Transaction) -> None:
        self.memories = AllMemories(tx)
        self.outbox = AllOutbox(tx)
        self.erasures = AllErasures(tx)
        self.flows = AllFlows(tx)


class Catalog:
    """The catalogue in its database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.all_users: Reads[AllRows] = Reads(database, AllRows)
        self.leases = Leases(database)

    def of(self, owner: Owner) -> UserCatalog:
        return UserCatalog(self._database, owner)

    async def checkpoint(self) -> None:
        """Make sure that deleted rows are in no log and no backup of the database either."""
        await self._database.checkpoint()

    async def close(self) -> None:
        await self._database.close()


class UserCatalog(ReadsAndWrites[UserRows]):
    """One user's part of the catalogue. Each call is one transaction."""

    def __init__(self, database: Database, owner: Owner) -> None:
        super().__init__(database, lambda tx: UserRows(tx, owner))

    async def add(
        self,
        entry: Entry,
        sealed: bytes,
        signer: RowSigner,
        *,
        thread_name: bytes | None = None,
        outbox: Sequence[str] = (),
        supersede: bool = False,
        epoch: ErasureEpoch | None = None,
    ) -> Entry:
        """Write one memory; with `supersede` it takes its place in its slot's timeline, whatever the order of arrival:
        what held when it begins ceases then, and it ceases when the next one begins. Of two that begin together the one
        that was written last holds.

        Raises:
            KeyUnavailable: the key was rotated or destroyed since.
            SealBroken: what held the slot was changed by somebody without the user's key.
            UserErased: another epoch of the user has begun; nothing is written.
        """

        def work(rows: UserRows) -> Entry:
            seq = rows.next_seq()
            if epoch is not None and epoch.erasures != rows.erasures.count():
                raise UserErased("The user was erased meanwhile.")
            rows.key_floor.check(entry.key_version)
            until = entry.valid_to
            for each in rows.memories.of_slot(entry.slot, entry.kind) if supersede else ():
                if each.valid_from > entry.valid_from:
                    until = min(each.valid_from, until or each.valid_from)
                elif each.valid_to is None or each.valid_to > entry.valid_from:
                    # What took its end from the next one, or was unset, hands that end on.
                    until = each.valid_to if until is None else min(until, each.valid_to or until)
                    rows.memories.end_validity(signer.amend(each, valid_to=entry.valid_from), seq)
            written = signer.sign(entry, seq=seq, position=seq, valid_to=until)
            rows.memories.insert(written)
            rows.payloads.add(entry.id, entry.tier, entry.version, sealed)
            if thread_name is not None:
                rows.threads.add_turn(entry.thread, thread_name, entry.created_at)
            rows.outbox.add(entry.id, entry.version, "put", outbox)
            return written

        return await self.write(work)

    async def tombstone(self, ids: Sequence[str], now: float, stores: Sequence[str] = ()) -> list[str]:
        """Turn live memories into tombstones and delete their payloads; returns the ids that were live."""

        def work(rows: UserRows) -> list[str]:
            gone = []
            for id in ids:
                if (entry := rows.memories.find([id]).get(id)) is None:
                    continue
                rows.memories.tombstone(id, rows.next_seq(), now)
                rows.payloads.drop(id)
                held = rows.copies.stores(id)
                rows.copies.drop(id)
                rows.outbox.drop(id)
                # Also where a transfer put a copy that these settings do not know: it is deleted there when they do.
                rows.outbox.add(id, entry.version + 1, "tombstone", sorted({*stores, *held}))
                if entry.thread is not None:
                    rows.threads.remove_turn(entry.thread)
                gone.append(id)
            return gone

        if found := await self.write(work):
            await self._database.discard_backups()
        return found

    async def find(self, ids: Collection[str]) -> dict[str, Entry]:
        """Live memories by id; what is forgotten or another user's is not in it."""
        return await self.read(lambda rows: rows.memories.find(ids))
