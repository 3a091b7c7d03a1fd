"""One contract for every backend of a tier, on the real server."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

import pytest

from cleo_memory.catalog.database.sqlite import SqliteDatabase
from cleo_memory.catalog.migrations.schema import CATALOGUE
from cleo_memory.catalog.repository import Catalog
from cleo_memory.records import TOMBSTONE, Owner
from cleo_memory.storage.adapters.embedded import EmbeddedStore
from cleo_memory.storage.protocol import Sealed, Store

pytestmark = pytest.mark.integration

# What a query language, a pattern or a path could take for something else; prefixes of each other; look-alikes.
HOSTILE = [
    "a",
    "a_",
    "a%",
    "a*",
    "ab",
    "a.b",
    "$where",
    "{$gt:''}",
    "a:b",
    "a'--",
    "а",
    "å",
    "a\u030a",
    "A",
    "{a}",
    "a b",
    "\\",
]


@pytest.fixture(params=["embedded", "redis", "mongodb", "postgres", "pooler", "postgrest", "pinecone"])
async def store(
    request: pytest.FixtureRequest, home: object, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Store]:
    made: Store
    if request.param == "embedded":
        database = SqliteDatabase(tmp_path_factory.mktemp("db") / "c.db", CATALOGUE)
        made = EmbeddedStore(Catalog(database), "warm")
    elif request.param == "redis":
        from cleo_memory.storage.adapters.redis import RedisStore

        made = RedisStore(request.getfixturevalue("redis_url"))
    elif request.param == "mongodb":
        from cleo_memory.storage.adapters.mongodb import MongoStore

        made = MongoStore(request.getfixturevalue("mongodb_url"))
    elif request.param in ("postgres", "pooler"):
        from cleo_memory.storage.adapters.postgres import PostgresStore, install

        url = request.getfixturevalue(f"{request.param}_url")
        await install(url, vectors=True)
        made = PostgresStore(url, vectors=True)
    elif request.param == "postgrest":
        from cleo_memory.storage.adapters.postgrest import PostgrestStore, install_functions
        from tests.postgrest_simulator import token

        url = request.getfixturevalue("postgrest_url")
        await install_functions(request.getfixturevalue("postgres_url"), vectors=True)
        made = PostgrestStore(f"postgrest+{url}", token("cleo_memory_rows"), vectors=True)
    else:
        from cleo_memory.storage.adapters.pinecone import PineconeStore

        made = PineconeStore(request.getfixturevalue("pinecone_host"), "simulated")
    yield made
    await made.close()
    if request.param == "embedded":
        await database.close()


@pytest.fixture
def owner() -> Owner:
    return Owner(os.urandom(16).hex())


async def test_what_is_put_is_got_byte_for_byte(store: Store, owner: Owner) -> None:
    data = bytes(range(256)) * 10
    await store.ping()
    await store.put(owner, [Sealed("one", 1, data), Sealed("two", 7, b"\x00")])
    found = await store.get(owner, ["one", "two", "three"])
    assert {id: (each.version, each.data) for id, each in found.items()} == {"one": (1, data), "two": (7, b"\x00")}
    assert await store.get(owner, []) == {}
    many = [f"m{n}" for n in range(450)]
    await store.put(owner, [Sealed(id, 1, b"x") for id in many])
    assert set(await store.get(owner, many)) == set(many)
    await store.put(owner, [])


async def test_the_highest_version_stays_in_whatever_order_copies_arrive(store: Store, owner: Owner) -> None:
    await store.put(owner, [Sealed("one", 3, b"third")])
    await store.put(owner, [Sealed("one", 2, b"second"), Sealed("one", 3, b"again")])
    assert (await store.get(owner, ["one"]))["one"].data == b"third"
    await store.put(owner, [Sealed("one", 10, b"tenth")])
    assert (await store.get(owner, ["one"]))["one"].data == b"tenth"


async def test_nothing_outranks_a_tombstone(store: Store, owner: Owner) -> None:
    await store.put(owner, [Sealed("one", 1, b"first"), Sealed("two", 1, b"stays")])
    await store.tombstone(owner, ["one", "never-seen"])
    await store.put(owner, [Sealed("one", TOMBSTONE - 1, b"late"), Sealed("never-seen", 1, b"late")])
    assert set(await store.get(owner, ["one", "two", "never-seen"])) == {"two"}
    assert await store.scan(owner, "", 10) == [("two", 1)]


async def test_a_copy_is_dropped_only_if_it_is_the_one_that_was_meant(store: Store, owner: Owner) -> None:
    await store.put(owner, [Sealed("one", 1, b"1"), Sealed("two", 2, b"2")])
    await store.drop(owner, {"one": 1, "two": 1, "three": 1})
    assert set(await store.get(owner, ["one", "two"])) == {"two"}
    await store.put(owner, [Sealed("one", 1, b"back")])
    assert (await store.get(owner, ["one"]))["one"].data == b"back"


async def test_a_scan_pages_through_everything_once_in_order(store: Store, owner: Owner) -> None:
    ids = [f"m{n:02}" for n in range(11)]
    await store.put(owner, [Sealed(id, 1, b"x") for id in ids])
    seen: list[str] = []
    while page := await store.scan(owner, seen[-1] if seen else "", 4):
        assert len(page) <= 4
        seen += [id for id, _ in page]
    assert seen == ids


async def test_hostile_ids_and_owners_cross_no_border(store: Store, owner: Owner) -> None:
    # Pinecone's client itself refuses an id that is not ASCII; ours are hex.
    hostile = [id for id in HOSTILE if store.name != "pinecone" or id.isascii()]
    await store.put(owner, [Sealed(id, 1, id.encode()) for id in hostile])
    others = [Owner(f"{owner}{tail}") for tail in ("_", "%", "*", ".", "$where", "\u0430")] + [Owner(owner[:-1])]
    for other in others:
        assert await store.get(other, hostile) == {}
        assert await store.scan(other, "", 100) == []
        await store.tombstone(other, ["a"])
        await store.purge(other)
    for id in hostile:
        found = await store.get(owner, [id])
        assert {each.data for each in found.values()} == {id.encode()}
    await store.drop(owner, {"a": 1})
    await store.tombstone(owner, ["a%", "a*", "$where"])
    left = {id for id, _ in await store.scan(owner, "", 100)}
    assert left == set(hostile) - {"a", "a%", "a*", "$where"}


async def test_a_purge_takes_everything_of_one_owner_only(store: Store, owner: Owner) -> None:
    other = Owner(os.urandom(16).hex())
    await store.put(owner, [Sealed("one", 1, b"1"), Sealed("two", 1, b"2")])
    await store.tombstone(owner, ["two"])
    await store.put(other, [Sealed("one", 1, b"other")])
    await store.purge(owner)
    assert await store.get(owner, ["one", "two"]) == {}
    assert (await store.get(other, ["one"]))["one"].data == b"other"
    await store.put(owner, [Sealed("two", 1, b"a new life")])
    assert set(await store.get(owner, ["two"])) == {"two"}


async def test_vectors_are_nearest_within_their_owner(store: Store, owner: Owner) -> None:
    nearest = getattr(store, "nearest", None)
    if nearest is None:
        assert store.name in {"embedded", "redis", "mongodb"}
        return
    east, north = [1.0, 0.1] + [0.0] * 382, [0.0, 1.0] + [0.0] * 382
    await store.put(owner, [Sealed("east", 1, b"e", east), Sealed("north", 1, b"n", north), Sealed("none", 1, b"-")])
    await store.put(Owner(os.urandom(16).hex()), [Sealed("other", 1, b"o", east)])
    assert [id for id, _ in await nearest(owner, east, 5)] == ["east", "north"]
    await store.tombstone(owner, ["east"])
    assert [id for id, _ in await nearest(owner, east, 5)] == ["north"]
