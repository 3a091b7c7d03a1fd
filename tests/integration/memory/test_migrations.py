"""Databases of earlier versions open with everything that was right in them, and nothing that was erased."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from pydantic import SecretStr

from cleo_core.cli import main
from cleo_core.errors import ConfigError
from cleo_memory import Memory, MemorySettings, open_memory
from cleo_memory.catalog.database.connect import pending_upgrades, upgrade
from cleo_memory.catalog.database.postgres import PostgresDatabase
from cleo_memory.catalog.database.sqlite import SqliteDatabase
from cleo_memory.catalog.migrations import backup
from cleo_memory.catalog.migrations.schema import CATALOGUE, KEYS, Migration, Schema
from cleo_memory.errors import MemoryNotFound, StorageFault
from tests.integration.memory.fixtures.make_old_memory import BEGAN, TEST_KEK
from tests.integration.memory.test_backends import in_database, new_database

pytestmark = pytest.mark.integration
FIXTURES = Path(__file__).parent / "fixtures"


def settings(**changes: Any) -> MemorySettings:
    given: dict[str, Any] = {"embedder": "none", "key_provider": "environment", "kek": SecretStr(TEST_KEK)}
    return MemorySettings(**{**given, **changes})


@pytest.fixture
def old_sqlite(home: Path) -> Path:
    """The folder of an embedded memory that the earlier version left behind."""
    folder = home / "memory"
    folder.mkdir(parents=True, mode=0o700)
    for name in ("catalogue", "keys"):
        (folder / f"{name}.db").write_bytes(gzip.decompress((FIXTURES / "sqlite" / f"{name}.db.gz").read_bytes()))
    return folder


@pytest.fixture
def old_postgres(postgres_url: str) -> str:
    url = in_database(new_database(postgres_url), postgres_url)
    dump = gzip.decompress((FIXTURES / "postgres" / "memory.sql.gz").read_bytes()).decode()
    with psycopg.connect(url) as connection:
        connection.execute(dump.encode())
    return url


def expected(engine: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FIXTURES / engine / "expected.json").read_text())
    return found


async def check(memory: Memory, told: dict[str, Any]) -> None:
    """All that the earlier version answered is answered again."""
    for user, records in told["records"].items():
        assert str(memory.keyring.owner(user)) == told["owners"][user]
        assert [json.loads(line) async for line in memory.export_lines(user)] == records, user
        assert (await memory.epoch(user)).erasures == told["epochs"][user]
        for day in range(4):
            held = await memory.preferences(user, at=BEGAN + timedelta(days=day, hours=1))
            assert {key: each.content for key, each in held.items()} == told["preferences"][f"{user} {day}"]
    assert (await memory.recall("ann", told["pinned"])).pinned
    assert (await memory.search("ann", "peanuts"))[0].record.id == told["pinned"]
    assert {each.id for each in (await memory.conversations("ann")).items} == {"trip", "lunch"}
    for id in told["forgotten"]["ann"]:
        with pytest.raises(MemoryNotFound):
            await memory.recall("ann", id)
    assert await memory.catalog.all_users.read(lambda rows: rows.outbox.waiting()) == told["outbox"]
    assert (await memory.stats("eve")).memories == 0
    assert await memory.keyring.keys(memory.keyring.owner("eve")) is None
    assert [each.record.content for each in await memory.search("zoe", "Zoe")] == ["Zoe began anew."]
    # It goes on from there.
    await memory.prefer("ann", "cuisine", "Greek")
    assert (await memory.preferences("ann"))["cuisine"].content == "Greek"
    await memory.remember("eve", "Eve again.")
    assert [each.record.content for each in await memory.search("eve", "Lisbon, Eve")] == ["Eve again."]


async def test_an_sqlite_memory_of_the_earlier_version_opens(
    old_sqlite: Path, caplog: pytest.LogCaptureFixture
) -> None:
    before = {name: (old_sqlite / f"{name}.db").read_bytes() for name in ("catalogue", "keys")}
    async with open_memory(settings()) as memory:
        await check(memory, expected("sqlite"))
    copies = backup.existing(old_sqlite / "catalogue.db")
    assert len(copies) == 1
    assert copies[0].stat().st_mode & 0o777 == 0o600
    assert str(copies[0]) in caplog.text
    with contextlib.closing(sqlite3.connect(copies[0])) as kept, contextlib.closing(sqlite3.connect(":memory:")) as was:
        was.deserialize(before["catalogue"].replace(b"\x02\x02", b"\x01\x01", 1))  # no WAL in memory
        assert list(kept.iterdump()) == list(was.iterdump())
    # Nothing is migrated twice.
    caplog.clear()
    async with open_memory(settings()) as memory:
        assert (await memory.preferences("ann"))["cuisine"].content == "Greek"
    assert "migrated" not in caplog.text


async def test_a_memory_of_the_version_before_opens_and_what_each_user_keeps_is_counted(
    old_sqlite: Path, old_postgres: str
) -> None:
    before = Schema("catalogue", CATALOGUE.steps[:2], kept=CATALOGUE.kept, required=CATALOGUE.required)
    await SqliteDatabase(old_sqlite / "catalogue.db", before).close()
    await (await asyncio.to_thread(PostgresDatabase, old_postgres, before, upgrade=True)).close()
    with pytest.raises(ConfigError, match="are of version 2"):
        await open_memory(settings(catalogue=old_postgres))
    await upgrade(settings(catalogue=old_postgres))
    for given, told in ((settings(), "sqlite"), (settings(catalogue=old_postgres), "postgres")):
        async with open_memory(given) as memory:
            for user in ("ann", "bob", "eve", "zoe"):
                owner, stats = memory.keyring.owner(user), await memory.stats(user)
                total = await memory.catalog.of(owner).read(lambda rows: rows.usage.total())
                assert total == (stats.memories, stats.bytes), user
            await check(memory, expected(told))


async def test_its_jobs_reach_their_store(old_sqlite: Path, redis_url: str) -> None:
    async with open_memory(settings(hot=redis_url)) as memory:
        for delivery in memory.deliveries:
            await delivery.drain()
        assert await memory.catalog.all_users.read(lambda rows: rows.outbox.waiting()) == {}
        told = expected("sqlite")
        store = memory.payloads.tiers["hot"].store
        assert store is not None
        kept = await store.scan(memory.keyring.owner("ann"), "", 100)
        assert len(kept) >= 5
        assert not {id for id, _ in kept} & set(told["forgotten"]["ann"])
        assert await store.scan(memory.keyring.owner("eve"), "", 100) == []


async def test_its_index_is_made_anew_from_the_records(old_sqlite: Path) -> None:
    async with open_memory(settings(embedder="minilm-int8")) as memory:
        assert (await memory.search("ann", "allergic"))[0].record.content == "Ann is allergic to peanuts."
        await memory.settle("ann")
        found = await memory.search("ann", "what must she not eat?")
        assert found[0].record.content == "Ann is allergic to peanuts."
        assert "The code of the door is forgotten." not in [each.record.content for each in found]


async def test_a_postgres_memory_of_the_earlier_version_waits_for_the_operator(old_postgres: str) -> None:
    with pytest.raises(ConfigError, match="cleo memory upgrade") as refused:
        await open_memory(settings(catalogue=old_postgres))
    assert "pg_dump" in str(refused.value)
    assert "tombstone" in str(refused.value)
    with psycopg.connect(old_postgres) as connection:
        assert connection.execute("SELECT to_regclass('cleo_catalogue.schema_version')").fetchone() == (None,)
    assert [pending.version for _, pending in pending_upgrades(settings(catalogue=old_postgres))] == [0, 0]
    await upgrade(settings(catalogue=old_postgres))
    assert pending_upgrades(settings(catalogue=old_postgres)) == []
    async with open_memory(settings(catalogue=old_postgres)) as memory:
        await check(memory, expected("postgres"))


@pytest.mark.parametrize("name", ["catalogue", "keys"])
async def test_a_newer_database_is_refused_by_name(name: str, home: Path, postgres_url: str) -> None:
    url = in_database(new_database(postgres_url), postgres_url)
    for given in (settings(), settings(catalogue=url)):
        async with open_memory(given) as memory:
            database = memory.catalog._database if name == "catalogue" else memory.keyring.store._database
            sql = "INSERT INTO schema_version (version, summary, applied_at) VALUES (99, 'of tomorrow', 0)"
            await database.write(lambda tx, sql=sql: tx.execute(sql).rowcount)  # type: ignore[misc]
        with pytest.raises(ConfigError, match=f"{name} database is of version 99"):
            await open_memory(given)


async def test_a_fresh_memory_needs_no_upgrade_and_no_backup(home: Path, postgres_url: str) -> None:
    url = in_database(new_database(postgres_url), postgres_url)
    for given in (settings(), settings(catalogue=url)):
        async with open_memory(given) as memory:
            await memory.remember("ann", "text")
        assert pending_upgrades(given) == []
    assert list((home / "memory").glob("*.backup*")) == []


async def test_several_processes_may_open_an_earlier_memory_at_once(old_sqlite: Path, old_postgres: str) -> None:
    path = old_sqlite / "catalogue.db"
    opened = await asyncio.gather(*(asyncio.to_thread(SqliteDatabase, path, CATALOGUE) for _ in range(4)))
    assert len(backup.existing(path)) == 1
    together = (asyncio.to_thread(PostgresDatabase, old_postgres, CATALOGUE, upgrade=True) for _ in range(4))
    versions = "SELECT version FROM schema_version ORDER BY version"
    for database in [*opened, *await asyncio.gather(*together)]:
        assert await database.read(lambda tx: tx.execute(versions).fetchall()) == [(1,), (2,), (3,)]
        await database.close()


async def test_no_backup_of_the_keys_outlives_the_migration(old_sqlite: Path) -> None:
    left = old_sqlite / "keys.db.v0-20260101T000000Z.backup"  # of a migration that was killed
    left.write_bytes((old_sqlite / "keys.db").read_bytes())
    async with open_memory(settings()):
        assert backup.existing(old_sqlite / "keys.db") == []


@pytest.mark.parametrize("deed", ["erase", "forget", "retain"])
async def test_a_deletion_takes_the_backup_of_the_catalogue_with_it(old_sqlite: Path, deed: str) -> None:
    async with open_memory(settings(retain_procedural_days=1.0)) as memory:
        (copy,) = backup.existing(old_sqlite / "catalogue.db")
        await memory.remember("bob", "written, which deletes nothing")
        assert copy.exists()
        if deed == "erase":
            await memory.erase("bob")
        elif deed == "forget":
            await memory.forget("ann", expected("sqlite")["pinned"])
        else:
            assert await memory.retention.apply_to_all_users() == 1
        assert not copy.exists()


async def test_an_erased_user_cannot_be_brought_back_from_any_file(old_sqlite: Path) -> None:
    """With the KEK at hand, and every file that lies beside the databases."""
    async with open_memory(settings()) as memory:
        owner = str(memory.keyring.owner("ann"))
        await memory.erase("ann")
        assert [name for name in os.listdir(old_sqlite) if "backup" in name] == []
    with contextlib.closing(sqlite3.connect(old_sqlite / "keys.db")) as keys:
        rows = keys.execute("SELECT wrapped FROM data_keys WHERE owner = ?", (owner,)).fetchall()
    assert rows
    assert {row[0] for row in rows} == {None}


async def test_a_backup_goes_after_seven_days(old_sqlite: Path) -> None:
    async with open_memory(settings()):
        pass
    (copy,) = backup.existing(old_sqlite / "catalogue.db")
    os.utime(copy, (time.time() - 8 * 86400,) * 2)
    async with open_memory(settings()):
        assert not copy.exists()


SLOW = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400000000) SELECT count(*) FROM n"
KILLED = """
import sys, pathlib
sys.path.insert(0, {root!r})
from tests.integration.memory.test_migrations import next_schema
from cleo_memory.catalog.database.sqlite import SqliteDatabase
from cleo_memory.catalog.database.postgres import PostgresDatabase
print("begins", flush=True)
if {url!r}:
    PostgresDatabase({url!r}, next_schema(slow=True), upgrade=True)
