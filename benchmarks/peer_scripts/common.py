"""What every peer's script does with a store: answer questions, or be timed. Runs inside the peer's environment.

Input folder: items.json ``[{"user", "text"}]``, queries.json ``[{"user", "text"}]`` and their unit vectors,
items.npy and queries.npy, so that all contenders search the same numbers.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from abc import ABC, abstractmethod
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

Vectors = dict[str, list[float]]


class Store(ABC):
    """A peer's store under its own defaults, told to use the vectors it is given."""

    package: str

    @abstractmethod
    def open(self, folder: Path, vectors: Vectors, dim: int) -> None: ...

    @abstractmethod
    def add(self, user: str, text: str, number: int) -> None: ...

    def add_many(self, items: list[tuple[str, str, int]]) -> None:
        for user, text, number in items:
            self.add(user, text, number)

    @abstractmethod
    def search(self, user: str, text: str, limit: int) -> list[int]: ...


def main(store: Store) -> None:
    """``script TASK INPUT_FOLDER OUTPUT_FILE OPTIONS``."""
    task, given, out, options = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), json.loads(sys.argv[4])
    items, queries = json.loads((given / "items.json").read_text()), json.loads((given / "queries.json").read_text())
    arrays = np.load(given / "items.npy"), np.load(given / "queries.npy")
    vectors = {
        entry["text"]: vector.tolist()
        for entries, array in zip((items, queries), arrays, strict=True)
        for entry, vector in zip(entries, array, strict=True)
    }
    folder = Path("store").resolve()
    folder.mkdir()
    before = resident_mb()
    store.open(folder, vectors, arrays[0].shape[1])
    run = {"answer": answer, "time": measure}[task]
    found = run(store, items, queries, options)
    if task == "time":
        found |= {"disk_mb": disk_mb(folder), "resident_mb": round(resident_mb() - before, 1)}
    out.write_text(json.dumps({"version": version(store.package), **found}))
    sys.stdout.flush()
    os._exit(0)  # some clients keep threads that never end


def answer(store: Store, items: list[Any], queries: list[Any], options: dict[str, Any]) -> dict[str, Any]:
    store.add_many([(item["user"], item["text"], number) for number, item in enumerate(items)])
    limit = int(options["limit"])
    return {"answers": [store.search(query["user"], query["text"], limit) for query in queries]}


def measure(store: Store, items: list[Any], queries: list[Any], options: dict[str, Any]) -> dict[str, Any]:
    """Singles first, then the rest in groups, then searches; what does not end in time is left out."""
    deadline = time.monotonic() + float(options["seconds"])
    singles = int(options["singles"])
    numbered = [(item["user"], item["text"], number) for number, item in enumerate(items)]
    single: list[float] = []
    for user, text, number in numbered[:singles]:
        started = time.perf_counter()
        store.add(user, text, number)
        single.append(1e3 * (time.perf_counter() - started))
    rest, group = numbered[singles:], int(options["group"])
    started, added = time.perf_counter(), 0
    for at in range(0, len(rest), group):
        store.add_many(rest[at : at + group])
        added += len(rest[at : at + group])
        if time.monotonic() > deadline:
            break
    spent = time.perf_counter() - started
    found: dict[str, Any] = {
        "memories": singles + added,
        "add_p50_ms": round(float(np.percentile(single, 50)), 3),
        "grouped_adds_per_s": round(added / spent, 1) if added else 0,
    }
    if added < len(rest):
        found["unfinished"] = f"{added + singles} of {len(items)} in the time given"
    searched: list[float] = []
    for query in (queries * 20)[: int(options["searches"]) + 3]:
        started = time.perf_counter()
        store.search(query["user"], query["text"], 10)
        searched.append(1e3 * (time.perf_counter() - started))
        if len(searched) > 8 and time.monotonic() > deadline + 60:
            break
    for share in (50, 99):
        found[f"search_p{share}_ms"] = round(float(np.percentile(searched[3:], share)), 3)
    return found


def resident_mb() -> float:
    """Now, where the system tells; else the peak."""
    status = Path("/proc/self/statm")
    if status.is_file():
        return int(status.read_text().split()[1]) * resource.getpagesize() / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def disk_mb(folder: Path) -> float:
    return round(sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 2**20, 1)
