"""Adding and searching, durable and sealed, at 1,000 to 50,000 memories of one user and 1,000 users with 100 each."""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import random
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch

import numpy as np
import psutil
from numpy.typing import NDArray

from benchmarks.peers import CHROMA, LANGGRAPH, MEM0, attempt, hand_over
from benchmarks.result import Figure, Result
from benchmarks.texts import questions, sentences, vectors
from cleo_core.progress import Reporter
from cleo_memory import open_memory
from cleo_memory.search import Document, Embedder, open_embedder, passage

Vectors = NDArray[np.float32]
DAY = datetime(2026, 1, 1, tzinfo=UTC)
SINGLES, GROUP, SEARCHES = 300, 200, 300
FINDS = 1000
"""Memories of one user from which each question finds something."""
PEER_SECONDS = 150  # for adding at each size; a peer that needs longer is searched at the size it reached


@dataclass(frozen=True, slots=True)
class Load:
    """Memories of one or many users, with vectors at hand so that storing is measured and not embedding."""

    name: str
    items: list[tuple[str, str]]
    queries: list[tuple[str, str]]
    item_vectors: Vectors
    query_vectors: Vectors


class Given:
    """An embedder that knows the answers: every contender is handed its vectors."""

    def __init__(self, real: Embedder, load: Load) -> None:
        self.name, self.dim, self._real = f"given:{real.name}", real.dim, real
        texts = [passage(Document(id="", text=text, speaker=user, at=DAY.timestamp())) for user, text in load.items]
        self._known = dict(zip(texts, load.item_vectors, strict=True))
        self._known |= {text: vector for (_, text), vector in zip(load.queries, load.query_vectors, strict=True)}

    def embed(self, texts: Sequence[str]) -> Vectors:
        if not all(text in self._known for text in texts):  # what relevance is measured from
            return self._real.embed(texts)
        return np.stack([self._known[text] for text in texts])


