"""Resident indexes: bounded by bytes, loaded once, gone when dropped."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from cleo_memory.search import Document, ResidentIndexes, Segment, UserIndex

pytestmark = pytest.mark.unit


def index(documents: int = 200) -> UserIndex:
    given = [Document(id=str(number), text=f"text {number}") for number in range(documents)]
    return UserIndex.load(8, [Segment.build(given, np.ones((documents, 8), np.float32))])


async def test_many_callers_load_an_index_once() -> None:
    resident, loads = ResidentIndexes(), list[str]()

    async def load() -> UserIndex:
        loads.append("ann")
        await asyncio.sleep(0)
        return index()

    found = await asyncio.gather(*(resident.acquire("ann", load) for _ in range(20)))
    assert len(loads) == 1
    assert all(each is found[0] for each in found)


async def test_the_one_least_recently_used_leaves_when_bytes_run_out() -> None:
    resident = ResidentIndexes(max_bytes=int(2.5 * index().nbytes))

    async def load() -> UserIndex:
        return index()

    for user in ("ann", "ben", "ann", "cat"):
        await resident.acquire(user, load)
    assert resident.peek("ben") is None
    assert resident.peek("ann") is not None
    assert resident.nbytes <= resident.max_bytes
    assert resident.evictions == 1


async def test_an_index_dropped_while_it_loads_does_not_stay() -> None:
    resident, may_end = ResidentIndexes(), asyncio.Event()

    async def load() -> UserIndex:
        await may_end.wait()
        return index()

    loading = asyncio.create_task(resident.acquire("ann", load))
    await asyncio.sleep(0)
    resident.drop("ann")
    may_end.set()
    await loading
    assert resident.peek("ann") is None
    await resident.acquire("ann", load)
    assert resident.peek("ann") is not None


async def test_a_dropped_index_is_wiped() -> None:
    resident, held = ResidentIndexes(), index()

    async def load() -> UserIndex:
        return held

    await resident.acquire("ann", load)
    resident.drop("ann")
    assert len(held) == 0


async def test_a_failed_load_is_tried_again() -> None:
    resident = ResidentIndexes()

    async def fail() -> UserIndex:
        raise OSError("store is down")

    async def load() -> UserIndex:
        return index()

    with pytest.raises(OSError, match="down"):
        await resident.acquire("ann", fail)
    assert len(await resident.acquire("ann", load)) == 200
