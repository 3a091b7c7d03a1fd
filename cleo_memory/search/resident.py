"""LRU cache of decrypted user indexes, bounded by bytes."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from weakref import WeakValueDictionary

from cleo_memory.search.index import UserIndex


class ResidentIndexes:
    """Least-recently-used cache of `UserIndex`, keyed by user.

    Bytes are measured again on each `acquire`, since an index grows while it is resident. An index larger than the
    whole budget is still handed out and dropped at the next call of another user.
    """

    def __init__(self, max_bytes: int = 512 * 2**20) -> None:
        self.max_bytes = max_bytes
        self._indexes: OrderedDict[str, UserIndex] = OrderedDict()
        self._loading: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._generation: dict[str, int] = {}
        self.evictions = 0

    def __len__(self) -> int:
        return len(self._indexes)

    @property
    def nbytes(self) -> int:
        """Bytes held by all resident indexes."""
        return sum(index.nbytes for index in self._indexes.values())

    def peek(self, user: str) -> UserIndex | None:
        """The user's index when it is resident; changes nothing."""
        return self._indexes.get(user)

    async def acquire(self, user: str, load: Callable[[], Awaitable[UserIndex]]) -> UserIndex:
        """Return the user's index, calling `load` (once, however many callers wait) when it is not resident."""
        lock = self._loading.setdefault(user, asyncio.Lock())
        async with lock:
            index = self._indexes.get(user)
            if index is None:
                generation = self._generation.get(user, 0)
                index = await load()
                if generation != self._generation.get(user, 0):
                    # Dropped while it was being loaded (erased, say): this caller may use it, nobody after.
                    return index
                self._indexes[user] = index
            self._indexes.move_to_end(user)
            self._evict(user)
            return index

    def drop(self, user: str) -> None:
        """Forget the user's index now; one that is being loaded will not stay."""
        self._generation[user] = self._generation.get(user, 0) + 1
        index = self._indexes.pop(user, None)
        if index is not None:
            index.wipe()

    def clear(self) -> None:
        for user in list(self._indexes):
            self.drop(user)

    def _evict(self, keep: str) -> None:
        total = self.nbytes
        for user in list(self._indexes):
            if total <= self.max_bytes:
                return
            if user != keep:
                total -= self._indexes.pop(user).nbytes
                self.evictions += 1
