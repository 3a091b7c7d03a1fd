"""Vectors in Pinecone beside the cold tier, one namespace per owner, the ciphertext as metadata.

Used with ``vectors=indexed`` only, and never the only holder: Pinecone has no conditional write and shows a write
some time after it was acknowledged. Writers hold a lease, so the comparison of versions below has no rival.
"""

from __future__ import annotations

import base64
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from pinecone import AsyncPinecone

from cleo_memory.records import TOMBSTONE, Owner
from cleo_memory.storage.protocol import Sealed

FETCHED = 100  # ids go into the address of the request
LARGEST = 40_000  # bytes of metadata that Pinecone takes per vector


class PineconeStore:
    name = "pinecone"
    durable = False

    def __init__(self, host: str, api_key: str, *, dim: int = 384, timeout: float = 10.0) -> None:
        self._client = AsyncPinecone(api_key=api_key, host=host, timeout=timeout)
        self._index: Any = self._client.IndexAsyncio(host)
        # A vector of zeros is refused; a memory without one, and a tombstone, stand at a corner of the space.
        self._nowhere = [1.0] + [0.0] * (dim - 1)

    async def put(self, owner: Owner, items: Sequence[Sealed]) -> None:
        kept = await self._versions(owner, [item.id for item in items])
        fresh = [item for item in items if item.version > kept.get(item.id, -1)]
        await self._upsert(
            owner,
            [
                {
                    "id": item.id,
                    "values": list(map(float, item.vector)) if item.vector is not None else self._nowhere,
                    "metadata": self._metadata(item),
                }
                for item in fresh
            ],
        )

    @staticmethod
    def _metadata(item: Sealed) -> dict[str, Any]:
        data = base64.b64encode(item.data).decode()
        # What does not fit is found by its vector here and read from where it is kept.
        body = {"d": data} if len(data) < LARGEST else {}
        return {"v": item.version, "indexed": item.vector is not None, **body}

    async def tombstone(self, owner: Owner, ids: Collection[str]) -> None:
        marker = {"v": TOMBSTONE, "indexed": False}
        await self._upsert(owner, [{"id": id, "values": self._nowhere, "metadata": marker} for id in ids])

    async def _upsert(self, owner: Owner, vectors: Sequence[Mapping[str, Any]]) -> None:
        for start in range(0, len(vectors), FETCHED):
            await self._index.upsert(vectors=vectors[start : start + FETCHED], namespace=owner)

    async def _fetch(self, owner: Owner, ids: Collection[str]) -> dict[str, Any]:
        wanted, found = list(ids), {}
        for start in range(0, len(wanted), FETCHED):
            answer = await self._index.fetch(ids=wanted[start : start + FETCHED], namespace=owner)
            found.update(answer.vectors)
        return found

    async def _versions(self, owner: Owner, ids: Collection[str]) -> dict[str, int]:
        return {id: int(each.metadata["v"]) for id, each in (await self._fetch(owner, ids)).items()}

    async def get(self, owner: Owner, ids: Collection[str]) -> dict[str, Sealed]:
        return {
            id: Sealed(
                id,
                int(each.metadata["v"]),
                base64.b64decode(each.metadata["d"]),
                list(each.values) if each.metadata["indexed"] else None,
            )
            for id, each in (await self._fetch(owner, ids)).items()
            if "d" in each.metadata
        }

    async def drop(self, owner: Owner, versions: Mapping[str, int]) -> None:
        kept = await self._versions(owner, versions)
        if gone := [id for id, version in versions.items() if kept.get(id) == version]:
            await self._index.delete(ids=gone, namespace=owner)

    async def scan(self, owner: Owner, after: str, limit: int) -> list[tuple[str, int]]:
        ids: list[str] = []
        async for page in self._index.list(namespace=owner, limit=FETCHED):
            ids += [each.id for each in page.vectors]
        kept = await self._versions(owner, sorted(id for id in ids if id > after)[: limit * 2])
        return sorted((id, version) for id, version in kept.items() if version < TOMBSTONE)[:limit]

    async def nearest(self, owner: Owner, vector: Sequence[float], limit: int) -> list[tuple[str, float]]:
        """(id, cosine similarity) of an owner's memories."""
        answer = await self._index.query(
            vector=list(map(float, vector)), top_k=limit, namespace=owner, filter={"indexed": {"$eq": True}}
        )
        return [(match.id, float(match.score)) for match in answer.matches]

    async def purge(self, owner: Owner) -> None:
        await self._index.delete(delete_all=True, namespace=owner)

    async def ping(self) -> None:
        await self._index.describe_index_stats()

    async def close(self) -> None:
        await self._index.close()
        await self._client.close()
