"""The whole memory on real backends: Postgres catalogue, Valkey, MongoDB, Postgres with row-level security."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from postgrest.exceptions import APIError
from psycopg.sql import SQL, Identifier
from pydantic import SecretStr

from cleo_core.errors import ConfigError
from cleo_memory import Memory, MemorySettings, Tier, open_memory
from cleo_memory.catalog.erasures import UserKeyFloor
from cleo_memory.catalog.repository import UserRows
from cleo_memory.errors import BackendDown, SealBroken
from cleo_memory.records import Owner
from cleo_memory.search import open_embedder
from cleo_memory.storage.adapters.postgres import PostgresStore, install
from cleo_memory.storage.adapters.postgrest import PostgrestStore, install_functions
from cleo_memory.storage.protocol import Sealed
from tests.postgrest_simulator import token
from tests.servers import Mongo, Server, Valkey, started

pytestmark = pytest.mark.integration


@pytest.fixture
async def settings(redis_url: str, mongodb_url: str, postgres_url: str) -> MemorySettings:
    await install(postgres_url)
    # A tenant of its own: every test meets its own users on servers that are shared.
    return MemorySettings(
        embedder="none",
        hot=redis_url,
        warm=mongodb_url,
        cold=postgres_url,
        tenant=os.urandom(4).hex(),
        backend_seconds=2.0,
    )


@pytest.fixture
async def memory(settings: MemorySettings) -> AsyncIterator[Memory]:
    async with open_memory(settings) as opened:
        yield opened


def new_database(postgres_url: str) -> str:
    """A database of the test's own: a catalogue and keys that no other run has."""
    name = f"cleo_test_{os.urandom(4).hex()}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
    return name


def in_database(name: str, url: str) -> str:
    return urlsplit(url)._replace(path=f"/{name}").geturl()


async def until(condition: Callable[[], Any], seconds: float = 60.0) -> None:
    """Wait for what background work brings about; fails when it does not."""
    end = time.monotonic() + seconds
    while not await condition():
        assert time.monotonic() < end, "it did not come about in time"
        await asyncio.sleep(0.02)


async def drained(memory: Memory) -> bool:
    return not await memory.catalog.all_users.read(lambda rows: rows.outbox.waiting())


async def staged(memory: Memory, user: str) -> int:
    owner = memory.keyring.owner(user)
    ids = [record.id for record in (await memory.memories(user, first=1000)).items]
    return len(await memory.catalog.of(owner).read(lambda rows: rows.payloads.held(ids)))


async def test_what_is_acknowledged_reaches_its_tiers_and_leaves_the_catalogue(memory: Memory) -> None:
    turn = await memory.append("ann", "trip", "user", "I saw a heron.")
    fact = await memory.remember("ann", "Herons are birds.")
    await until(lambda: drained(memory))
    owner = memory.keyring.owner("ann")
    assert set(await memory.payloads.tiers[Tier.HOT].store.get(owner, [turn.id, fact.id])) == {turn.id}  # type: ignore[union-attr]
    # The hot memory has its shadow in the warm tier; the catalogue keeps no copy of its own any more.
    assert set(await memory.payloads.tiers[Tier.WARM].store.get(owner, [turn.id, fact.id])) == {turn.id, fact.id}  # type: ignore[union-attr]
    assert await staged(memory, "ann") == 0
    assert (await memory.memories("ann")).items == [fact, turn]
    assert [hit.record for hit in await memory.search("ann", "heron saw", limit=1)] == [turn]


async def test_a_memory_moves_down_and_up_and_is_whole_in_each_tier(memory: Memory) -> None:
    record = await memory.append("ann", "trip", "user", "I saw a heron.")
    owner = memory.keyring.owner("ann")
    await until(lambda: drained(memory))
    later = time.time() + 90 * 86400
    for tier in (Tier.WARM, Tier.COLD):
        (move,) = [m for m in await memory.tiering.plan_for_all_users(now=later) if m.owner == owner]
        assert (move.target, "below" in move.why) == (tier, True)
        assert await memory.tiering.carry_out([move]) == 1
        await until(lambda: drained(memory))
        found = await memory.recall("ann", record.id)
        assert (found.content, found.tier) == (record.content, tier)
        for other in Tier:
            kept = await memory.payloads.tiers[other].store.get(owner, [record.id])  # type: ignore[union-attr]
            assert bool(kept) == (other == tier), other
    await memory.recall("ann", record.id)  # the second access within the window
    assert await memory.tiering.cycle() >= 1
    assert (await memory.recall("ann", record.id)).tier == Tier.HOT
    view = await memory.tiering.view_of_all_users()
    assert view.flows[("warm", "cold")] >= 1
    assert view.flows[("cold", "hot")] >= 1
    assert await memory.forget("ann", record.id) == 1
    await until(lambda: drained(memory))
    for tier in Tier:
        assert not await memory.payloads.tiers[tier].store.get(owner, [record.id])  # type: ignore[union-attr]


