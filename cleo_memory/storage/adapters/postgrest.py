"""Cold tier in Supabase over HTTPS, where no Postgres port can be reached: the same table, through PostgREST.

PostgREST has no conditional upsert on a table, so the schema's own functions are called. They run with the rights of
the token's role, which is the one that `adapters.postgres` works as, under the same row-level security.
"""

from __future__ import annotations

import base64
from collections.abc import Collection, Mapping, Sequence
from importlib.resources import files
from typing import Any

from httpx import AsyncClient
from postgrest import AsyncPostgrestClient
from psycopg import AsyncConnection

from cleo_core.errors import ConfigError
from cleo_core.settings import unread
from cleo_memory.records import TOMBSTONE, Owner
from cleo_memory.storage.adapters.postgres import ROLE, install
from cleo_memory.storage.protocol import Sealed

SCHEMA = "cleo_memory"
FETCHED = 200  # PostgREST cuts an answer off at its `max-rows`, by default 1,000 at Supabase, and does not say so


async def install_functions(url: str, *, vectors: bool = False) -> None:
    """Make schema, role, policy and functions over a direct Postgres connection; may run again."""
    await install(url, vectors=vectors)
    async with await AsyncConnection.connect(url, prepare_threshold=None) as connection:
        await connection.execute("SELECT pg_advisory_xact_lock(721001)")
        extra = {"role": ROLE, "column": "", "value": "", "update": ""}
        if vectors:
            sql = "SELECT extnamespace::regnamespace::text FROM pg_extension WHERE extname = 'vector'"
            (place,) = await (await connection.execute(sql)).fetchone() or ("public",)
            extra |= {"column": ", embedding", "value": f", i.vector::{place}.vector", "place": place}
            extra["update"] = ", embedding = excluded.embedding"
        for script in ("postgrest.sql", "postgrest_vectors.sql")[: 1 + vectors]:
            await connection.execute((files(__package__) / script).read_text(encoding="utf-8").format(**extra))


class PostgrestStore:
    name = "postgres"  # the same rows: a deployment may go from one way to the other
    durable = True

    def __init__(self, url: str, token: str, apikey: str = "", *, vectors: bool = False, timeout: float = 5.0) -> None:
        """A store at ``supabase+https://PROJECT.supabase.co``, or ``postgrest+https://…`` without Supabase's gateway.

        Args:
            token: JWT whose claim `role` is ``cleo_memory_rows``, signed with the project's key.
            apikey: the project's publishable key, which the gateway asks for; the token itself by default.

        Raises:
            ConfigError: the token would travel in the clear, or is missing.
        """
        kind, _, base = url.partition("+")
        if not unread(base):
            raise ConfigError("A token in the clear is everybody's.", hint="Use https:// in CLEO_MEMORY_COLD.")
        if not token:
            raise ConfigError("The cold tier is PostgREST, but CLEO_MEMORY_SUPABASE_TOKEN is not set.")
        if kind == "supabase":
            base = f"{base.rstrip('/')}/rest/v1"
        headers = {"Authorization": f"Bearer {token}", "apikey": apikey or token}
        # No redirects: they would carry the token to wherever the answer says.
        self._http = AsyncClient(headers=headers, timeout=timeout, follow_redirects=False)
        self._client = AsyncPostgrestClient(
            base, schema=SCHEMA, headers=headers, http_client=self._http, retry_enabled=False
        )
        self.vectors = vectors

    async def _call(self, function: str, owner: Owner, **arguments: Any) -> list[dict[str, Any]]:
        answer = await self._client.rpc(function, {"of_owner": owner, **arguments}).execute()
        return answer.data if isinstance(answer.data, list) else []

    async def put(self, owner: Owner, items: Sequence[Sealed]) -> None:
        if items:
            await self._call("put_memories", owner, items=[self._row(item) for item in items])

    def _row(self, item: Sealed) -> dict[str, Any]:
        row = {"id": item.id, "version": item.version, "data": base64.b64encode(item.data).decode()}
        if self.vectors and item.vector is not None:
            row["vector"] = str([float(x) for x in item.vector])
        return row

    async def tombstone(self, owner: Owner, ids: Collection[str]) -> None:
        if ids:
            items = [{"id": id, "version": TOMBSTONE, "data": None} for id in ids]
            await self._call("put_memories", owner, items=items)

    async def get(self, owner: Owner, ids: Collection[str]) -> dict[str, Sealed]:
        wanted, found = list(ids), {}
        for start in range(0, len(wanted), FETCHED):
            for row in await self._call("get_memories", owner, ids=wanted[start : start + FETCHED]):
                found[row["id"]] = Sealed(row["id"], row["version"], base64.b64decode(row["data"]))
        return found

    async def drop(self, owner: Owner, versions: Mapping[str, int]) -> None:
        await self._call("drop_memories", owner, items=[{"id": id, "version": v} for id, v in versions.items()])

    async def scan(self, owner: Owner, after: str, limit: int) -> list[tuple[str, int]]:
        rows = await self._call("scan_memories", owner, after=after, most=limit)
        return [(row["id"], row["version"]) for row in rows]

    async def nearest(self, owner: Owner, vector: Sequence[float], limit: int) -> list[tuple[str, float]]:
        """See `VectorStore`; only with ``vectors=indexed``."""
        asked = str([float(x) for x in vector])
        rows = await self._call("nearest_memories", owner, vector=asked, most=limit)
        return [(row["id"], float(row["score"])) for row in rows]

    async def purge(self, owner: Owner) -> None:
        await self._call("purge_memories", owner)

    async def ping(self) -> None:
        await self._call("scan_memories", Owner(""), after="", most=0)

    async def close(self) -> None:
        await self._http.aclose()
