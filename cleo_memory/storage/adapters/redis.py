"""Hot tier in Redis or Valkey: one hash per memory, one sorted set of ids per owner. Everything expires.

The owner is the cluster's hash tag, so that all keys of a user are on one node and a script may touch them together.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from importlib.resources import files
from typing import Any

from redis.asyncio import Redis

from cleo_memory.records import TOMBSTONE, Owner
from cleo_memory.storage.protocol import Sealed


class RedisStore:
    name = "redis"
    durable = False

    def __init__(self, url: str, *, ttl: float = 7 * 86400, timeout: float = 2.0) -> None:
        """`ttl`: seconds that a memory stays without being written again; a tombstone stays as long."""
        self.ttl = int(ttl)
        self._redis: Any = Redis.from_url(
            url, socket_timeout=timeout, socket_connect_timeout=timeout, health_check_interval=30
        )
        scripts = [(files(__package__) / f"redis_{each}.lua").read_text("utf-8") for each in ("put", "drop", "purge")]
        self._put, self._drop, self._purge = map(self._redis.register_script, scripts)

    @staticmethod
    def _ids(owner: Owner) -> str:
        return f"cleo:{{{owner}}}:ids"

    @staticmethod
    def _key(owner: Owner, id: str) -> str:
        return f"cleo:{{{owner}}}:m:{id}"

    async def put(self, owner: Owner, items: Sequence[Sealed]) -> None:
        await self._write(owner, [(item.id, item.version, item.data) for item in items])

    async def tombstone(self, owner: Owner, ids: Collection[str]) -> None:
        await self._write(owner, [(id, TOMBSTONE, b"") for id in ids])

    async def _write(self, owner: Owner, items: Sequence[tuple[str, int, bytes]]) -> None:
        async with self._redis.pipeline(transaction=False) as pipe:
            for id, version, data in items:
                keys = [self._key(owner, id), self._ids(owner)]
                await self._put(keys=keys, args=[id, version, data, self.ttl], client=pipe)
            await pipe.execute()

    async def get(self, owner: Owner, ids: Collection[str]) -> dict[str, Sealed]:
        async with self._redis.pipeline(transaction=False) as pipe:
            for id in ids:
                pipe.hmget(self._key(owner, id), "v", "d")
            rows = await pipe.execute()
        return {
            id: Sealed(id, int(version), data)
            for id, (version, data) in zip(ids, rows, strict=True)
            if version is not None and data is not None
        }

    async def drop(self, owner: Owner, versions: Mapping[str, int]) -> None:
        async with self._redis.pipeline(transaction=False) as pipe:
            for id, version in versions.items():
                await self._drop(keys=[self._key(owner, id), self._ids(owner)], args=[id, version], client=pipe)
            await pipe.execute()

    async def scan(self, owner: Owner, after: str, limit: int) -> list[tuple[str, int]]:
        found: list[tuple[str, int]] = []
        while len(found) < limit:
            start = b"(" + after.encode() if after else b"-"
            ids = [id.decode() for id in await self._redis.zrangebylex(self._ids(owner), start, b"+", 0, limit)]
            kept = await self.get(owner, ids) if ids else {}
            found += [(id, kept[id].version) for id in ids if id in kept]
            if len(ids) < limit:
                break
            after = ids[-1]
        return found[:limit]

    async def purge(self, owner: Owner) -> None:
        await self._purge(keys=[self._ids(owner)], args=[self._key(owner, "")])

    async def ping(self) -> None:
        await self._redis.ping()

    async def close(self) -> None:
        await self._redis.aclose()