async def test_a_pinned_memory_stays(memory: Memory) -> None:
    record = await memory.remember("ann", "stay", pinned=True)
    owner = memory.keyring.owner("ann")
    later = time.time() + 900 * 86400
    assert not [m for m in await memory.tiering.plan_for_all_users(now=later) if m.owner == owner]
    await memory.pin("ann", record.id, False)
    assert [m for m in await memory.tiering.plan_for_all_users(now=later) if m.owner == owner]


async def test_an_erased_user_is_purged_from_every_backend(memory: Memory) -> None:
    record = await memory.append("ann", "trip", "user", "I saw a heron.")
    other = await memory.append("bob", "trip", "user", "I saw a crane.")
    await until(lambda: drained(memory))
    receipt = await memory.erase("ann")
    assert set(receipt.stores.values()) == {"purged"}
    for tier in Tier:
        place = memory.payloads.tiers[tier].store
        assert place is not None
        assert await place.scan(memory.keyring.owner("ann"), "", 10) == []
    assert (await memory.recall("bob", other.id)) == other
    assert record.id not in {each.id for each in (await memory.memories("ann")).items}


async def test_a_memory_that_does_not_open_holds_no_other_up(settings: MemorySettings) -> None:
    async with open_memory(settings.model_copy(update={"warm": "embedded"})) as memory:
        kept = [await memory.remember("ann", f"fact {n}") for n in range(3)]
        theirs = await memory.remember("bob", "another's")
        owner = memory.keyring.owner("ann")
        sql = "UPDATE memories SET importance = 1 WHERE owner = ? AND id = ?"
        await memory.catalog._database.write(lambda tx: tx.execute(sql, (owner, kept[0].id)).rowcount)
        later = time.time() + 900 * 86400
        moves = [move for move in await memory.tiering.plan_for_all_users(now=later) if move.source == Tier.WARM]
        assert {move.entry.id for move in moves} == {record.id for record in (*kept, theirs)}
        assert await memory.tiering.carry_out(moves) == 3
        # The same at a delivery, in one batch with others.
        found = (await memory.catalog.of(owner).find([record.id for record in kept])).values()
        place = memory.payloads.tiers[Tier.COLD]
        delivery = next(each for each in memory.deliveries if each.target.key == place.key)

        def again(rows: UserRows) -> None:
            for each in found:
                rows.outbox.add(each.id, each.version, "put", [place.key])

        await memory.catalog.of(owner).write(again)
        due = await memory.catalog.all_users.read(lambda rows: rows.outbox.due(place.key, time.time(), 100))
        jobs = [job for job in due if job.owner == owner]
        assert len(jobs) == 3
        with pytest.raises(SealBroken):
            await memory.payloads.reseal(owner, list(found), place)
        await delivery.drain()
        assert await memory.catalog.all_users.read(lambda rows: rows.outbox.waiting()) == {place.key: 1}
        await memory.forget("ann", kept[0].id)
        await until(lambda: drained(memory))
        assert {record.id for record in (await memory.memories("ann")).items} == {record.id for record in kept[1:]}


async def test_with_the_hot_tier_down_reads_go_on_and_writes_are_acknowledged(
    settings: MemorySettings,
) -> None:
    server = started(Valkey)
    try:
        async with open_memory(settings.model_copy(update={"hot": server.url})) as memory:
            before = await memory.append("ann", "trip", "user", "I saw a heron.")
            await until(lambda: drained(memory))
            server.kill()
            during = await memory.append("ann", "trip", "user", "Then it flew.")
            assert await memory.window("ann", "trip") == [before, during]
            hits = await memory.search("ann", "heron flew")
            assert {hit.record.id for hit in hits} == {before.id, during.id}
            assert "redis" in hits.degraded[0]
            server.start()
            await until(lambda: drained(memory), 40)
            assert (await memory.search("ann", "heron flew")).degraded == ()
    finally:
        server.close()


