"""The searchable form keeps up with the catalogue, survives restarts, and says when it is less than it could be."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from cleo_core.errors import EnvironmentFault
from cleo_memory import MemorySettings, Tier, open_memory
from cleo_memory.errors import StorageFault
from cleo_memory.records import Owner
from cleo_memory.search.background import SENTENCES
from cleo_memory.search.indexes import COMPACT_ABOVE

pytestmark = pytest.mark.integration


class Words:
    """A vector per text by the sum of its words' codes: no model, and the same text is nearest to itself."""

    def __init__(self, name: str = "words") -> None:
        self.name, self.dim, self.calls, self.down = name, 16, 0, False

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        if self.down:
            raise EnvironmentFault("the embedder is down")
        self.calls += len(texts)
        rows = np.zeros((len(texts), self.dim), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in text.lower().split():
                row[sum(map(ord, word)) % self.dim] += 1
        lengths: NDArray[np.float32] = np.linalg.norm(rows, axis=1, keepdims=True)
        return rows / np.maximum(lengths, 1e-9)


async def segments(memory: Any, user: str) -> list[tuple[str, int]]:
    owner = memory.keyring.owner(user)
    sql = "SELECT model, length(sealed) FROM segments WHERE owner = ? ORDER BY number"
    found: list[tuple[str, int]] = await memory.catalog._database.read(lambda tx: tx.execute(sql, (owner,)).fetchall())
    return found


async def test_a_restart_embeds_nothing_twice() -> None:
    embedder = Words()
    async with open_memory(embedder=embedder) as memory:
        for n in range(5):
            await memory.remember("ann", f"note {n}")
        await memory.settle("ann")
    done = embedder.calls
    async with open_memory(embedder=embedder) as memory:
        await memory.search("ann", "note 3")
        await memory.settle("ann")
        assert embedder.calls == done + 1 + len(SENTENCES)  # the question, and what it is measured from
        await memory.remember("ann", "note 5")
        await memory.settle("ann")
        assert embedder.calls == done + 2 + len(SENTENCES)


async def test_another_model_embeds_anew_behind_the_searches() -> None:
    async with open_memory(embedder=Words("one")) as memory:
        await memory.remember("ann", "a heron")
        await memory.settle("ann")
    other = Words("two")
    async with open_memory(embedder=other) as memory:
        assert (await memory.search("ann", "heron"))[0].record.content == "a heron"
        await memory.settle("ann")
        assert not memory.indexes.resident.peek(memory.keyring.owner("ann")).unembedded()  # type: ignore[union-attr]
        assert "two" in {model for model, _ in await segments(memory, "ann")}


async def test_with_the_embedder_down_words_find_and_the_answer_says_so() -> None:
    embedder = Words()
    async with open_memory(embedder=embedder) as memory:
        kept = await memory.remember("ann", "a heron stands")
        embedder.down = True
        hits = await memory.search("ann", "heron")
        assert [hit.record for hit in hits] == [kept]
        assert "by words alone" in hits.degraded[0]
        embedder.down = False
        assert (await memory.search("ann", "heron")).degraded == ()


async def test_a_forgotten_memory_leaves_the_stored_segments_too() -> None:
    async with open_memory(embedder=Words()) as memory:
        gone = await memory.remember("ann", "a heron stands in the shallow water " * 20)
        await memory.remember("ann", "the tax form")
        await memory.settle("ann")
        before = sum(size for _, size in await segments(memory, "ann"))
    async with open_memory(embedder=Words()) as memory:
        await memory.forget("ann", gone.id)  # the index is not resident: it is loaded, cleaned and stored
        await memory.settle("ann")
        assert sum(size for _, size in await segments(memory, "ann")) < before
        assert gone.id not in memory.indexes.resident.peek(memory.keyring.owner("ann"))  # type: ignore[operator]


async def test_many_small_segments_become_one() -> None:
    async with open_memory(embedder=Words()) as memory:
        for n in range(COMPACT_ABOVE + 3):
            await memory.remember("ann", f"note {n}")
            await memory.settle("ann")
        assert len(await segments(memory, "ann")) < COMPACT_ABOVE
    async with open_memory(embedder=Words()) as memory:
        assert len(await memory.search("ann", "note", limit=100)) == COMPACT_ABOVE + 3


async def test_a_superseded_preference_stays_superseded_in_a_stored_index() -> None:
    async with open_memory(embedder=Words()) as memory:
        await memory.prefer("ann", "colour", "blue")
        await memory.settle("ann")
        await memory.prefer("ann", "colour", "green")
        await memory.settle("ann")
    async with open_memory(embedder=Words()) as memory:
        assert [hit.record.content for hit in await memory.search("ann", "colour")] == ["green"]


async def test_background_work_outlives_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_memory(embedder=Words()) as memory:
        settled = memory.indexes._settle
        faults = 0

        async def once(owner: Owner) -> None:
            nonlocal faults
            if not faults:
                faults += 1
                memory.indexes._awaiting.add(owner)
                raise StorageFault("once")
            await settled(owner)

        monkeypatch.setattr(memory.indexes, "_settle", once)
        await memory.remember("ann", "a heron")
        await memory.search("ann", "heron")
        for _ in range(200):
            if await segments(memory, "ann"):
                break
            await asyncio.sleep(0.05)
        assert faults == 1
        assert await segments(memory, "ann")


async def test_an_index_of_an_erased_user_is_stored_no_more() -> None:
    async with open_memory(embedder=Words()) as memory:
        await memory.remember("ann", "a heron")
        owner = memory.keyring.owner("ann")
        keys = await memory.keyring.keys(owner)
        await memory.erase("ann")
        await memory.indexes.segments.write(owner, "words", 1, [b"late"], replacing=False)
        assert keys is not None
        memory.keyring._remember(owner, keys)  # a process that has not heard of it yet
        await memory.indexes.segments.write(owner, "words", 1, [b"late"], replacing=False)
        assert await segments(memory, "ann") == []


async def test_a_move_gives_way_to_what_happened_meanwhile() -> None:
    async with open_memory(MemorySettings(embedder="none")) as memory:
        kept = await memory.append("ann", "trip", "user", "a heron")
        owner = memory.keyring.owner("ann")
        entry = (await memory.catalog.of(owner).find([kept.id]))[kept.id]
        assert await memory.tiering.mover.move(owner, entry, Tier.COLD)
        assert not await memory.tiering.mover.move(owner, entry, Tier.WARM)  # it is not where the plan saw it
        assert (await memory.recall("ann", kept.id)).tier == Tier.COLD
        await memory.forget("ann", kept.id)
        assert not await memory.tiering.mover.move(owner, entry, Tier.WARM)


async def test_a_rotation_that_was_cut_short_is_completed_by_the_next() -> None:
    async with open_memory(MemorySettings(embedder="none")) as memory:
        kept = await memory.remember("ann", "a heron")
        owner = memory.keyring.owner("ann")
        await memory.keyring.rotate_owner(owner)
        await memory.remember("ann", "written between")
        assert await memory.rotate_key("ann") == 2
        keys = await memory.keyring.keys(owner)
        assert keys is not None
        assert keys.versions == {0, 3}
        assert (await memory.recall("ann", kept.id)).content == "a heron"


async def test_keys_rotate_while_readers_and_writers_go_on() -> None:
    async with open_memory(MemorySettings(embedder="none")) as memory:
        written: list[str] = []
        over = asyncio.Event()

        async def write() -> None:
            while not over.is_set():
                written.append((await memory.append("ann", "trip", "user", f"turn {len(written)}")).id)

        async def read() -> None:
            while not over.is_set():
                await memory.window("ann", "trip", turns=5)
                await memory.search("ann", "turn", limit=3)

        work = [asyncio.create_task(each()) for each in (write, write, read)]
        try:
            for n in range(1, 4):
                async with asyncio.timeout(60):
                    while len(written) < 20 * n:  # noqa: ASYNC110 - the writers do not wait for us
                        await asyncio.sleep(0.01)
                assert await memory.rotate_key("ann") >= 20 * n
                memory.keyring.provider.rotate()  # type: ignore[attr-defined]
                await memory.keyring.rewrap()
        finally:
            over.set()
            await asyncio.gather(*work)
        owner = memory.keyring.owner("ann")
        entries = await memory.catalog.of(owner).read(lambda rows: rows.memories.oldest(1_000_000))
        assert {entry.id for entry in entries} == set(written)
        assert len((await memory.payloads.open(owner, entries)).whole().records()) == len(written)
