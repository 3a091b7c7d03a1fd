"""Nothing of a memory is readable anywhere but in the process of its user's request."""

from __future__ import annotations

import base64
import logging
import os
import struct
import zlib
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import psycopg
import pymongo
import pytest
import redis

from cleo_core.errors import ConfigError
from cleo_memory import Memory, MemorySettings, open_memory
from cleo_memory.catalog.memories import COLUMNS
from cleo_memory.errors import KeyUnavailable, SealBroken, StorageFault
from cleo_memory.records import Owner
from cleo_memory.search import open_embedder, passage
from cleo_memory.search.documents import document
from cleo_memory.session.shadow import ShadowMemory
from cleo_memory.storage.adapters.postgres import install
from tests.servers import Mongo, Postgres, Valkey, started

pytestmark = pytest.mark.security
SECRETS = ["quince-4711-medlar", "persimmon-lane-77", "loquat@example.org", "colour-of-the-damson", "bullace-trip"]


def forms(text: str) -> list[bytes]:
    raw = text.encode()
    middle = base64.b64encode(raw)[2:-4]  # whatever stands before it
    return [raw, raw.upper(), raw.hex().encode(), middle, text.encode("utf-16-le"), raw[::-1]]


def readable(folder: Path, needles: list[bytes]) -> list[str]:
    """Files that hold a needle, also within what zlib can open at their beginning."""
    found = []
    for path in folder.rglob("*"):
        if path.is_file():
            data = path.read_bytes().rstrip(b"\x00")  # logs are laid out ahead, in zeros
            with suppress(zlib.error):
                data += zlib.decompress(data)
            found += [f"{path.name}: {needle!r}" for needle in needles if needle in data]
    return found


async def workload(memory: Memory) -> list[float]:
    await memory.append("ann", SECRETS[4], "user", f"my code is {SECRETS[0]}")
    kept = await memory.remember("ann", f"she lives at {SECRETS[1]}", provenance={"from": SECRETS[2]}, speaker="ann")
    await memory.prefer("ann", SECRETS[3], SECRETS[2])
    await memory.settle("ann")
    await memory.search("ann", f"where is {SECRETS[1]}?")
    await memory.context("ann", SECRETS[0], 200, conversation=SECRETS[4])
    gone = await memory.remember("ann", f"forget {SECRETS[0]}")
    await memory.forget("ann", gone.id)
    await memory.settle("ann")
    await memory.rotate_key("ann")
    for delivery in memory.deliveries:
        await delivery.drain()
    moves = await memory.tiering.plan_for_all_users(now=4e9)
    await memory.tiering.carry_out(moves)
    for delivery in memory.deliveries:
        await delivery.drain()
    vector = open_embedder().embed([passage(document(kept))])[0]
    return [float(value) for value in vector]


def vector_needles(vector: list[float]) -> list[bytes]:
    run = vector[40:48]
    return [
        struct.pack("<8f", *run),
        struct.pack("<8d", *run),
        np.asarray(run, dtype="<f2").tobytes(),
        np.asarray([round(value * 127) for value in vector[40:64]], dtype=np.int8).tobytes(),
    ]


async def test_no_file_and_no_server_holds_a_readable_byte(home: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    servers = [started(Valkey), started(Mongo), started(Postgres)]
    valkey, mongo, postgres = servers
    try:
        await install(postgres.url)
        settings = MemorySettings(hot=valkey.url, warm=mongo.url, cold=postgres.url)
        async with open_memory(settings) as memory:
            vector = await workload(memory)
            shadow = ShadowMemory()
            shadow.observe("ann", "s", "user", SECRETS[0])
            needles = [form for secret in SECRETS for form in forms(secret)] + vector_needles(vector)
            assert readable(home, needles) == []  # while it runs: database, write-ahead logs, audit log
        # What the servers hand out, and what lies in their folders after they were made to write it.
        dumped = "".join(map(repr, (redis.Redis(port=valkey.port).keys("*"))))
        with redis.Redis(port=valkey.port) as client:
            dumped += "".join(repr(client.dump(key)) for key in client.keys("*"))
            client.bgrewriteaof()
        with pymongo.MongoClient("127.0.0.1", mongo.port, directConnection=True) as mongo_client:
            dumped += repr(list(mongo_client["cleo"]["memories"].find()))
            mongo_client.admin.command("fsync")
        with psycopg.connect(postgres.url) as connection:
            rows = connection.execute("SELECT owner, id, version, sealed::text FROM cleo_memory.memories").fetchall()
            dumped += repr(rows)
            connection.execute("CHECKPOINT")
        assert rows
        assert not [needle for needle in needles if needle in dumped.encode()]
        for server in servers:
            assert readable(server.folder, needles) == []
            assert readable(server.folder, [memory.keyring.owner("ann").encode()]), "the scan reads what is there"
        assert readable(home, needles) == []
        said = caplog.text.encode()
        assert not [needle for needle in needles if needle in said]
    finally:
        for server in servers:
            server.close()


async def test_the_scan_finds_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "leak").write_bytes(b"xx" + SECRETS[0].encode() + b"yy")
    (tmp_path / "packed").write_bytes(zlib.compress(SECRETS[1].encode()))
    (tmp_path / "coded").write_bytes(base64.b64encode(b"abc" + SECRETS[2].encode() + b"tail"))
    hits = readable(tmp_path, [form for secret in SECRETS for form in forms(secret)])
    assert {hit.split(":")[0] for hit in hits} == {"leak", "packed", "coded"}


