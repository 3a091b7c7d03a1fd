"""What is left of an erased user: a byte scan of every file, log, dump and restored backup for canaries.

The canaries are texts and their vectors (float32, float64, half precision and the index's bytes). Servers are real:
Valkey, MongoDB and Postgres, made to write what they hold. A backup of the catalogue that was taken before the
erasure is restored beside the keys as they are after it, and every memory in it is tried.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import peers
from benchmarks.durability import ROOT, tier_servers
from benchmarks.result import Result
from cleo_core.progress import Reporter

ERASED = "erased_store.py"


def run(arguments: argparse.Namespace, report: Reporter) -> Result:
    """Figures ``hits`` (``text_hits`` + ``vector_hits`` + ``restored``), and ``hits_before`` as the control."""
    from cleo_memory.search import open_embedder

    number = 20 if arguments.quick else 200
    texts = [f"Ann hid the quince-{n:04}-medlar under stone {n}." for n in range(number)]
    other = [f"Bob saw heron {n} at the lake." for n in range(number)]
    report("embedding canaries")
    vectors = open_embedder().embed(texts + other)
    result = Result("erasure")
    with tempfile.TemporaryDirectory(prefix="cleo-erasure-") as folder:
        given = Path(folder) / "given"
        given.mkdir()
        (given / "canaries.json").write_text(json.dumps({"texts": texts, "other": other}))
        np.save(given / "vectors.npy", vectors)
        with tier_servers(folder) as (servers, environment):
            for step in ("fill", "erase"):
                report(f"ours: {step}")
                _step(environment, step, folder)
            _flush(servers)
            report("ours: scan")
            found = scan([Path(folder) / "home", *(server.folder for server in servers)], texts, vectors)
            restored = json.loads(_step(environment, "restore", folder))
        control = scan([given], texts, vectors)
        for known in () if arguments.no_peers else (peers.MEM0, peers.CHROMA):
            peer = peers.Peer(known.name, known.requirements, ERASED)
            if figures := peers.attempt(peer, "erase", given, report, result.notes, store=known.name):
                result.against[known.name] = figures
    result.figures = {
        "hits": found["text"] + found["vector"] + restored["readable"],
        "text_hits": found["text"],
        "vector_hits": found["vector"],
        "restored": restored["readable"],
        "restored_of_another_user": restored["other"],
        "hits_before": control["text"] + control["vector"],
        "scanned_mb": round(found["bytes"] / 2**20),
    }
    result.notes.append("hits_before: the same scan over the canaries themselves, to show that it finds them.")
    return result


def scan(places: list[Path], texts: list[str], vectors: Any) -> dict[str, int]:
    """Count canaries in all files below some places."""
    counts = {"text": 0, "vector": 0, "bytes": 0}
    stems = sorted({text.encode()[8:24] for text in texts})
    shapes = []
    for vector in vectors[: len(texts)]:
        run = vector[40:48]
        shapes += [np.asarray(run, dtype=kind).tobytes() for kind in ("<f4", "<f8", "<f2")]
        shapes.append(np.asarray(np.round(vector[40:64] * 127), dtype=np.int8).tobytes())
    for place in places:
        for path in place.rglob("*"):
            if path.is_file():
                data = path.read_bytes().rstrip(b"\x00")
                counts["bytes"] += len(data)
                counts["text"] += sum(data.count(stem) for stem in stems)
                counts["vector"] += sum(data.count(shape) for shape in shapes)
    return counts


def _flush(servers: list[Any]) -> None:
    import psycopg
    import pymongo
    import redis

    valkey, mongo, postgres = servers
    with redis.Redis(port=valkey.port) as client:
        client.save()
    with pymongo.MongoClient("127.0.0.1", mongo.port, directConnection=True) as mongo_client:
        mongo_client.admin.command("fsync")
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute("CHECKPOINT")


def _step(environment: dict[str, str], step: str, folder: str) -> str:
    command = [sys.executable, "-m", "benchmarks.erasure", step, folder]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=True)
    return (done.stdout.splitlines() or [""])[-1]


async def fill(folder: Path) -> None:
    from cleo_memory import open_memory
    from cleo_memory.storage.adapters.postgres import install

    await install(os.environ["CLEO_MEMORY_COLD"])
    canaries = json.loads((folder / "given" / "canaries.json").read_text())
    async with open_memory() as memory:
        for user, texts in (("ann", canaries["texts"]), ("bob", canaries["other"])):
            for text in texts:
                await memory.append(user, "secrets", user, text)
            await memory.settle(user)
            await memory.search(user, texts[0])
        for delivery in memory.deliveries:
            await delivery.drain()
        for _ in range(2):
            await memory.tiering.carry_out(await memory.tiering.plan_for_all_users(now=4e9))
        for delivery in memory.deliveries:
            await delivery.drain()
        await memory.append("ann", "secrets", "ann", canaries["texts"][0])
        # The backup that an operator would take: of the catalogue, while it is in use.
        # Only SQLite's database has a path.
        source, target = (sqlite3.connect(place) for place in (memory.catalog._database.path, folder / "backup.db"))  # type: ignore[attr-defined]
        source.backup(target)


async def erase(_: Path) -> None:
    from cleo_memory import open_memory

    async with open_memory() as memory:
        receipt = await memory.erase("ann")
        assert set(receipt.stores.values()) == {"purged"}, receipt.stores


async def restore(folder: Path) -> None:
    from cleo_core.errors import CleoError
    from cleo_memory import open_memory

    catalogue = folder / "home" / "memory" / "catalogue.db"
    for tail in ("-wal", "-shm"):
        catalogue.with_name(f"{catalogue.name}{tail}").unlink(missing_ok=True)
    shutil.copy(folder / "backup.db", catalogue)
    counts = {"readable": 0, "other": 0}
    async with open_memory() as memory:
        for user, name in (("ann", "readable"), ("bob", "other")):
            owner = memory.keyring.owner(user)
            for entry in await memory.catalog.of(owner).read(lambda rows: rows.memories.oldest(10_000)):
                try:
                    counts[name] += len((await memory.payloads.open(owner, [entry])).whole().records())
                except CleoError:
                    continue
    print(json.dumps(counts))


if __name__ == "__main__":
    asyncio.run({"fill": fill, "erase": erase, "restore": restore}[sys.argv[1]](Path(sys.argv[2])))