def run(args: argparse.Namespace, report: Reporter) -> Result:
    """Figures `add_p50_ms`, `grouped_adds_per_s`, `search_50k_p50_ms`, `search_50k_p99_ms` and the like."""
    real, said = open_embedder(), sentences()
    share = 50 if args.quick else 1
    result = Result("memory")
    pool = vectors(100_000 // share, real, said, report, 200 if args.quick else 2000)
    asked = questions(said, 50)
    asked_vectors = real.embed(asked)
    shapes = [("1k", 1, 1_000), ("10k", 1, 10_000), ("50k", 1, 50_000), ("1000x100", 1_000 // share, 100)]
    for name, users, each in shapes:
        if users == 1:
            each //= share
        load = build(name, said, users, each, pool, (asked, asked_vectors))
        with tempfile.TemporaryDirectory(prefix="cleo-bench-") as home, patch.dict(os.environ, CLEO_HOME=home):
            ours = asyncio.run(measure(load, Given(real, load), report))
            kept = sum(path.stat().st_size for path in Path(home).rglob("*") if path.is_file())
            ours["disk_mb"] = round(kept / 2**20, 1)
        result.figures |= suffixed(ours, name)
        if not args.no_peers:
            with tempfile.TemporaryDirectory() as folder:
                items, queries = (load.items, load.item_vectors), (load.queries, load.query_vectors)
                hand_over(Path(folder), items=items, queries=queries)
                for peer in (CHROMA, MEM0, LANGGRAPH):
                    options = {"singles": min(100, each // 2), "group": GROUP, "searches": SEARCHES}
                    seconds = 10 if args.quick else PEER_SECONDS
                    found = attempt(peer, "time", Path(folder), report, result.notes, seconds=seconds, **options)
                    if found:
                        theirs = result.against.setdefault(peer.name, {"version": found.pop("version")})
                        theirs |= suffixed(found, name)
    result.figures["embed_query_p50_ms"] = embedding(real, asked)
    for figures in (result.figures, *result.against.values()):  # the plain names are those of the largest single user
        for plain in ("add_p50_ms", "grouped_adds_per_s"):
            if f"{plain}_50k" in figures:
                figures[plain] = figures[f"{plain}_50k"]
    result.notes += [
        "Each contender was handed the same vectors; embedding a question comes on top (embed_query_p50_ms).",
        "search_* of ours is Memory.search: index, catalogue and opening the sealed records found.",
        "add_* is durable in ours (fsync before it returns); LangGraph keeps its store in memory alone.",
    ]
    if args.quick:
        result.notes.append(f"--quick: sizes are a {share}th of what the names say.")
    return result


def build(name: str, said: list[str], users: int, each: int, pool: Vectors, asked: tuple[list[str], Vectors]) -> Load:
    """Every text is different: two sentences and a number."""
    chosen = random.Random(name)
    owners = [f"user-{number % users}" for number in range(users * each)]
    items = [(owner, f"{' '.join(chosen.choices(said, k=2))} No. {place}") for place, owner in enumerate(owners)]
    queries = [(chosen.choice(owners), text) for text in asked[0]]
    return Load(name, items, queries, pool[: len(items)], asked[1])


async def measure(load: Load, embedder: Given, report: Reporter) -> dict[str, Figure]:
    """Ours, through the public face, on the embedded defaults."""
    gc.collect()
    before = psutil.Process().memory_info().rss
    async with open_memory(embedder=embedder) as memory:

        async def add(place: int) -> None:
            user, text = load.items[place]
            turn = f"talk-{place // 20}"
            await memory.remember(user, text, kind="conversation", conversation=turn, speaker=user, at=DAY)

        singles: list[float] = []
        for place in range(min(SINGLES, len(load.items) // 2)):
            started = time.perf_counter()
            await add(place)
            singles.append(1e3 * (time.perf_counter() - started))
        first, total = len(singles), len(load.items)
        started = time.perf_counter()
        for place in range(first, total, GROUP):
            report(f"{load.name}: adding", place, total)
            await asyncio.gather(*(add(each) for each in range(place, min(place + GROUP, total))))
        grouped = (total - first) / (time.perf_counter() - started)
        report(f"{load.name}: adding", total, total)
        for place, user in enumerate(owners := sorted({user for user, _ in load.items})):
            report(f"{load.name}: indexing", place, len(owners))
            await memory.settle(user)
        for user, text in load.queries[:20]:
            await memory.search(user, text)
        searched: list[float] = []
        for place in range(SEARCHES):
            user, text = load.queries[place % len(load.queries)]
            report(f"{load.name}: searching", place, SEARCHES)
            started = time.perf_counter()
            hits = await memory.search(user, text)
            searched.append(1e3 * (time.perf_counter() - started))
            if not hits and total >= FINDS * len(owners):  # of a few, none may bear on it
                raise AssertionError(f"{text!r} found nothing among {total} memories")
        used = psutil.Process().memory_info().rss - before
    return {
        "memories": total,
        **{f"add_p{share}_ms": percentile(singles, share) for share in (50, 99)},
        "grouped_adds_per_s": round(grouped, 1),
        **{f"search_p{share}_ms": percentile(searched, share) for share in (50, 99)},
        "resident_mb": round(used / 2**20, 1),
    }


def percentile(spent: list[float], share: int) -> float:
    """Of durations in milliseconds."""
    return round(float(np.percentile(spent, share)), 3)


def suffixed(figures: dict[str, Figure], name: str) -> dict[str, Figure]:
    """``search_p50_ms`` at 50k is ``search_50k_p50_ms``; the others get the size at their end."""
    return {
        key.replace("search_", f"search_{name}_") if key.startswith("search_") else f"{key}_{name}": value
        for key, value in figures.items()
    }


def embedding(embedder: Embedder, asked: list[str]) -> float:
    """Milliseconds to embed one question."""
    spent = []
    for text in asked:
        started = time.perf_counter()
        embedder.embed([text])
        spent.append(1e3 * (time.perf_counter() - started))
    return percentile(spent, 50)