@pytest.mark.parametrize("place", ["id", "owner", "version", "tier"])
async def test_a_ciphertext_moved_to_another_place_fails_closed(place: str) -> None:
    async with open_memory(MemorySettings(embedder="none")) as memory:
        one = await memory.remember("ann", "one")
        two = await memory.remember("ann", "two")
        theirs = await memory.remember("bob", "theirs")
        owner, other = memory.keyring.owner("ann"), memory.keyring.owner("bob")
        assert (await memory.recall("ann", one.id)).content == "one"
        change = {
            # Another's ciphertext of mine, another user's, my own of before a rotation, my own of another tier.
            "id": (
                "UPDATE payloads SET sealed = (SELECT sealed FROM payloads WHERE owner = ? AND id = ?) "
                "WHERE owner = ? AND id = ?",
                (owner, two.id, owner, one.id),
            ),
            "owner": (
                "UPDATE payloads SET sealed = (SELECT sealed FROM payloads WHERE owner = ? AND id = ?) "
                "WHERE owner = ? AND id = ?",
                (other, theirs.id, owner, one.id),
            ),
            "version": ("UPDATE memories SET version = 2 WHERE owner = ? AND id = ?", (owner, one.id)),
            "tier": ("UPDATE payloads SET tier = 'cold' WHERE owner = ? AND id = ?", (owner, one.id)),
        }
        sql, parameters = change[place]
        await memory.catalog._database.write(lambda tx: tx.execute(sql, parameters).rowcount)
        if place == "version":
            bump = "UPDATE payloads SET version = 2 WHERE owner = ? AND id = ?"
            await memory.catalog._database.write(lambda tx: tx.execute(bump, (owner, one.id)).rowcount)
        with pytest.raises(SealBroken):
            await memory.recall("ann", one.id)
        assert (await memory.recall("ann", two.id)).content == "two"


FORGED = {
    "version": 2,
    "kind": "procedural",
    "thread": "0" * 32,
    "slot": "0" * 32,
    "importance": 1.0,
    "created_at": 1.0,
    "valid_from": 1.0,
    "valid_to": 4e9,
    "expires_at": 4e9,
    "digest": "0" * 32,
    "key_version": 2,
    "position": 99,
    "seal": "",
}


async def forge(memory: Memory, owner: Owner, id: str, column: str) -> None:
    sql = f"UPDATE memories SET {column} = ? WHERE owner = ? AND id = ?"
    await memory.catalog._database.write(lambda tx: tx.execute(sql, (FORGED[column], owner, id)).rowcount)


@pytest.mark.parametrize("column", FORGED)
async def test_a_row_that_was_changed_in_the_catalogue_is_refused(column: str) -> None:
    async with open_memory(MemorySettings(embedder="none")) as memory:
        one, two = await memory.remember("ann", "a heron"), await memory.remember("ann", "two")
        owner = memory.keyring.owner("ann")
        assert await memory.recall("ann", one.id) == one
        await forge(memory, owner, one.id, column)
        with pytest.raises((SealBroken, KeyUnavailable)):
            await memory.recall("ann", one.id)
        found = await memory.search("ann", "heron two")
        assert [hit.record for hit in found] == [two]
        assert [one.id in why for why in found.degraded] == [True]  # left out, and named
        assert await memory.recall("ann", two.id) == two
        assert await memory.forget("ann", one.id) == 1  # the mend that the error names
        left = await memory.search("ann", "two")
        assert ([hit.record for hit in left], left.degraded) == ([two], ())


async def test_every_column_is_sealed_or_only_says_where_the_memory_lives() -> None:
    places = {"tier", "pinned", "heat", "touched_at", "moved_at", "bytes", "seq", "live"}
    assert set(COLUMNS) == FORGED.keys() | places | {"id"}  # by its id a row is found
    async with open_memory(MemorySettings(embedder="none")) as memory:
        kept = await memory.remember("ann", "a heron")
        await memory.pin("ann", kept.id)
        assert (await memory.recall("ann", kept.id)).pinned


