"""What background work does when something is wrong: nothing is lost, nothing is taken for done."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Collection, Sequence
from pathlib import Path

import pytest

from cleo_core.errors import InputError
from cleo_memory import Memory, MemorySettings, Tier, open_memory
from cleo_memory.catalog.database.sqlite import SqliteDatabase
from cleo_memory.catalog.migrations.schema import CATALOGUE
from cleo_memory.catalog.repository import Catalog
from cleo_memory.errors import BackendDown, BadArchive, StorageFault
from cleo_memory.lifecycle.transfer import Transfer
from cleo_memory.records import Owner
from cleo_memory.storage.adapters.embedded import EmbeddedStore
from cleo_memory.storage.protocol import Sealed
from cleo_memory.storage.resilient import resilient
from cleo_memory.storage.tiers import TierStore, TierStores
from cleo_memory.tiering import policy, worker

pytestmark = pytest.mark.integration
WORDS_ONLY = MemorySettings(embedder="none")


class Late(EmbeddedStore):
    """A store that shows a write only when it is asked for the second time, as Pinecone may."""

    name = "late"

    def __init__(self, folder: Path) -> None:
        self.database = SqliteDatabase(folder / "elsewhere.db", CATALOGUE)
        super().__init__(Catalog(self.database), "warm")
        self.asked: dict[str, int] = {}
        self.down, self.patience = False, 1

    async def put(self, owner: Owner, items: Sequence[Sealed]) -> None:
        if self.down:
            raise ConnectionError("down")
        await super().put(owner, items)

    async def get(self, owner: Owner, ids: Collection[str]) -> dict[str, Sealed]:
        for id in ids:
            self.asked[id] = self.asked.get(id, 0) + 1
        found = await super().get(owner, ids)
        return {id: item for id, item in found.items() if self.asked[id] > self.patience}


@pytest.fixture
async def memory() -> AsyncIterator[Memory]:
    async with open_memory(WORDS_ONLY) as opened:
        yield opened


@pytest.fixture
async def late(tmp_path: Path) -> AsyncIterator[Late]:
    store = Late(tmp_path)
    yield store
    await store.database.close()


@pytest.fixture
async def other(memory: Memory, late: Late) -> Memory:
    """The same memory with a warm tier of another kind; its workers are driven by hand."""
    from cleo_memory.storage.payloads import PayloadStore

    tiers = TierStores({Tier.WARM: resilient(late, rest=0.01)})
    payloads = PayloadStore(memory.catalog, memory.keyring, memory.payloads.first_heat, tiers)
    return Memory(WORDS_ONLY, memory.catalog, memory.keyring, payloads, memory.indexes)


async def test_a_copy_that_cannot_be_seen_yet_does_not_count_and_is_tried_again(other: Memory, late: Late) -> None:
    late.patience = 2  # it is asked once before it is given the memory, to read it
    kept = await other.remember("ann", "a heron")
    owner = other.keyring.owner("ann")
    await other.deliveries[0].drain()
    # The catalogue has not let go.
    assert await other.catalog.of(owner).read(lambda rows: rows.payloads.held([kept.id]))
    await asyncio.sleep(0.25)
    await other.deliveries[0].drain()
    assert not await other.catalog.of(owner).read(lambda rows: rows.payloads.held([kept.id]))
    assert (await other.recall("ann", kept.id)).content == "a heron"
    assert late.asked[kept.id] >= 2


async def test_a_damaged_memory_does_not_hold_up_those_behind_it(other: Memory) -> None:
    bad, good = await other.remember("ann", "bad"), await other.remember("bob", "good")
    sql = "UPDATE payloads SET sealed = ? WHERE owner = ? AND id = ?"
    owner = other.keyring.owner("ann")
    await other.catalog._database.write(lambda tx: tx.execute(sql, (b"\x01" * 64, owner, bad.id)).rowcount)
    await other.deliveries[0].drain()
    await asyncio.sleep(0.25)
    await other.deliveries[0].drain()
    assert not await other.catalog.of(other.keyring.owner("bob")).read(lambda rows: rows.payloads.held([good.id]))
    assert await other.catalog.of(owner).read(lambda rows: rows.payloads.held([bad.id]))


async def test_a_copy_of_a_tier_that_took_the_memory_back_is_not_dropped(other: Memory, late: Late) -> None:
    kept = await other.remember("ann", "a heron")
    owner = other.keyring.owner("ann")
    for _ in (1, 2):
        await other.deliveries[0].drain()
        await asyncio.sleep(0.25)
    for target in (Tier.COLD, Tier.WARM):
        entry = (await other.catalog.of(owner).find([kept.id]))[kept.id]
        assert await other.tiering.mover.move(owner, entry, target)
    await other.deliveries[0].drain()  # the drop of the first move comes after the second
    assert await late.get(owner, [kept.id])
    assert (await other.recall("ann", kept.id)).tier == Tier.WARM


async def test_a_move_to_a_store_that_is_down_leaves_the_memory_where_it_is(other: Memory, late: Late) -> None:
    kept = await other.append("ann", "trip", "user", "a heron")
    owner = other.keyring.owner("ann")
    entry = (await other.catalog.of(owner).find([kept.id]))[kept.id]
    late.down = True
    with pytest.raises(BackendDown):
        await other.tiering.mover.move(owner, entry, Tier.WARM)
    late.down = False
    await asyncio.sleep(0.05)
    assert not await other.tiering.mover.move(owner, entry, Tier.WARM)  # put, but not to be seen: not moved
    assert (await other.recall("ann", kept.id)).tier == Tier.HOT
    assert await other.tiering.mover.move(owner, entry, Tier.WARM)


async def test_periodic_work_goes_on_after_a_fault(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = {"tiering": 0, "access": 0}
    both = asyncio.Event()

    async def cycle() -> int:
        calls["tiering"] += 1
        raise BackendDown("down") if calls["tiering"] == 1 else StorageFault("full")

    async def flush() -> None:
        calls["access"] += 1
        if min(calls.values()) > 2:
            both.set()
        raise StorageFault("full")

    monkeypatch.setattr(worker, "EVERY", 0.005)
    monkeypatch.setattr(policy, "EVERY", 0.005)
    monkeypatch.setattr(memory.tiering, "cycle", cycle)
    monkeypatch.setattr(memory.access, "flush", flush)
    tasks = [asyncio.create_task(memory.tiering.run()), asyncio.create_task(memory.access.run())]
    await asyncio.wait_for(both.wait(), 20)
    for task in tasks:
        task.cancel()
    monkeypatch.undo()


async def test_an_export_that_fails_leaves_no_file(
    memory: Memory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await memory.remember("ann", "a heron")
    owner = memory.keyring.owner("ann")
    folder = tmp_path / "out"
    folder.mkdir()
    sql = "DELETE FROM payloads WHERE owner = ?"
    await memory.catalog._database.write(lambda tx: tx.execute(sql, (owner,)).rowcount)
    with pytest.raises(Exception, match="has no copy"):
        await memory.export("ann", folder / "ann.jsonl")
    assert list(folder.iterdir()) == []


async def test_an_archive_of_another_form_or_with_a_broken_line_is_refused(memory: Memory, tmp_path: Path) -> None:
    from cleo_core.crypto.dsse import sign
    from cleo_core.digest import sha256_file
    from cleo_memory.lifecycle.export import FORM
    from cleo_memory.lifecycle.signing import EXPORT, signing_key

    file = tmp_path / "ann.jsonl"
    file.write_text("{}\n")
    for form, said in ((FORM, "Line 1"), ("other/9", "other/9")):
        facts = {"form": form, "user": "ann", "records": 1, "sha256": sha256_file(file), "exported_at": ""}
        envelope = sign(EXPORT, facts, signing_key())
        (tmp_path / "ann.jsonl.manifest.json").write_text(json.dumps(envelope))
        with pytest.raises(BadArchive, match=said):
            await memory.restore("ann", file)


async def test_what_is_forgotten_while_it_is_migrated_is_taken_back(
    memory: Memory, late: Late, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = await memory.remember("ann", "a heron")
    owner = memory.keyring.owner("ann")
    late.asked[kept.id] = 5
    source = [TierStore(tier, resilient(EmbeddedStore(memory.catalog, str(tier)))) for tier in Tier]
    migration = Transfer(memory.catalog, memory.payloads, source, [TierStore(Tier.WARM, resilient(late))])
    put = late.put

    async def forget_meanwhile(owner: Owner, items: Sequence[Sealed]) -> None:
        await put(owner, items)
        await memory.forget("ann", kept.id)

    monkeypatch.setattr(late, "put", forget_meanwhile)
    report = await migration.run_for_all_users()
    assert (report.verified, report.failed) == (0, [])
    assert await late.get(owner, [kept.id]) == {}
    with pytest.raises(InputError, match="needs a target"):
        Transfer(memory.catalog, memory.payloads, source, [])
