"""Shards of a corpus, and work on them: by processes of this machine, or by the tasks of a Ray cluster.

How a corpus is cut into shards follows from its text alone, and each shard is worked on by itself: so the result has
the same bytes for any number of workers, here or on a cluster.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cleo_core.files import read_jsonl
from cleo_core.progress import Reporter
from cleo_core.settings import CoreSettings, load
from cleo_model.corpus.workers import Progress as Progress  # what `run_workers` hands to a target

SHARD = 2**18
"""Characters of a shard: seconds of work, so that workers end at about the same time."""
MOST = 128
"""Most shards of a corpus: the search for near duplicates has a file of each open at the same time."""


@dataclass(frozen=True, slots=True)
class Shards:
    """How many shards were written, and how many characters they hold."""

    count: int
    characters: int


def shard_size(*files: Path) -> int:
    """Characters of each shard of a corpus that lies in these files."""
    return max(SHARD, sum(file.stat().st_size for file in files) // MOST)


def write_shards(folder: Path, rows: Iterable[Mapping[str, Any]], size: int) -> Shards:
    """Write rows one after the other into shards of about `size` characters of `text`, in their order.

    A shard is a JSON Lines file, `<rank>.jsonl`; it is scratch and may be written slowly, a row at a time.
    """
    folder.mkdir(parents=True, exist_ok=True)
    count, total, room = 0, 0, 0
    with contextlib.ExitStack() as stack:
        for row in rows:
            if room <= 0:
                stack.close()
                shard = stack.enter_context(_shard(folder, count).open("w", encoding="utf-8"))
                count, room = count + 1, size
            length = len(row["text"])
            total, room = total + length, room - max(length, 1)
            shard.write(json.dumps(row, ensure_ascii=False) + "\n")
    return Shards(count, total)


def read_shard(folder: Path, rank: int) -> Iterator[Any]:
    """The rows of a shard; none where there is no such file."""
    path = _shard(folder, rank)
    return read_jsonl(path) if path.is_file() else iter(())


def _shard(folder: Path, rank: int) -> Path:
    return folder / f"{rank:05d}.jsonl"


@contextlib.contextmanager
def compute(workers: int) -> Iterator[None]:
    """Where the steps within the block run: on Ray (`CLEO_COMPUTE`) they share a cluster, with so many processors."""
    if load(CoreSettings).compute != "ray":
        yield
        return
    from cleo_model.corpus.ray_tasks import cluster

    with cluster(workers):
        yield


def run_workers(
    step: str,
    target: str,
    job: dict[str, Any],
    ranks: int,
    total: int,
    report: Reporter,
    *,
    workers: int | None = None,
) -> None:
    """Run `target(job, rank, progress)` once for each rank; returns when all are done.

    Where it runs says `CLEO_COMPUTE`: in processes of this machine, or in tasks of a Ray cluster, whose machines must
    all see the folders that the job names.

    Args:
        step: what it is called in progress and errors.
        target: "module:function", which only the workers import.
        job: JSON values; every rank gets the same.
        total: what the `progress` of all ranks adds up to.
        workers: how many ranks run at the same time on this machine; by default all.

    Raises:
        WorkerFailed: one ended early; the others were ended too.
    """
    if load(CoreSettings).compute == "ray":
        from cleo_model.corpus.ray_tasks import run_ranks
    else:
        from cleo_model.corpus.workers import run_ranks
    unit = {"unit": "characters"} if total > 1 else {}

    def done(count: int) -> None:
        if count < total:
            report(step, count, total, **unit)

    run_ranks(step, target, job, ranks, min(ranks, workers or ranks), done, total)
    report(step, total, total, **unit)
