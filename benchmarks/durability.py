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
from pathlib import Path
from typing import Any

from benchmarks.result import Result
from cleo_core.progress import Reporter

WRITES, DEMOTIONS = 10_000, 1_000
IN_FLIGHT = 32
FORGET_EVERY = 10
BETWEEN_KILLS = (20, 120)  # acknowledged writes and demotions
ROOT = Path(__file__).parents[1]


def run(arguments: argparse.Namespace, report: Reporter) -> Result:
    """Figures ``acknowledged``, ``demoted``, ``kills``, ``lost``, ``duplicated``, ``resurrected``."""
    sys.path.insert(0, str(ROOT))
    from tests.servers import Mongo, Postgres, Valkey

    writes, demotions = (1_000, 100) if arguments.quick else (WRITES, DEMOTIONS)
    dice = random.Random(20261122)
    with tempfile.TemporaryDirectory(prefix="cleo-durability-") as folder:
        journal = Path(folder) / "journal"
        servers = [Valkey(), Mongo(), Postgres()]
        try:
            for server in servers:
                server.start()
            valkey, mongo, postgres = servers
            environment = {
                **os.environ,
                "BENCH_WRITES": str(writes),
                "CLEO_HOME": f"{folder}/home",
                "CLEO_MEMORY_EMBEDDER": "none",
                "CLEO_MEMORY_HOT": valkey.url,
                "CLEO_MEMORY_WARM": mongo.url,
                "CLEO_MEMORY_COLD": postgres.url,
            }
            kills = _storm(environment, journal, writes, demotions, servers, dice, report)
            counted = _worker(environment, "count", journal)
            figures = json.loads(counted.communicate()[0].decode().splitlines()[-1])
        finally:
            for server in servers:
                server.close()
    result = Result("durability", figures={**figures, **kills})
    result.notes.append(
        "Embedded SQLite catalogue; hot Valkey, warm MongoDB, cold Postgres, each killed and restarted."
    )
    return result


def _worker(environment: dict[str, str], what: str, journal: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "benchmarks.durability", what, str(journal)]
    return subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, start_new_session=True)


def _storm(
    environment: dict[str, str],
    journal: Path,
    writes: int,
    demotions: int,
    servers: list[Any],
    dice: random.Random,
    report: Reporter,
) -> dict[str, int]:
    kills, server_kills = 0, 0
    worker = _worker(environment, "write", journal)
    down: dict[int, float] = {}
    # By what was done and not by the clock, so that a quick machine is killed as often as a slow one.
    since, gap = 0, dice.randint(*BETWEEN_KILLS)
    while True:
        time.sleep(0.02)
        now = time.monotonic()
        done = read_journal(journal)
        report(
            "writes",
            min(len(done["added"]), writes - 1),
            writes,
            demotions=len(done["moved"]),
            kills=kills,
            servers=server_kills,
        )
        if len(done["added"]) >= writes and len(done["moved"]) >= demotions:
            break
        for number, back in list(down.items()):
            if now >= back:
                servers[number].start()
                del down[number]
        events = len(done["added"]) + len(done["moved"])
        if events - since >= gap or worker.poll() is not None:
            if dice.random() < 0.6 or worker.poll() is not None:
                if worker.poll() is None:
                    os.killpg(worker.pid, signal.SIGKILL)
                worker.communicate()
                kills += 1
                worker = _worker(environment, "write", journal)
            elif (number := dice.randrange(len(servers))) not in down:
                servers[number].kill()
                server_kills += 1
                down[number] = now + dice.uniform(0.5, 2)
            since, gap = events, dice.randint(*BETWEEN_KILLS)
    os.killpg(worker.pid, signal.SIGKILL)
    worker.communicate()
    for number in down:
        servers[number].start()
    return {"kills": kills + 1, "server_kills": server_kills}


def read_journal(path: Path) -> dict[str, dict[str, str]]:
    """{added: {id: text}, forgotten: {id: ''}, moved: {id: tier}}; a torn last line was never acknowledged."""
    found: dict[str, dict[str, str]] = {"added": {}, "forgotten": {}, "moved": {}, "forgetting": {}}
    if path.exists():
        for line in path.read_bytes().split(b"\n")[:-1]:
            kind, id, text = json.loads(line)
            found[kind][id] = text
    return found


class Journal:
    def __init__(self, path: Path) -> None:
        self.handle = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)

    def note(self, kind: str, id: str, text: str = "") -> None:
        os.write(self.handle, json.dumps([kind, id, text]).encode() + b"\n")


async def write(path: Path) -> None:
    """Write, forget and demote until killed."""
    from cleo_memory import Tier, open_memory
    from cleo_memory.errors import BackendDown
    from cleo_memory.storage.adapters.postgres import install

    journal = Journal(path)
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
                journal.note("added", kept.id, text)
                if mine % FORGET_EVERY == 0:
                    journal.note("forgetting", kept.id)
                    await memory.forget("ann", kept.id)
                    journal.note("forgotten", kept.id)

        async def demoter() -> None:
            owner = memory.keyring.owner("ann")
            while True:
                await asyncio.sleep(0.01)
                moves = [
                    move
                    for move in await memory.tiering.plan_for_all_users(limit=20, now=time.time() + 400 * 86400)
                    if move.owner == owner
                ]
                for move in moves:
                    try:
                        if await memory.tiering.mover.move(owner, move.entry, move.target):
                            journal.note("moved", f"{move.entry.id} {move.target}", Tier(move.target))
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
        kept: dict[str, str] = {}
        texts: list[str] = []
        after = None
        while True:
            page = await memory.memories("ann", first=500, after=after)
            kept.update((record.id, record.content) for record in page.items)
            texts += [record.content for record in page.items]
            if (after := page.end) is None:
                break
        expected = {id: text for id, text in done["added"].items() if id not in done["forgetting"]}
        copies: dict[str, int] = {}
        resurrected = sum(id in kept for id in done["forgotten"])
        for place in memory.payloads.tiers.external:
            assert place.store is not None
            start = ""
            while found := await place.store.scan(owner, start, 1000):
                resurrected += sum(id in done["forgotten"] for id, _ in found)
                copies[place.key] = copies.get(place.key, 0) + len(found)
                start = found[-1][0]
        figures = {
            "acknowledged": len(done["added"]),
            "forgotten": len(done["forgotten"]),
            "demoted": len(done["moved"]),
            "lost": sum(kept.get(id) != text for id, text in expected.items()),
            "duplicated": len(texts) - len(set(texts)),
            "resurrected": resurrected,
            "undelivered": sum((await memory.catalog.all_users.read(lambda rows: rows.outbox.waiting())).values()),
        }
    print(json.dumps(figures))


if __name__ == "__main__":
    asyncio.run({"write": write, "count": count}[sys.argv[1]](Path(sys.argv[2])))
