"""Acknowledged writes against SIGKILL: the writing process and the servers are killed at random, then all is counted.

A worker process writes, forgets and demotes; each acknowledgement is appended to a journal (and synced) only after the
memory said so. The parent kills it without warning, and Valkey, MongoDB and Postgres too, and starts them again. At
the end one process opens the memory, lets it settle, and compares it with the journal.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.result import Result
from cleo_core.progress import Reporter

WRITES, DEMOTIONS = 10_000, 1_000
IN_FLIGHT = 32
FORGET_EVERY = 10
BETWEEN_KILLS = (20, 120)  # acknowledged writes and demotions
ROOT = Path(__file__).parents[1]


@contextmanager
def tier_servers(folder: str) -> Iterator[tuple[list[Any], dict[str, str]]]:
    """Valkey, MongoDB and Postgres, and the environment of a memory that has them as its tiers."""
    sys.path.insert(0, str(ROOT))
    from tests.servers import Mongo, Postgres, Valkey

    servers = [Valkey(), Mongo(), Postgres()]
    try:
        urls = [server.start().url for server in servers]
        tiers = dict(zip(("CLEO_MEMORY_HOT", "CLEO_MEMORY_WARM", "CLEO_MEMORY_COLD"), urls, strict=True))
        yield servers, {**os.environ, "CLEO_HOME": f"{folder}/home", **tiers}
    finally:
        for server in servers:
            server.close()


def run(arguments: argparse.Namespace, report: Reporter) -> Result:
    """Figures ``acknowledged``, ``demoted``, ``kills``, ``lost``, ``duplicated``, ``resurrected``."""
    wanted = (1_000, 100) if arguments.quick else (WRITES, DEMOTIONS)
    with tempfile.TemporaryDirectory(prefix="cleo-durability-") as folder, tier_servers(folder) as (servers, tiers):
        environment = {**tiers, "BENCH_WRITES": str(wanted[0]), "CLEO_MEMORY_EMBEDDER": "none"}
        storm = Storm(environment, Path(folder) / "journal", servers, *wanted)
        kills = storm.run(report)
        figures = json.loads(storm.worker("count").communicate()[0].decode().splitlines()[-1])
    note = "Embedded SQLite catalogue; hot Valkey, warm MongoDB, cold Postgres, each killed and restarted."
    return Result("durability", figures={**figures, **kills}, notes=[note])


@dataclass(frozen=True, slots=True)
class Storm:
    """Kills of the writing process and of the servers, until enough was written and demoted."""

    environment: dict[str, str]
    journal: Path
    servers: list[Any]
    writes: int
    demotions: int

    def worker(self, what: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "benchmarks.durability", what, str(self.journal)]
        return subprocess.Popen(command, env=self.environment, cwd=ROOT, stdout=subprocess.PIPE, start_new_session=True)

    def run(self, report: Reporter) -> dict[str, int]:
        """Returns how many kills there were."""
        dice, kills, server_kills = random.Random(20261122), 0, 0
        worker = self.worker("write")
        down: dict[int, float] = {}
        # By what was done and not by the clock, so that a quick machine is killed as often as a slow one.
        since, gap = 0, dice.randint(*BETWEEN_KILLS)
        while True:
            time.sleep(0.02)
            now, done = time.monotonic(), read_journal(self.journal)
            added, moved = len(done["added"]), len(done["moved"])
            counts = {"demotions": moved, "kills": kills, "servers": server_kills}
            report("writes", min(added, self.writes - 1), self.writes, **counts)
            if added >= self.writes and moved >= self.demotions:
                break
            for number in [number for number, back in down.items() if now >= back]:
                self.servers[number].start()
                del down[number]
            if added + moved - since >= gap or worker.poll() is not None:
                if dice.random() < 0.6 or worker.poll() is not None:
                    _end(worker)
                    kills += 1
                    worker = self.worker("write")
                elif (number := dice.randrange(len(self.servers))) not in down:
                    self.servers[number].kill()
                    server_kills += 1
                    down[number] = now + dice.uniform(0.5, 2)
                since, gap = added + moved, dice.randint(*BETWEEN_KILLS)
        _end(worker)
        for number in down:
            self.servers[number].start()
        return {"kills": kills + 1, "server_kills": server_kills}


def _end(worker: subprocess.Popen[bytes]) -> None:
    if worker.poll() is None:
        os.killpg(worker.pid, signal.SIGKILL)
    worker.communicate()


def read_journal(path: Path) -> dict[str, dict[str, str]]:
    """{added: {id: text}, forgotten: {id: ''}, moved: {id: tier}}; a torn last line was never acknowledged."""
    found: dict[str, dict[str, str]] = {"added": {}, "forgotten": {}, "moved": {}, "forgetting": {}}
    if path.exists():
        for line in path.read_bytes().split(b"\n")[:-1]:
            kind, id, text = json.loads(line)
            found[kind][id] = text
    return found


async def write(path: Path) -> None:
    """Write, forget and demote until killed."""
    from cleo_memory import Tier, open_memory
    from cleo_memory.errors import BackendDown
    from cleo_memory.storage.adapters.postgres import install

    journal = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)

    def note(kind: str, id: str, text: str = "") -> None:
        os.write(journal, json.dumps([kind, id, text]).encode() + b"\n")

    try:
        await install(os.environ["CLEO_MEMORY_COLD"])
    except Exception:
        await asyncio.sleep(0.3)  # it is down just now; the schema is there since the first start
    done = read_journal(path)
    async with open_memory() as memory:
        number = len(done["added"])
        wanted = int(os.environ["BENCH_WRITES"])

        async def writer(lane: int) -> None:
            nonlocal number
            while number < wanted:
                number += 1
                mine = number
                await asyncio.sleep(random.uniform(0, 0.06))
                text = f"memory {os.getpid()}-{lane}-{mine}"
                kept = await memory.append("ann", f"c{lane}", "user", text)
                note("added", kept.id, text)
                if mine % FORGET_EVERY == 0:
                    note("forgetting", kept.id)
                    await memory.forget("ann", kept.id)
                    note("forgotten", kept.id)

        async def demoter() -> None:
            owner = memory.keyring.owner("ann")
            while True:
                await asyncio.sleep(0.01)
                for move in await memory.tiering.plan_for_all_users(limit=20, now=time.time() + 400 * 86400):
                    try:
                        if move.owner == owner and await memory.tiering.mover.move(owner, move.entry, move.target):
                            note("moved", f"{move.entry.id} {move.target}", Tier(move.target))
                    except BackendDown:
                        await asyncio.sleep(0.1)

        await asyncio.gather(*(writer(lane) for lane in range(IN_FLIGHT)), demoter())


async def count(path: Path) -> None:
    """Compare what is there with what was acknowledged."""
    from cleo_memory import open_memory

    done = read_journal(path)
    async with open_memory() as memory:
        until = time.monotonic() + 300
        # The workers tell nobody when they are done.
        while await memory.catalog.all_users.read(lambda rows: rows.outbox.waiting()) and time.monotonic() < until:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        owner = memory.keyring.owner("ann")
        page = await memory.memories("ann", first=500)
        records = list(page.items)
        while page.end is not None:
            page = await memory.memories("ann", first=500, after=page.end)
            records += page.items
        kept = {record.id: record.content for record in records}
        expected = {id: text for id, text in done["added"].items() if id not in done["forgetting"]}
        resurrected = sum(id in kept for id in done["forgotten"])
        for place in memory.payloads.tiers.external:
            assert place.store is not None
            start = ""
            while found := await place.store.scan(owner, start, 1000):
                resurrected += sum(id in done["forgotten"] for id, _ in found)
                start = found[-1][0]
        figures = {
            "acknowledged": len(done["added"]),
            "forgotten": len(done["forgotten"]),
            "demoted": len(done["moved"]),
            "lost": sum(kept.get(id) != text for id, text in expected.items()),
            "duplicated": len(records) - len({record.content for record in records}),
            "resurrected": resurrected,
            "undelivered": sum((await memory.catalog.all_users.read(lambda rows: rows.outbox.waiting())).values()),
        }
    print(json.dumps(figures))


if __name__ == "__main__":
    asyncio.run({"write": write, "count": count}[sys.argv[1]](Path(sys.argv[2])))
