"""Every backend to every other, both ways, whole and resumable."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import sys
from pathlib import Path

import pytest

from cleo_core.audit import open_log
from cleo_core.errors import InputError
from cleo_memory import Memory, MemorySettings, Tier, open_memory
from cleo_memory.errors import BackendDown
from cleo_memory.lifecycle.transfer import Transfer
from cleo_memory.records import Owner
from cleo_memory.storage.adapters.embedded import EmbeddedStore
from cleo_memory.storage.adapters.postgres import install
from cleo_memory.storage.backends import open_named, tier_stores
from cleo_memory.storage.protocol import Store

pytestmark = pytest.mark.integration
BACKENDS = ["sqlite", "redis", "mongodb", "postgres", "pinecone"]


@pytest.fixture
def urls(redis_url: str, mongodb_url: str, postgres_url: str, pinecone_host: str) -> dict[str, str]:
    return {"redis": redis_url, "mongodb": mongodb_url, "postgres": postgres_url, "pinecone": pinecone_host}


@pytest.fixture
def settings() -> MemorySettings:
    return MemorySettings(embedder="none", tenant=os.urandom(4).hex(), pinecone_api_key="simulated")  # type: ignore[arg-type]


async def fill(memory: Memory) -> dict[str, str]:
    kept = {}
    for user in ("ann", "bob"):
        for n in range(3):
            kept[(await memory.append(user, "trip", "user", f"{user} turn {n}")).id] = f"{user} turn {n}"
        kept[(await memory.remember(user, f"{user} fact")).id] = f"{user} fact"
    gone = await memory.remember("ann", "forgotten")
    await memory.forget("ann", gone.id)
    return kept


async def contents(memory: Memory) -> dict[str, str]:
    return {record.id: record.content for user in ("ann", "bob") for record in (await memory.memories(user)).items}


async def holds(memory: Memory, name: str, stores: dict[str, Store]) -> int:
    held = 0
    for user in ("ann", "bob"):
        owner = memory.keyring.owner(user)
        for place in tier_stores(name, memory.catalog, stores):
            assert place.store is not None
            held += len(await place.store.scan(owner, "", 1000))
    return held


async def drop_embedded(memory: Memory) -> None:
    await memory.catalog._database.write(lambda tx: tx.execute("DELETE FROM payloads").rowcount)


@pytest.mark.parametrize(("source", "target"), list(itertools.permutations(BACKENDS, 2)))
async def test_all_memories_go_from_one_backend_to_another_whole(
    source: str, target: str, settings: MemorySettings, urls: dict[str, str]
) -> None:
    await install(urls["postgres"])
    async with open_memory(settings) as memory:
        kept = await fill(memory)
        stores = await open_named(settings, [source, target], urls)
        embedded = tier_stores("sqlite", memory.catalog, {})
        here, there = (tier_stores(name, memory.catalog, stores) for name in (source, target))
        if source != "sqlite":
            await Transfer(memory.catalog, memory.payloads, embedded, here).run_for_all_users()
        migration = Transfer(memory.catalog, memory.payloads, here, there)
        plan = await migration.plan_for_all_users()
        assert sum(plan.planned.values()) == len(kept)
        report = await migration.run_for_all_users()
        assert (report.verified, report.failed) == (len(kept), [])
        assert await holds(memory, target, stores) == len(kept)
        again = await migration.run_for_all_users()
        assert (again.copied, again.already) == (0, len(kept))
        # Back into an empty catalogue, from the target alone.
        if target != "sqlite":
            await drop_embedded(memory)
            back = await Transfer(memory.catalog, memory.payloads, there, embedded).run_for_all_users()
            assert back.failed == []
        assert await contents(memory) == kept
        for store in stores.values():
            await store.close()


async def test_a_migration_that_stops_half_way_goes_on_where_it_stopped(
    settings: MemorySettings, urls: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_memory(settings) as memory:
        kept = await fill(memory)
        stores = await open_named(settings, ["mongodb"], urls)
        source, target = (tier_stores(name, memory.catalog, stores) for name in ("sqlite", "mongodb"))
        migration = Transfer(memory.catalog, memory.payloads, source, target)
        put, calls = stores["mongodb"].put, []

        async def once(owner: Owner, items: object) -> None:
            calls.append(owner)
            if len(set(calls)) > 1:
                raise ConnectionError("gone")
            await put(owner, items)  # type: ignore[arg-type]

        with monkeypatch.context() as patch:
            patch.setattr(stores["mongodb"], "put", once)
            with pytest.raises(BackendDown):
                await migration.run_for_all_users()
        assert await holds(memory, "mongodb", stores) == len(kept) / 2
        assert await contents(memory) == kept
        tiers = tier_stores("mongodb", memory.catalog, stores)  # the breaker of the first is still open
        report = await Transfer(memory.catalog, memory.payloads, source, tiers).run_for_all_users(delete_source=True)
        assert (report.already, report.copied, report.deleted) == (len(kept) / 2, len(kept) / 2, len(kept))
        assert await holds(memory, "sqlite", {}) == 0
        await stores["mongodb"].close()
    # With the new settings everything is there; what is forgotten leaves the new backend too.
    async with open_memory(settings.model_copy(update={"warm": urls["mongodb"]})) as memory:
        assert await contents(memory) == kept
        assert (await memory.memories("ann")).items[0].tier == Tier.WARM
        assert set((await memory.erase("ann")).stores.values()) == {"purged"}


async def test_a_migration_that_is_killed_goes_on_where_it_was(
    settings: MemorySettings, urls: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_memory(settings) as memory:
        texts = {user: [f"{user} fact {n}" for n in range(250)] for user in ("ann", "bob", "eve", "joe")}
        for user, facts in texts.items():
            await asyncio.gather(*(memory.remember(user, fact) for fact in facts))
    total = sum(map(len, texts.values()))
    monkeypatch.setenv("CLEO_MEMORY_EMBEDDER", "none")
    monkeypatch.setenv("CLEO_MEMORY_TENANT", settings.tenant)
    command = [sys.executable, "-m", "cleo_core", "memory", "migrate", "--source", "sqlite", "--target", "mongodb"]
    command += ["--url", f"mongodb={urls['mongodb']}", "--delete-source"]

    async def arrived(store: Store) -> int:
        async with open_memory(settings) as memory:
            owners = [memory.keyring.owner(user) for user in texts]
        return sum([len(await store.scan(owner, "", 1000)) for owner in owners])

    store = (await open_named(settings, ["mongodb"], urls))["mongodb"]
    held = [0]
    for _ in range(2):
        killed = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.DEVNULL)
        while await arrived(store) <= held[-1]:
            assert killed.returncode is None
        killed.kill()
        assert await killed.wait() == -signal.SIGKILL
        held.append(await arrived(store))
    assert 0 < held[1] < held[2] < total  # it was killed on its way, and went on
    whole = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    said = (await whole.communicate())[0].decode()
    assert whole.returncode == 0
    assert f"{total} verified" in said
    assert f"{held[2]} there already" in said
    assert "0 failed" in said
    assert await arrived(store) == total
    await store.close()
    async with open_memory(settings.model_copy(update={"warm": urls["mongodb"]})) as memory:
        assert await holds(memory, "sqlite", {}) == 0
        for user, facts in texts.items():
            assert sorted(each.content for each in (await memory.memories(user, first=1000)).items) == sorted(facts)
    told = [each for each in open_log().read() if each["event"] == "memory.migrated"]
    assert [each["subject"] for each in told] == ["cold:embedded,hot:embedded,warm:embedded to warm:mongodb"]


async def test_what_only_a_cache_would_hold_is_not_deleted_at_the_source(
    settings: MemorySettings, urls: dict[str, str]
) -> None:
    async with open_memory(settings) as memory:
        kept = await fill(memory)
        stores = await open_named(settings, ["redis"], urls)
        source, target = (tier_stores(name, memory.catalog, stores) for name in ("sqlite", "redis"))
        report = await Transfer(memory.catalog, memory.payloads, source, target).run_for_all_users(delete_source=True)
        assert (report.verified, report.deleted) == (len(kept), 0)
        assert await contents(memory) == kept
        await stores["redis"].close()


async def test_a_damaged_copy_or_row_at_the_source_is_named_and_nothing_is_pointed_at(
    settings: MemorySettings, urls: dict[str, str]
) -> None:
    async with open_memory(settings) as memory:
        kept = await fill(memory)
        owner = memory.keyring.owner("bob")
        bad = next(record.id for record in (await memory.memories("bob")).items)
        sql = "UPDATE payloads SET sealed = ? WHERE owner = ? AND id = ?"
        await memory.catalog._database.write(lambda tx: tx.execute(sql, (b"\x01" * 60, owner, bad)).rowcount)
        owner = memory.keyring.owner("ann")
        forged = next(record.id for record in (await memory.memories("ann")).items)
        sql = "UPDATE memories SET importance = 1 WHERE owner = ? AND id = ?"
        await memory.catalog._database.write(lambda tx: tx.execute(sql, (owner, forged)).rowcount)
        stores = await open_named(settings, ["mongodb"], urls)
        source, target = (tier_stores(name, memory.catalog, stores) for name in ("sqlite", "mongodb"))
        report = await Transfer(memory.catalog, memory.payloads, source, target).run_for_all_users()
        assert (set(report.failed), report.verified) == ({bad, forged}, len(kept) - 2)
        await stores["mongodb"].close()


def test_an_unknown_backend_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'mysql'"):
        tier_stores("mysql", None, {})  # type: ignore[arg-type]
    with pytest.raises(InputError, match="redis"):
        tier_stores("redis", None, {})  # type: ignore[arg-type]
    assert EmbeddedStore.durable
