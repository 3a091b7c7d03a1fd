"""All tables within one transaction: one user's, bound to the owner, and the operator's view of all users."""

from __future__ import annotations

from cleo_memory.catalog.database.base import Transaction
from cleo_memory.catalog.erasures import AllErasures, UserErasures, UserKeyFloor
from cleo_memory.catalog.memories import AllFlows, AllMemories, Flows, UserMemories
from cleo_memory.catalog.outbox import AllOutbox, UserCopies, UserOutbox
from cleo_memory.catalog.payloads import UserPayloads, UserSegments
from cleo_memory.catalog.requests import AllRequests, UserRequests
from cleo_memory.catalog.threads import UserThreads
from cleo_memory.catalog.usage import UserOrigins, UserUsage
from cleo_memory.records import Owner


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
        self.origins = UserOrigins(tx, owner)
        self.requests = UserRequests(tx, owner)
        self.usage = UserUsage(tx, owner)
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
        for table in (
            self.memories, self.payloads, self.copies, self.threads, self.segments, self.outbox, self.origins,
            self.requests, self.usage,
        ):  # fmt: skip
            table.clear()


class AllRows:
    """The operator's queries. They work for whoever runs the installation, and only read."""

    def __init__(self, tx: Transaction) -> None:
        self.memories = AllMemories(tx)
        self.outbox = AllOutbox(tx)
        self.erasures = AllErasures(tx)
        self.requests = AllRequests(tx)
        self.flows = AllFlows(tx)