async def test_with_the_warm_tier_down_what_only_it_has_is_missing_and_the_answer_says_so(
    settings: MemorySettings,
) -> None:
    server: Server = started(Mongo)
    try:
        async with open_memory(settings.model_copy(update={"warm": server.url})) as memory:
            archived = await memory.remember("ann", "Herons eat fish.")
            await until(lambda: drained(memory))
            assert await memory.search("ann", "herons fish")
            server.kill()
            fresh = await memory.remember("ann", "Herons eat frogs.")
            hits = await memory.search("ann", "herons eat")
            assert [hit.record for hit in hits] == [fresh]
            assert "mongodb" in hits.degraded[0]
            with pytest.raises(BackendDown, match="mongodb"):
                await memory.recall("ann", archived.id)
            assert await memory.recall("ann", fresh.id) == fresh
            server.start()
            await until(lambda: drained(memory), 40)
            assert {hit.record.id for hit in await memory.search("ann", "herons eat")} == {archived.id, fresh.id}
            assert await staged(memory, "ann") == 0
    finally:
        server.close()


async def test_indexed_vectors_go_where_they_can_be_searched_and_nowhere_else(
    settings: MemorySettings, pinecone_host: str, postgres_url: str
) -> None:
    await install(postgres_url, vectors=True)
    indexed = settings.model_copy(
        update={
            "vectors": "indexed",
            "embedder": "minilm-int8",
            "pinecone_host": pinecone_host,
            "pinecone_api_key": SecretStr("simulated"),
        }
    )
    async with open_memory(indexed) as memory:
        heron = await memory.remember("ann", "Herons stand in the shallow water for hours.")
        tax = await memory.remember("ann", "The tax form is due in March.")
        owner = memory.keyring.owner("ann")
        moves = [m for m in await memory.tiering.plan_for_all_users(now=4e9) if m.owner == owner]
        assert await memory.tiering.carry_out(moves) == 2
        await until(lambda: drained(memory))
        question = (await asyncio.to_thread(open_embedder().embed, ["which bird waits patiently?"]))[0].tolist()
        cold, mirror = memory.payloads.tiers[Tier.COLD].store, memory.payloads.tiers.mirrors[0].store
        assert cold is not None
        assert mirror is not None
        for store in (cold, mirror):
            nearest = await store.nearest(owner, question, 2)  # type: ignore[attr-defined]
            assert [id for id, _ in nearest] == [heron.id, tax.id]
        hits = await memory.nearest("ann", "which bird waits patiently?", limit=1)
        assert [(hit.record.id, set(hit.parts)) for hit in hits] == [(heron.id, {"vector"})]
        assert await memory.nearest("bob", "which bird waits patiently?") == []
        assert memory.indexes.resident.peek(memory.keyring.owner("bob")) is None
        assert (await memory.recall("ann", heron.id)).tier == Tier.COLD
        await memory.forget("ann", heron.id)
        assert [hit.record.id for hit in await memory.nearest("ann", "which bird waits patiently?")] == [tax.id]
        await until(lambda: drained(memory))
        assert [id for id, _ in await mirror.nearest(owner, question, 2)] == [tax.id]  # type: ignore[attr-defined]
        await memory.erase("ann")
        assert await mirror.scan(owner, "", 5) == []
    async with open_memory(settings) as memory:
        with pytest.raises(ConfigError, match="no store to search vectors in"):
            await memory.nearest("ann", "which bird waits patiently?")
    with pytest.raises(ConfigError, match="VECTORS is sealed"):
        await open_memory(settings.model_copy(update={"pinecone_host": pinecone_host}))
    with pytest.raises(ConfigError, match="no backend"):
        await open_memory(settings.model_copy(update={"hot": "mysql://user:secret@host"}))


