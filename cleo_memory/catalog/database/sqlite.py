"""SQLite with one writing thread: callers that wait at the same time share one commit, and so one fsync.

WAL with ``synchronous=FULL``: a commit is on the disk before it is acknowledged. Measured on two busy cores, rows of
500 bytes, 500 callers at once: 10,000 to 18,000 a second, against 350 to 420 with aiosqlite, which commits for each;
one caller alone waits 0.3 to 1.1 ms, against 1.7 to 2.5.
"""

from __future__ import annotations

import asyncio
import os
import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from cleo_memory.catalog.database.base import Transaction
from cleo_memory.catalog.migrations import backup
from cleo_memory.catalog.migrations.schema import Schema
from cleo_memory.catalog.migrations.sqlite import migrate
from cleo_memory.errors import MemoryClosed, StorageFault

T = TypeVar("T")
LARGEST_GROUP = 512
BUSY_SECONDS = 30.0


class SqliteDatabase:
    """Opened at the newest version of its schema: a file of an earlier one is migrated, after a backup."""

    def __init__(self, path: Path, schema: Schema, *, readers: int = 2) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.exists():
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
        self._local = threading.local()
        self._opened: list[sqlite3.Connection] = []
        self._guard = threading.Lock()
        self._queue: queue.SimpleQueue[tuple[Callable[[Transaction], Any], Future[Any]] | None] = queue.SimpleQueue()
        self._closed = False
        try:
            first = self._connect()
            try:
                migrate(first, path, schema)
            finally:
                first.close()  # rolls back what is not committed
        except (sqlite3.Error, OSError) as error:
            raise _fault(error, path) from error
        self._backups = backup.existing(path)
        self._readers = ThreadPoolExecutor(readers, thread_name_prefix=f"read-{path.stem}")
        self._writer = threading.Thread(target=self._write_forever, name=f"write-{path.stem}", daemon=True)
        self._writer.start()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, isolation_level=None, check_same_thread=False, timeout=BUSY_SECONDS, cached_statements=256
        )
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA secure_delete=ON")  # a deleted row's bytes are overwritten, not left in free pages
        connection.execute("PRAGMA temp_store=MEMORY")  # no spill of a sort into a file outside the folder
        connection.execute("PRAGMA cache_size=-16000")
        return connection

    async def discard_backups(self) -> None:
        """Delete the copies made before a migration: they hold what is being deleted."""
        if copies := self._backups:
            self._backups = []
            await asyncio.to_thread(backup.discard, copies)

    async def read(self, work: Callable[[Transaction], T]) -> T:
        if self._closed:
            raise MemoryClosed("The memory is closed.")
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, work)

    def _read(self, work: Callable[[Transaction], T]) -> T:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        try:
            if connection is None:
                connection = self._local.connection = self._connect()
                connection.execute("PRAGMA query_only=ON")
                with self._guard:
                    self._opened.append(connection)
            connection.execute("BEGIN")
            try:
                return work(connection)
            finally:
                connection.execute("ROLLBACK")
        except sqlite3.Error as error:
            raise _fault(error, self.path) from error

    async def write(self, work: Callable[[Transaction], T]) -> T:
        if self._closed:
            raise MemoryClosed("The memory is closed.")
        future: Future[T] = Future()
        self._queue.put((work, future))
        # Shielded: a caller that is cancelled leaves; its work is in a group with others and runs to its end.
        return await asyncio.shield(asyncio.wrap_future(future))

    def _write_forever(self) -> None:
        connection = self._connect()
        while (first := self._queue.get()) is not None:
            group = [first]
            while len(group) < LARGEST_GROUP:
                try:
                    following = self._queue.get_nowait()
                except queue.Empty:
                    break
                if following is None:
                    self._queue.put(None)
                    break
                group.append(following)
            self._commit(connection, group)
        while not self._queue.empty():  # came in while it was closing
            if late := self._queue.get():
                late[1].set_exception(MemoryClosed("The memory is closed."))
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()

    def _commit(
        self, connection: sqlite3.Connection, group: list[tuple[Callable[[Transaction], Any], Future[Any]]]
    ) -> None:
        outcomes: list[tuple[Future[Any], Any, BaseException | None]] = []
        try:
            connection.execute("BEGIN IMMEDIATE")
            for work, future in group:
                connection.execute("SAVEPOINT one")
                try:
                    result = work(connection)
                except sqlite3.OperationalError:
                    raise  # the disk, not the caller: the whole group fails
                except BaseException as error:
                    connection.execute("ROLLBACK TO one")
                    outcomes.append((future, None, error))
                else:
                    outcomes.append((future, result, None))
                connection.execute("RELEASE one")
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            fault = _fault(error, self.path)
            for _, future in group:
                future.set_exception(fault)
            return
        for future, result, error_or_none in outcomes:
            if error_or_none is not None:
                future.set_exception(error_or_none)
            else:
                future.set_result(result)

    async def checkpoint(self) -> None:
        """Move the write-ahead log into the database and cut it: deleted bytes are in neither, nor in a backup."""
        await self.discard_backups()
        await asyncio.get_running_loop().run_in_executor(self._readers, self._checkpoint)

    def _checkpoint(self) -> None:
        connection = self._connect()
        try:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            connection.close()

    async def close(self) -> None:
        """Finish what was taken, then close. Idempotent."""
        if self._closed:
            return
        self._closed = True
        self._queue.put(None)
        await asyncio.to_thread(self._writer.join)
        await asyncio.to_thread(self._readers.shutdown)
        for connection in self._opened:
            connection.close()


def _fault(error: sqlite3.Error | OSError, path: Path) -> StorageFault:
    text = str(error)
    if "full" in text:
        return StorageFault("The disk of the memory is full.", hint=f"Free space on the disk of {path.parent}.")
    if "malformed" in text or "not a database" in text:
        return StorageFault(f"{path.name} is damaged: {text}.", hint="Restore it from a backup.")
    return StorageFault(
        f"{path.name} could not be used: {text}.", hint="Check the disk and the permissions of CLEO_HOME."
    )
