"""Sealed segments of search indexes: opaque bytes, bound to user, number, model and change."""

from __future__ import annotations

import time
from dataclasses import dataclass

from cleo_memory.catalog.payloads import SealedSegment
from cleo_memory.catalog.repository import Catalog, UserRows
from cleo_memory.encryption.envelope import key_version_of
from cleo_memory.encryption.keyring import Keyring
from cleo_memory.encryption.user_keys import UserKeys
from cleo_memory.errors import KeyUnavailable
from cleo_memory.records import Owner

INDEX = "index"


@dataclass(frozen=True, slots=True)
class StoredSegments:
    blobs: list[bytes]
    through: int
    """Every change of the catalogue up to this one is in them."""


class SegmentStore:
    def __init__(self, catalog: Catalog, keyring: Keyring) -> None:
        self.catalog, self.keyring = catalog, keyring

    async def load(self, owner: Owner, model: str) -> StoredSegments:
        """Opened segments, oldest first; those of another model are as good as none."""
        stored = await self.catalog.of(owner).read(lambda rows: rows.segments.of_model(model))
        if not stored:
            return StoredSegments([], 0)
        keys = await self.keyring.keys(owner, holding=key_version_of(stored[-1].sealed))
        if keys is None:
            return StoredSegments([], 0)
        return StoredSegments([_open(keys, each) for each in stored], max(each.through for each in stored))

    async def write(self, owner: Owner, model: str, through: int, blobs: list[bytes], *, replacing: bool) -> bool:
        """Store segments; with `replacing` in the place of all that they cover, and of those of other models.

        False: a memory was edited since, and nothing was stored.
        """
        keys = await self.keyring.keys(owner)
        if keys is None:
            return True  # erased meanwhile
        first = time.time_ns()  # orders the segments of all processes without asking one another
        sealed = [_seal(keys, number, through, model, blob) for number, blob in enumerate(blobs, first)]

        def work(rows: UserRows) -> bool:
            rows.next_seq()
            rows.key_floor.check(keys.current)
            if rows.memories.edited_since(through):
                return False  # the words of before an edit: the caller catches up first
            if replacing:
                # Another process may have stored later changes than ours: those segments stay.
                rows.segments.drop_covered(through, model)
            for segment in sealed:
                rows.segments.add(segment)
            return True

        try:
            return await self.catalog.of(owner).write(work)
        except KeyUnavailable:
            self.keyring.drop(owner)
            return True

    async def reseal(self, owner: Owner, keys: UserKeys) -> None:
        """Seal what is under older keys under the current one, one by one: a segment may be large."""
        catalog = self.catalog.of(owner)
        for number in await catalog.read(lambda rows: rows.segments.numbers()):
            held = await catalog.read(lambda rows, number: rows.segments.one(number), number)
            if held is not None and key_version_of(held.sealed) < keys.current:
                fresh = _seal(keys, held.number, held.through, held.model, _open(keys, held))
                await catalog.write(lambda rows, fresh: rows.segments.reseal(fresh.number, fresh.sealed), fresh)


def _seal(keys: UserKeys, number: int, through: int, model: str, blob: bytes) -> SealedSegment:
    return SealedSegment(number, through, model, keys.seal(str(number), INDEX, model, through, blob))


def _open(keys: UserKeys, segment: SealedSegment) -> bytes:
    return keys.open(str(segment.number), INDEX, segment.model, segment.through, segment.sealed)
