"""The catalogue's databases: one commit for many, all or nothing, and a full disk is said."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from cleo_memory.catalog.database.base import Transaction
from cleo_memory.catalog.database.postgres import PostgresDatabase
from cleo_memory.catalog.database.sqlite import SqliteDatabase
from cleo_memory.catalog.leases import Leases
from cleo_memory.catalog.migrations.schema import CATALOGUE, Migration, Schema
from cleo_memory.errors import LeaseHeld, MemoryClosed, StorageFault
from tests.servers import Postgres, started

pytestmark = pytest.mark.integration
SCHEMA = Schema("t", (Migration(1, "numbers", ("CREATE TABLE t (n BIGINT PRIMARY KEY)",)),), kept=("t",))


def insert(n: int) -> Any:
    return lambda tx: tx.execute("INSERT INTO t (n) VALUES (?)", (n,)).rowcount


def rows(tx: Transaction) -> list[int]:
    return [row[0] for row in tx.execute("SELECT n FROM t ORDER BY n").fetchall()]


async def test_one_writers_fault_takes_nothing_of_the_others_with_it(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "a.db", SCHEMA)

    def breaks(tx: Transaction) -> None:
        tx.execute("INSERT INTO t (n) VALUES (100)")
        raise ValueError("no")

    work = [database.write(insert(n)) for n in range(20)] + [database.write(breaks)]
    outcomes = await asyncio.gather(*work, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [int] * 20 + [ValueError]
    assert await database.read(rows) == list(range(20))
    await database.close()


async def test_a_full_disk_acknowledges_nothing_and_the_next_write_works(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "a.db", SCHEMA)
    await database.write(insert(1))
    await database.write(lambda tx: tx.execute("PRAGMA max_page_count = 5").fetchone())
    fill = [database.write(insert(n)) for n in range(2, 3000)]
    outcomes = await asyncio.gather(*fill, return_exceptions=True)
    faults = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    assert faults
    assert all(isinstance(fault, StorageFault) and "full" in str(fault) for fault in faults)
    kept = await database.read(rows)
    assert len(kept) == 1 + len(outcomes) - len(faults)
    await database.write(lambda tx: tx.execute("PRAGMA max_page_count = 100000").fetchone())
    await database.write(insert(9999))
    await database.close()


async def test_a_damaged_file_is_said_to_be_damaged(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_bytes(b"this is no database" * 100)
    with pytest.raises(StorageFault, match="damaged"):
        SqliteDatabase(tmp_path / "a.db", SCHEMA)


async def test_a_missing_table_is_a_storage_fault_and_reading_cannot_write(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "a.db", SCHEMA)
    with pytest.raises(StorageFault):
        await database.read(lambda tx: tx.execute("SELECT 1 FROM nothing").fetchall())
    with pytest.raises(StorageFault):
        await database.read(insert(1))
    await database.close()
    await database.close()
    for call in (database.read(rows), database.write(insert(1))):
        with pytest.raises(MemoryClosed):
            await call


async def test_a_cancelled_caller_leaves_the_writers_of_its_group_in_peace(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "a.db", SCHEMA)
    leaving = asyncio.create_task(database.write(insert(1)))
    await asyncio.sleep(0)
    leaving.cancel()
    await database.write(insert(2))
    assert 2 in await database.read(rows)
    await database.close()


def killed_after(script: str, lines: int) -> list[str]:
    """What a process said until it was killed, some time after so many lines."""
    writer = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert writer.stdout is not None
    with writer.stdout as said:
        found = [said.readline().decode().strip() for _ in range(lines)]
        writer.send_signal(signal.SIGKILL)
        found += said.read().decode().split("\n")[:-1]
    writer.wait()
    return found


async def test_a_killed_writer_loses_no_acknowledged_memory(tmp_path: Path) -> None:
    script = textwrap.dedent("""
        import asyncio, os
        from cleo_memory import MemorySettings, open_memory

        async def main():
            async with open_memory(MemorySettings(embedder="none")) as memory:
                async def write():
                    while True:
                        os.write(1, ((await memory.remember("ann", "text")).id + "\\n").encode())
                await asyncio.gather(*(write() for _ in range(20)))

        asyncio.run(main())
    """)
    acknowledged: list[str] = []
    for _ in range(3):
        acknowledged += await asyncio.to_thread(killed_after, script, 200)
    from cleo_memory import MemorySettings, open_memory

    async with open_memory(MemorySettings(embedder="none")) as memory:
        owner = memory.keyring.owner("ann")
        entries = await memory.catalog.of(owner).read(lambda rows: rows.memories.oldest(1_000_000))
        assert {entry.id for entry in entries} >= set(acknowledged)
        assert len(acknowledged) >= 600
        assert len((await memory.payloads.open(owner, entries)).whole().records()) == len(entries)


async def test_only_one_holds_a_lease_and_a_dead_holder_loses_it(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "a.db", CATALOGUE)
    one, other = Leases(database), Leases(database)
    async with one.held("work"):
        assert await one.take("work", 60)
        assert not await other.take("work", 60)
        with pytest.raises(LeaseHeld):
            async with other.held("work"):
                raise AssertionError("never entered")
    assert await other.take("work", -1)  # its term is over at once, as if its holder had died long ago
    assert await one.take("work", 60)
    await database.close()


async def test_a_postgres_that_goes_away_acknowledges_nothing() -> None:
    server = started(Postgres)
    try:
        database = PostgresDatabase(server.url, SCHEMA, timeout=3)
        await database.write(insert(1))
        with pytest.raises(Exception, match="duplicate key"):
            await database.write(insert(1))
        server.kill()
        for _ in range(3):  # an outage that is longer than the first waits between attempts to connect
            with pytest.raises(StorageFault, match="went away"):
                await database.write(insert(2))
        server.start()
        await database.write(insert(3))
        assert 1 in await database.read(rows)
        await database.checkpoint()
        await database.close()
        with pytest.raises(MemoryClosed):
            await database.read(rows)
        with pytest.raises(StorageFault, match="could not be set up"):
            PostgresDatabase("postgresql://nobody@127.0.0.1:9/none?connect_timeout=1", SCHEMA, timeout=1)
    finally:
        server.close()