@pytest.mark.parametrize("way", ["postgres_url", "pooler_url"])
async def test_two_processes_share_a_postgres_catalogue(
    settings: MemorySettings, way: str, postgres_url: str, request: pytest.FixtureRequest
) -> None:
    url = in_database(new_database(postgres_url), request.getfixturevalue(way))
    await install(url)
    shared = settings.model_copy(update={"catalogue": url, "cold": url, "processes": 2})
    async with open_memory(shared) as one, open_memory(shared) as other:
        first = await one.append("ann", "trip", "user", "I saw a heron.")
        assert [hit.record for hit in await other.search("ann", "heron")] == [first]
        second = await other.append("ann", "trip", "user", "The heron flew.")
        assert {hit.record.id for hit in await one.search("ann", "heron")} == {first.id, second.id}
        await one.forget("ann", first.id)
        assert [hit.record for hit in await other.search("ann", "heron")] == [second]
        notes = await asyncio.gather(*(each.remember("ann", f"note {n}") for n in range(20) for each in (one, other)))
        assert len({record.id for record in notes}) == 40
        await until(lambda: drained(one))
        await one.rotate_key("ann")
        assert (await other.stats("ann")).memories == 41
        assert len((await other.memories("ann", first=100)).items) == 41
        await other.remember("ann", "written by one who holds the old key")
        receipt = await one.erase("ann")
        assert receipt.memories == 42
        assert (await other.search("ann", "heron")) == []
        await other.remember("ann", "a new life")
        await one.erase("ann")