else:
    SqliteDatabase(pathlib.Path({path!r}), next_schema(slow=True))
"""


def next_schema(*, slow: bool) -> Schema:
    """The catalogue's, and a step of tomorrow."""
    statements = ("ALTER TABLE memories ADD COLUMN tomorrow TEXT", *([SLOW] if slow else []), "DELETE FROM flows")
    return Schema("catalogue", (*CATALOGUE.steps, Migration(4, "of tomorrow", statements)), kept=CATALOGUE.kept)


def killed(path: Path, url: str) -> None:
    """Begin that migration in a process of its own and kill it in the middle."""
    code = KILLED.format(root=str(Path(__file__).parents[3]), path=str(path), url=url)
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"begins\n"
        time.sleep(1.5)
        assert process.poll() is None, "it was not in the middle"
        process.send_signal(signal.SIGKILL)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


async def test_a_kill_in_the_middle_leaves_the_old_sqlite(old_sqlite: Path) -> None:
    path = old_sqlite / "catalogue.db"
    before = dump(path)
    killed(path, "")
    assert dump(path) == before
    SqliteDatabase(path, next_schema(slow=False))
    assert any("tomorrow" in line for line in dump(path))


def dump(path: Path) -> list[str]:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


async def test_a_kill_in_the_middle_leaves_the_old_postgres(old_postgres: str) -> None:
    killed(Path(), old_postgres)
    with psycopg.connect(old_postgres) as connection:
        sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'WITH RECURSIVE n(i)%%'"
        connection.execute(sql)
        assert connection.execute("SELECT to_regclass('cleo_catalogue.schema_version')").fetchone() == (None,)
        columns = "SELECT count(*) FROM information_schema.columns WHERE column_name = 'tomorrow'"
        assert connection.execute(columns).fetchone() == (0,)
    database = await asyncio.to_thread(PostgresDatabase, old_postgres, next_schema(slow=False), upgrade=True)
    await database.close()
    with psycopg.connect(old_postgres) as connection:
        assert connection.execute(columns).fetchone() == (1,)


