"""Warm tier in MongoDB: one document per memory, written with majority and journal."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from bson.binary import Binary
from pymongo import AsyncMongoClient, DeleteOne, ReadPreference, UpdateOne
from pymongo.errors import BulkWriteError
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from cleo_memory.records import TOMBSTONE, Owner
from cleo_memory.storage.protocol import Sealed

DUPLICATE_KEY = 11000


class MongoStore:
    name = "mongodb"
    durable = True

    def __init__(self, url: str, *, database: str = "cleo", timeout: float = 5.0) -> None:
        self._client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(
            url, timeoutMS=int(timeout * 1000), serverSelectionTimeoutMS=int(timeout * 1000), retryWrites=True
        )
        self._memories = self._client[database].get_collection(
            "memories",
            write_concern=WriteConcern(w="majority", j=True),
            read_concern=ReadConcern("majority"),
            read_preference=ReadPreference.PRIMARY,
        )

    @staticmethod
    def _key(owner: Owner, id: str) -> dict[str, str]:
        # A subdocument compares as a whole and in order: no text in it is an operator or a path.
        return {"o": owner, "i": id}

    async def put(self, owner: Owner, items: Sequence[Sealed]) -> None:
        await self._write(
            [
                UpdateOne(
                    {"_id": self._key(owner, item.id), "v": {"$lt": item.version}},
                    {"$set": {"v": item.version, "d": Binary(item.data)}},
                    upsert=True,
                )
                for item in items
            ]
        )

    async def tombstone(self, owner: Owner, ids: Collection[str]) -> None:
        await self._write(
            [
                UpdateOne({"_id": self._key(owner, id)}, {"$set": {"v": TOMBSTONE}, "$unset": {"d": ""}}, upsert=True)
                for id in ids
            ]
        )

    async def drop(self, owner: Owner, versions: Mapping[str, int]) -> None:
        await self._write([DeleteOne({"_id": self._key(owner, id), "v": v}) for id, v in versions.items()])

    async def _write(self, operations: Sequence[UpdateOne | DeleteOne]) -> None:
        if not operations:
            return
        try:
            await self._memories.bulk_write(list(operations), ordered=False)
        except BulkWriteError as error:
            details: Mapping[str, Any] = error.details or {}
            failed = details.get("writeErrors", [])
            # The upsert found the key with the same or a higher version: what we have is old, and that is fine.
            if details.get("writeConcernErrors") or any(each["code"] != DUPLICATE_KEY for each in failed):
                raise

    async def get(self, owner: Owner, ids: Collection[str]) -> dict[str, Sealed]:
        cursor = self._memories.find({"_id": {"$in": [self._key(owner, id) for id in ids]}, "d": {"$exists": True}})
        return {each["_id"]["i"]: Sealed(each["_id"]["i"], int(each["v"]), bytes(each["d"])) async for each in cursor}

    async def scan(self, owner: Owner, after: str, limit: int) -> list[tuple[str, int]]:
        # Subdocuments sort by their fields in order, so a range of _id is a range of one owner's ids.
        span = {"_id": {"$gt": {"o": owner, "i": after}, "$lt": {"o": owner, "i": {}}}, "d": {"$exists": True}}
        cursor = self._memories.find(span, {"v": 1}).sort("_id", 1).limit(limit)
        return [(each["_id"]["i"], int(each["v"])) async for each in cursor]

    async def purge(self, owner: Owner) -> None:
        await self._memories.delete_many({"_id": {"$gte": {"o": owner, "i": ""}, "$lt": {"o": owner, "i": {}}}})

    async def ping(self) -> None:
        await self._client.admin.command("ping")

    async def close(self) -> None:
        await self._client.close()
