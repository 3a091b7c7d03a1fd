"""Postgres under the catalogue, for several processes. The statements are the ones that SQLite runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import psycopg
from psycopg_pool import ConnectionPool, PoolTimeout

from cleo_memory.catalog.database.base import Rows, Transaction
from cleo_memory.errors import MemoryClosed, StorageFault

__all__ = ["PostgresDatabase"]

T = TypeVar("T")
TRIES = 5
# Of the schema set-up, so that processes that start together do not create the same table twice.
SETUP_LOCK = 721002


class _Translated:
    """A psycopg cursor that takes the shared dialect."""

    def __init__(self, cursor: psycopg.Cursor[Any]) -> None:
        self._cursor = cursor

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Rows:
        self._cursor.execute(sql.replace("?", "%s"), tuple(parameters))
        return self._cursor

    def executemany(self, sql: str, parameters: Iterable[Sequence[Any]], /) -> Rows:
        rows = [tuple(row) for row in parameters]
        if rows:
            self._cursor.executemany(sql.replace("?", "%s"), rows)
        return self._cursor


class PostgresDatabase:
    """`schema` are statements that may run again on each start; tables go into the schema `name` of the database."""

    def __init__(
        self, url: str, name: str, schema: Sequence[str], *, connections: int = 8, timeout: float = 10.0
    ) -> None:
        self.name = name
        self._pool = ConnectionPool(
            url,
            min_size=1,
            max_size=connections,
            timeout=timeout,
            # By default the pool doubles its wait between attempts for five minutes, so that a server that is back
            # would be missed for as long again. Having given up early, it tries afresh at the next request.
            reconnect_timeout=1.0,
            open=False,
            kwargs={"prepare_threshold": None, "connect_timeout": 5},
            check=ConnectionPool.check_connection,
        )
        self._threads = ThreadPoolExecutor(connections, thread_name_prefix=f"postgres-{name}")
        self._closed = False
        try:
            self._pool.open(wait=True, timeout=timeout)
            with self._pool.connection() as connection, connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", (SETUP_LOCK,))
                cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {name}")
                self._enter(cursor)
                for statement in schema:
                    _Translated(cursor).execute(statement)
        except (psycopg.Error, PoolTimeout) as error:
            self._pool.close()
            raise StorageFault(
                f"The tables {name} could not be set up in Postgres ({type(error).__name__}).",
                hint="Check CLEO_MEMORY_CATALOGUE and CLEO_MEMORY_KEYSTORE, and that the role may create a schema.",
            ) from error

    def _enter(self, cursor: psycopg.Cursor[Any]) -> None:
        # For this transaction only: a transaction pooler hands the connection to others afterwards.
        cursor.execute("SELECT set_config('search_path', %s, true)", (self.name,))

    async def read(self, work: Callable[[Transaction], T]) -> T:
        return await self._run(work, "REPEATABLE READ, READ ONLY")

    async def write(self, work: Callable[[Transaction], T]) -> T:
        return await self._run(work, "READ COMMITTED")

    async def _run(self, work: Callable[[Transaction], T], isolation: str) -> T:
        if self._closed:
            raise MemoryClosed("The memory is closed.")
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._transact, work, isolation)

    def _transact(self, work: Callable[[Transaction], T], isolation: str) -> T:
        for attempt in range(TRIES):
            try:
                with self._pool.connection() as connection, connection.cursor() as cursor:
                    cursor.execute(f"SET TRANSACTION ISOLATION LEVEL {isolation}")
                    self._enter(cursor)
                    return work(_Translated(cursor))
            except (psycopg.errors.SerializationFailure, psycopg.errors.DeadlockDetected) as error:
                if attempt == TRIES - 1:
                    raise StorageFault(f"The {self.name} is too contended.") from error
            except (psycopg.OperationalError, PoolTimeout) as error:
                # Whether it was committed is not known, so it is not tried again and not acknowledged.
                raise StorageFault(f"The Postgres of the {self.name} went away ({type(error).__name__}).") from error
        raise AssertionError("unreachable")

    async def checkpoint(self) -> None:
        """Postgres keeps deleted rows until it vacuums them; what they held is sealed under destroyed keys."""

    async def close(self) -> None:
        if not self._closed:
            self._closed = True
            await asyncio.to_thread(self._threads.shutdown)
            await asyncio.to_thread(self._pool.close)