@pytest.mark.parametrize("statement", ["DELETE FROM payloads", "UPDATE nothing SET x = 1"])
async def test_a_migration_that_fails_or_loses_rows_changes_nothing(
    statement: str, old_sqlite: Path, old_postgres: str
) -> None:
    bad = Schema("catalogue", (*CATALOGUE.steps, Migration(4, "bad", (statement,))), kept=CATALOGUE.kept)
    before = dump(old_sqlite / "catalogue.db")
    with pytest.raises(StorageFault):
        SqliteDatabase(old_sqlite / "catalogue.db", bad)
    assert dump(old_sqlite / "catalogue.db") == before
    assert backup.existing(old_sqlite / "catalogue.db") == []
    with pytest.raises(StorageFault):
        PostgresDatabase(old_postgres, bad, upgrade=True)
    with psycopg.connect(old_postgres) as connection:
        assert connection.execute("SELECT to_regclass('cleo_catalogue.schema_version')").fetchone() == (None,)


def test_the_operator_upgrades_from_the_terminal(
    old_postgres: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CLEO_MEMORY_CATALOGUE", old_postgres)
    for said in ("cleo_catalogue in", "Up to date."):
        with pytest.raises(SystemExit) as ended:
            main(["memory", "upgrade", "--yes"])
        assert ended.value.code == 0
        assert said in capsys.readouterr().out


def test_steps_are_numbered_without_gaps() -> None:
    for schema in (CATALOGUE, KEYS):
        assert [step.version for step in schema.steps] == list(range(1, len(schema.steps) + 1))