async def test_an_erasure_waits_for_the_write_that_looked_before_it(
    settings: MemorySettings, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A writer between its look at the user's epoch and its commit, on one connection; the erasure on another."""
    url = in_database(new_database(postgres_url), postgres_url)
    shared = settings.model_copy(update={"catalogue": url, "cold": "embedded", "processes": 2})
    async with open_memory(shared) as one, open_memory(shared) as other:
        await one.append("ann", "trip", "user", "I saw a heron.")
        owner, epoch = one.keyring.owner("ann"), await one.epoch("ann")
        look, looked, erased = UserKeyFloor.check, threading.Event(), threading.Event()

        def slowly(*arguments: Any) -> None:
            look(*arguments)
            looked.set()
            erased.wait(2.0)

        with monkeypatch.context() as patch:
            patch.setattr(UserKeyFloor, "check", slowly)
            writing = asyncio.create_task(one.append("ann", "trip", "assistant", "It flew.", epoch=epoch))
            assert await asyncio.to_thread(looked.wait, 30)
            erasing = asyncio.create_task(other.erase("ann"))
            erasing.add_done_callback(lambda _: erased.set())
            await asyncio.gather(writing, erasing)
        with psycopg.connect(url) as connection:
            rows = "SELECT count(*) FROM cleo_catalogue.memories WHERE owner = %s"
            assert connection.execute(rows, (owner,)).fetchone() == (0,)
        await other.remember("ann", "a new life")
        assert [hit.record.content for hit in await other.search("ann", "life")] == ["a new life"]


async def test_owners_who_share_a_poolers_connections_never_meet(pooler_url: str) -> None:
    """Twelve connections to the pooler, two behind it: each changes hands at every transaction."""
    await install(pooler_url)
    stores = [PostgresStore(pooler_url) for _ in range(3)]
    owners = [Owner(os.urandom(16).hex()) for _ in range(12)]

    async def live(n: int, owner: Owner) -> None:
        store = stores[n % len(stores)]
        for turn in range(10):
            await store.put(owner, [Sealed(f"m{turn}", 1, owner.encode())])
            assert {each.data for each in (await store.get(owner, ["m0", f"m{turn}"])).values()} == {owner.encode()}
            assert len(await store.scan(owner, "", 100)) == turn + 1

    try:
        await asyncio.gather(*(live(n, owner) for n, owner in enumerate(owners)))
        whoami = "SELECT current_user, coalesce(current_setting('cleo.owner', true), ''), pg_backend_pid()"
        left = []
        for _ in range(6):
            async with await psycopg.AsyncConnection.connect(pooler_url, autocommit=True) as connection:
                left.append(await (await connection.execute(whoami)).fetchone())
        # What was set for a transaction went with it, on the very connections that were shared.
        assert {row[:2] for row in left if row} == {("cleo", "")}
        assert len({row[2] for row in left if row}) <= 2
    finally:
        for owner in owners:
            await stores[0].purge(owner)
        for store in stores:
            await store.close()


async def test_row_level_security_binds_even_a_query_that_forgets_the_owner(postgres_url: str) -> None:
    await install(postgres_url)
    store = PostgresStore(postgres_url)
    ann, bob = Owner(os.urandom(16).hex()), Owner(os.urandom(16).hex())
    await store.put(ann, [Sealed("one", 1, b"ann's")])
    await store.put(bob, [Sealed("one", 1, b"bob's")])
    try:
        async with store._as(ann) as cursor:
            rows = await (await cursor.execute("SELECT owner FROM cleo_memory.memories")).fetchall()
            assert rows == [(ann,)]
            gone = await cursor.execute("DELETE FROM cleo_memory.memories")
            assert gone.rowcount == 1
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                await cursor.execute("INSERT INTO cleo_memory.memories VALUES (%s, 'two', 1, '')", (bob,))
        assert (await store.get(bob, ["one"]))["one"].data == b"bob's"
        # What the transaction was allowed is gone with it: the same connection, handed on by a pooler, sees nothing.
        async with store._pool.connection() as connection:
            await connection.execute("SELECT set_config('role', 'cleo_memory_rows', true)")
            left = await (await connection.execute("SELECT count(*) FROM cleo_memory.memories")).fetchone()
            assert left == (0,)
    finally:
        await store.purge(bob)
        await store.close()


@pytest.fixture
def over_https(settings: MemorySettings, postgrest_url: str) -> MemorySettings:
    given = {"cold": f"postgrest+{postgrest_url}", "supabase_token": SecretStr(token("cleo_memory_rows"))}
    return settings.model_copy(update=given)


async def test_a_cold_tier_over_https_holds_what_the_one_over_postgres_finds(
    settings: MemorySettings, over_https: MemorySettings, postgres_url: str
) -> None:
    await install_functions(postgres_url)
    await install_functions(postgres_url)  # may run again
    async with open_memory(over_https) as memory:
        kept = await memory.remember("ann", "Herons are birds.")
        owner = memory.keyring.owner("ann")
        assert await memory.tiering.mover.move(
            owner, (await memory.catalog.of(owner).find([kept.id]))[kept.id], Tier.COLD
        )
        assert (await memory.recall("ann", kept.id)).tier == Tier.COLD
        assert await staged(memory, "ann") == 0
    async with open_memory(settings) as memory:  # the same rows, now by the direct connection
        assert (await memory.recall("ann", kept.id)).content == "Herons are birds."
        assert (await memory.erase("ann")).stores["cold:postgres"] == "purged"


async def test_a_token_of_another_role_or_key_reaches_nothing(postgres_url: str, postgrest_url: str) -> None:
    await install_functions(postgres_url)
    owner = Owner(os.urandom(16).hex())
    good = PostgrestStore(f"postgrest+{postgrest_url}", token("cleo_memory_rows"))
    await good.put(owner, [Sealed("one", 1, b"1")])
    for bad in (token("anon"), token("cleo_memory_rows", "a secret that somebody else knows of")):
        store = PostgrestStore(f"postgrest+{postgrest_url}", bad)
        with pytest.raises(APIError, match=r"permission denied|JWT"):
            await store.get(owner, ["one"])
        await store.close()
    assert set(await good.get(owner, ["one"])) == {"one"}
    await good.purge(owner)
    await good.close()


def test_a_token_never_travels_in_the_clear(settings: MemorySettings) -> None:
    with pytest.raises(ConfigError, match="in the clear"):
        PostgrestStore("postgrest+http://db.example.org", "token")
    with pytest.raises(ConfigError, match="SUPABASE_TOKEN"):
        PostgrestStore("supabase+https://project.supabase.co", "")
    bare = {"cold": "postgrest+http://db.example.org", "supabase_token": SecretStr("token")}
    assert any("in the clear" in problem for problem in settings.model_copy(update=bare).problems())
    without = settings.model_copy(update={"cold": "supabase+https://project.supabase.co"})
    assert any("SUPABASE_TOKEN" in problem for problem in without.problems())
    assert not any("SUPABASE" in problem for problem in settings.problems())
    store = PostgrestStore("supabase+https://project.supabase.co", "token", "key")
    assert str(store._client.base_url) == "https://project.supabase.co/rest/v1"
    assert (store._http.headers["apikey"], store._http.follow_redirects) == ("key", False)
