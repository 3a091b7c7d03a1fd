"""Sealed segments of search indexes in the catalogue's database: opaque bytes, bound to user, number and model."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from cleo_memory.catalog.database.base import Transaction
from cleo_memory.catalog.repository import Catalogue, advance
from cleo_memory.encryption.envelope import key_version_of
from cleo_memory.encryption.keyring import Keyring
from cleo_memory.errors import KeyUnavailable
from cleo_memory.records import Owner

__all__ = ["SegmentStore", "StoredSegments"]

INDEX = "index"


@dataclass(frozen=True, slots=True)
class StoredSegments:
    blobs: list[bytes]
    through: int
    """Every change of the catalogue up to this one is in them."""


class SegmentStore:
    def __init__(self, catalogue: Catalogue, keyring: Keyring) -> None:
        self.catalogue, self.database, self.keyring = catalogue, catalogue.database, keyring

    async def load(self, owner: Owner, model: str) -> StoredSegments:
        """Opened segments, oldest first; those of another model are as good as none."""
        sql = "SELECT number, through, sealed FROM segments WHERE owner = ? AND model = ? ORDER BY number"
        rows = await self.database.read(lambda tx: tx.execute(sql, (owner, model)).fetchall())
        if not rows:
            return StoredSegments([], 0)
        keys = await self.keyring.keys(owner, holding=key_version_of(bytes(rows[-1][2])))
        if keys is None:
            return StoredSegments([], 0)
        blobs = [keys.open(str(number), INDEX, model, int(through), bytes(sealed)) for number, through, sealed in rows]
        return StoredSegments(blobs, max(int(through) for _, through, _ in rows))

    async def live(self, owner: Owner) -> dict[str, float | None]:
        """Ids of live memories and when each ceases to be valid: what a stored segment may be wrong about."""
        sql = "SELECT id, valid_to FROM memories WHERE owner = ? AND live = 1"
        return dict(await self.database.read(lambda tx: tx.execute(sql, (owner,)).fetchall()))

    async def append(self, owner: Owner, model: str, through: int, blob: bytes) -> None:
        await self._write(owner, model, through, [blob], replacing=False)

    async def replace(self, owner: Owner, model: str, through: int, blobs: list[bytes]) -> None:
        """Put these in the place of all segments that they cover, and of those of other models."""
        await self._write(owner, model, through, blobs, replacing=True)

    async def _write(self, owner: Owner, model: str, through: int, blobs: list[bytes], *, replacing: bool) -> None:
        keys = await self.keyring.keys(owner)
        if keys is None:
            return  # erased meanwhile
        first = time.time_ns()  # orders the segments of all processes without asking one another
        sealed = [(n, keys.seal(str(n), INDEX, model, through, blob)) for n, blob in enumerate(blobs, first)]

        def work(tx: Transaction) -> Any:
            advance(tx)  # as in Catalogue.add
            self.catalogue.refuse_old_key(tx, owner, keys.current)
            if replacing:
                # Another process may have stored later changes than ours: those segments stay.
                sql = "DELETE FROM segments WHERE owner = ? AND (through <= ? OR model <> ?)"
                tx.execute(sql, (owner, through, model))
            tx.executemany(
                "INSERT INTO segments (owner, number, through, model, sealed) VALUES (?, ?, ?, ?, ?)",
                [(owner, number, through, model, envelope) for number, envelope in sealed],
            )

        try:
            await self.database.write(work)
        except KeyUnavailable:
            self.keyring.drop(owner)
