"""Postgres under the catalogue, for several processes. The statements are the ones that SQLite runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

import psycopg
from psycopg_pool import ConnectionPool, PoolTimeout

from cleo_core.errors import ConfigError
from cleo_memory.catalog.database.base import Rows, Transaction
from cleo_memory.catalog.migrations.schema import Pending, Schema
from cleo_memory.errors import MemoryClosed, StorageFault

T = TypeVar("T")
IDENTITY = "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"
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
    """Its tables are in the schema ``cleo_NAME`` of the database, and are made where there are none.

    Tables of an earlier version are migrated with `upgrade` only: other processes may be using them, and only the
    operator can make a backup first.

    Raises: ConfigError when they are of another version, and `upgrade` is not given or cannot help.
    """

    def __init__(
        self, url: str, schema: Schema, *, upgrade: bool = False, connections: int = 8, timeout: float = 10.0
    ) -> None:
        self.name = name = f"cleo_{schema.name}"
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
            self._open(schema, upgrade, timeout)
        except BaseException:
            self._pool.close()
            raise

    def _open(self, schema: Schema, upgrade: bool, timeout: float) -> None:
        name = self.name
        try:
            self._pool.open(wait=True, timeout=timeout)
            with self._pool.connection() as connection, connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", (SETUP_LOCK,))
                cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {name}")
                self._enter(cursor)
                pending = schema.pending(_Translated(cursor), partial(_columns, cursor, name))
                if pending.steps and not (pending.empty or upgrade):
                    version, backup = pending.version or "an unnumbered kind", f"pg_dump --schema={name}"
                    raise ConfigError(
                        f"The tables {name} in Postgres are of version {version}: {pending}.",
                        hint=f"Stop the processes that use them, take a backup ({backup}), run: cleo memory upgrade",
                    )
                if pending.steps:
                    schema.apply(_Translated(cursor), pending, IDENTITY)
        except (psycopg.Error, PoolTimeout) as error:
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

    async def discard_backups(self) -> None:
        """There are none of ours; the operator's dumps have their own retention."""

    async def checkpoint(self) -> None:
        """Postgres keeps deleted rows until it vacuums them; what they held is sealed under destroyed keys."""

    async def close(self) -> None:
        if not self._closed:
            self._closed = True
            await asyncio.to_thread(self._threads.shutdown)
            await asyncio.to_thread(self._pool.close)


def pending_in_postgres(url: str, schema: Schema) -> Pending | None:
    """What an upgrade would migrate; changes nothing. None: there are no tables yet."""
    name = f"cleo_{schema.name}"
    with psycopg.connect(url, connect_timeout=5) as connection, connection.cursor() as cursor:
        if not _columns(cursor, name, schema.kept[0]):
            return None
        cursor.execute("SELECT set_config('search_path', %s, true)", (name,))
        return schema.pending(_Translated(cursor), partial(_columns, cursor, name))


def _columns(cursor: psycopg.Cursor[Any], name: str, table: str) -> set[str]:
    sql = "SELECT column_name FROM information_schema.columns WHERE table_schema = %s AND table_name = %s"
    return {row[0] for row in cursor.execute(sql, (name, table)).fetchall()}
