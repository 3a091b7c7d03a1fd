"""Cold tier in Postgres with pgvector (Supabase): one row per memory, under row-level security that binds everyone.

Each transaction takes a role without rights of its own and names its owner, both for that transaction only, so a
pooler that hands connections around between transactions leaks neither. A query that forgets the owner sees nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from importlib.resources import files
from typing import Any

from psycopg import AsyncConnection, AsyncCursor
from psycopg_pool import AsyncConnectionPool

from cleo_memory.records import TOMBSTONE, Owner
from cleo_memory.storage.protocol import Sealed

ROLE = "cleo_memory_rows"
# Vectors kept while they were allowed go with the column: what is forgotten later would leave its own behind.
SEALED = "ALTER TABLE cleo_memory.memories DROP COLUMN IF EXISTS embedding"
VECTORS = """
CREATE EXTENSION IF NOT EXISTS vector;
ALTER TABLE cleo_memory.memories ADD COLUMN IF NOT EXISTS embedding vector;
"""
UPSERT = """
INSERT INTO cleo_memory.memories (owner, id, version, sealed{column}) VALUES (%s, %s, %s, %s{value})
ON CONFLICT (owner, id) DO UPDATE SET version = excluded.version, sealed = excluded.sealed{update}
WHERE excluded.version > memories.version
"""
PLAIN = UPSERT.format(column="", value="", update="")
INDEXED = UPSERT.format(column=", embedding", value=", %s::vector", update=", embedding = excluded.embedding")


async def install(url: str, *, vectors: bool = False) -> None:
    """Make schema, role and policy, which the URL's role must be allowed to; again when `vectors` changes."""
    async with await AsyncConnection.connect(url, prepare_threshold=None) as connection:
        await connection.execute("SELECT pg_advisory_xact_lock(721001)")
        setup = (files(__package__) / "postgres.sql").read_text(encoding="utf-8").format(role=ROLE)
        await connection.execute(setup + (VECTORS if vectors else SEALED))


class PostgresStore:
    name = "postgres"
    durable = True

    def __init__(self, url: str, *, vectors: bool = False, connections: int = 4, timeout: float = 5.0) -> None:
        self.vectors = vectors
        self._timeout = timeout
        self._pool = AsyncConnectionPool(
            url,
            min_size=0,
            max_size=connections,
            timeout=timeout,
            # As in database/postgres.py: what is back is found at the next request.
            reconnect_timeout=1.0,
            open=False,
            # A transaction pooler cannot keep prepared statements.
            kwargs={"prepare_threshold": None, "connect_timeout": max(2, int(timeout))},
            check=AsyncConnectionPool.check_connection,
        )

    @asynccontextmanager
    async def _as(self, owner: Owner) -> AsyncIterator[AsyncCursor[Any]]:
        if self._pool.closed:
            await self._pool.open()
        async with self._pool.connection() as connection, connection.cursor() as cursor:
            await cursor.execute(
                "SELECT set_config('role', %s, true), set_config('cleo.owner', %s, true), "
                "set_config('statement_timeout', %s, true)",
                (ROLE, owner, str(int(self._timeout * 1000))),
            )
            yield cursor

    async def put(self, owner: Owner, items: Sequence[Sealed]) -> None:
        async with self._as(owner) as cursor:
            for item in items:
                row: list[Any] = [owner, item.id, item.version, item.data]
                if self.vectors and item.vector is not None:
                    await cursor.execute(INDEXED, [*row, str([float(x) for x in item.vector])])
                else:
                    await cursor.execute(PLAIN, row)

    async def tombstone(self, owner: Owner, ids: Collection[str]) -> None:
        async with self._as(owner) as cursor:
            sql = INDEXED if self.vectors else PLAIN
            await cursor.executemany(sql, [[owner, id, TOMBSTONE, None, *[None] * self.vectors] for id in ids])

    async def get(self, owner: Owner, ids: Collection[str]) -> dict[str, Sealed]:
        sql = """SELECT id, version, sealed FROM cleo_memory.memories
                 WHERE owner = %s AND id = ANY(%s) AND sealed IS NOT NULL"""
        async with self._as(owner) as cursor:
            rows = await (await cursor.execute(sql, (owner, list(ids)))).fetchall()
        return {id: Sealed(id, version, bytes(data)) for id, version, data in rows}

    async def drop(self, owner: Owner, versions: Mapping[str, int]) -> None:
        sql = "DELETE FROM cleo_memory.memories WHERE owner = %s AND id = %s AND version = %s"
        async with self._as(owner) as cursor:
            await cursor.executemany(sql, [(owner, *version) for version in versions.items()])

    async def scan(self, owner: Owner, after: str, limit: int) -> list[tuple[str, int]]:
        sql = """SELECT id, version FROM cleo_memory.memories WHERE owner = %s AND id > %s AND sealed IS NOT NULL
                 ORDER BY id LIMIT %s"""
        async with self._as(owner) as cursor:
            return await (await cursor.execute(sql, (owner, after, limit))).fetchall()

    async def nearest(self, owner: Owner, vector: Sequence[float], limit: int) -> list[tuple[str, float]]:
        """See `VectorStore`; only with ``vectors=indexed``."""
        sql = """SELECT id, 1 - (embedding <=> %s::vector) FROM cleo_memory.memories
                 WHERE owner = %s AND embedding IS NOT NULL ORDER BY embedding <=> %s::vector LIMIT %s"""
        asked = str([float(x) for x in vector])
        async with self._as(owner) as cursor:
            rows = await (await cursor.execute(sql, (asked, owner, asked, limit))).fetchall()
        return [(id, float(score)) for id, score in rows]

    async def purge(self, owner: Owner) -> None:
        async with self._as(owner) as cursor:
            await cursor.execute("DELETE FROM cleo_memory.memories WHERE owner = %s", (owner,))

    async def ping(self) -> None:
        async with self._as(Owner("")) as cursor:
            await cursor.execute("SELECT 1 FROM cleo_memory.memories LIMIT 0")

    async def close(self) -> None:
        if not self._pool.closed:
            await self._pool.close()