async def test_a_forged_row_is_made_whole_by_nothing() -> None:
    """Superseding and rotation seal rows anew: each checks first what is there."""
    async with open_memory(MemorySettings(embedder="none")) as memory:
        await memory.prefer("ann", "tea", "green")
        await memory.prefer("bob", "tea", "green")
        held = await memory.prefer("ann", "tea", "black")
        owner = memory.keyring.owner("ann")
        await forge(memory, owner, held.id, "importance")
        with pytest.raises(SealBroken):
            await memory.prefer("ann", "tea", "white")
        with pytest.raises(SealBroken):
            await memory.rotate_key("ann")
        assert await memory.preferences("ann") == {}  # what was changed does not hold
        assert await memory.rotate_key("bob") == 1
        assert (await memory.preferences("bob"))["tea"].content == "green"
        await memory.forget("ann", held.id)
        assert (await memory.prefer("ann", "tea", "white")).content == "white"
        assert await memory.rotate_key("ann") == 2


async def test_what_is_told_of_a_memory_is_what_was_checked() -> None:
    """A row that is forged while it is read, and whole again at the second look."""
    async with open_memory(MemorySettings(embedder="none")) as memory:
        one = await memory.remember("ann", "a heron", importance=0.2)
        owner = memory.keyring.owner("ann")
        entry = (await memory.catalog.of(owner).find([one.id]))[one.id]
        forged = replace(entry, importance=1.0, kind="procedural", created_at=1.0)
        assert (await memory.payloads.open(owner, [forged])).whole().records() == [one]
        assert (await memory.payloads.open(owner, [entry])).whole().records() == [one]


async def test_an_importance_of_minus_zero_is_zero() -> None:
    async with open_memory(MemorySettings(embedder="none")) as memory:
        one = await memory.remember("ann", "a heron", importance=-0.0)
        assert str((await memory.recall("ann", one.id)).importance) == "0.0"


async def test_a_catalogue_that_cannot_be_read_is_not_taken_for_an_old_one(monkeypatch: pytest.MonkeyPatch) -> None:
    async def down(*_: object) -> None:
        raise StorageFault("The Postgres of the catalogue went away (OperationalError).")

    monkeypatch.setattr("cleo_memory.catalog.database.sqlite.SqliteDatabase.read", down)
    with pytest.raises(StorageFault):
        await open_memory(MemorySettings(embedder="none"))


async def test_a_catalogue_without_sealed_rows_is_refused_and_kept(home: Path) -> None:
    async with open_memory(MemorySettings(embedder="none")) as memory:
        await memory.remember("ann", "a heron")
        await memory.catalog._database.write(lambda tx: tx.execute("ALTER TABLE memories DROP COLUMN seal").rowcount)
    before = (home / "memory" / "catalogue.db").read_bytes()
    with pytest.raises(ConfigError, match="earlier version"):
        await open_memory(MemorySettings(embedder="none"))
    assert (home / "memory" / "catalogue.db").read_bytes() == before


async def test_a_rolled_back_payload_is_noticed() -> None:
    async with open_memory(MemorySettings(embedder="none")) as memory:
        kept = await memory.remember("ann", "one")
        owner = memory.keyring.owner("ann")
        read = "SELECT version, sealed FROM payloads WHERE owner = ? AND id = ?"
        old = await memory.catalog._database.read(lambda tx: tx.execute(read, (owner, kept.id)).fetchone())
        await memory.rotate_key("ann")
        assert (await memory.recall("ann", kept.id)).version == 2
        back = "UPDATE payloads SET version = ?, sealed = ? WHERE owner = ? AND id = ?"
        await memory.catalog._database.write(lambda tx: tx.execute(back, (*old, owner, kept.id)).rowcount)
        with pytest.raises(SealBroken):
            await memory.recall("ann", kept.id)


def test_files_are_closed_to_others(home: Path) -> None:
    import asyncio

    async def fill() -> None:
        async with open_memory(MemorySettings(embedder="none")) as memory:
            await memory.remember("ann", "text")
            files = sorted((home / "memory").iterdir())
            assert len(files) >= 4  # the databases and their logs
            assert [path for path in files if path.stat().st_mode & 0o077] == []

    before = os.umask(0)
    try:
        asyncio.run(fill())
    finally:
        os.umask(before)
    assert home.stat().st_mode & 0o777 == 0o700
    assert [path.stat().st_mode & 0o777 for path in (home / "keys").glob("memory-kek-*")] == [0o600]
