"""Shards of a corpus, and work on them in processes of their own, which never outlive the one that started them.

Not a pool of the standard library: the workers of concurrent.futures wait for ever for more work when their parent was
killed, and multiprocessing.Pool hangs when a worker was. Here a worker's standard input is its lifeline: when the
parent is gone the pipe closes, and the worker ends itself.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import import_module
from io import FileIO
from pathlib import Path
from typing import IO, Any

from cleo_core.files import read_jsonl
from cleo_core.progress import Reporter
from cleo_model.errors import WorkerFailed

Progress = Callable[[int], None]


def write_shards(folder: Path, rows: Iterable[Mapping[str, Any]], count: int) -> int:
    """Deal rows out so that each shard has about as many characters of `text`; returns the characters.

    A shard is a JSON Lines file, `<rank>.jsonl`; it is scratch and may be written slowly, a row at a time.
    """
    folder.mkdir(parents=True, exist_ok=True)
    sizes = [0] * count
    with contextlib.ExitStack() as stack:
        shards = [stack.enter_context(_shard(folder, rank).open("w", encoding="utf-8")) for rank in range(count)]
        for row in rows:
            rank = sizes.index(min(sizes))
            sizes[rank] += len(row["text"])
            shards[rank].write(json.dumps(row, ensure_ascii=False) + "\n")
    return sum(sizes)


def read_shard(folder: Path, rank: int) -> Iterator[Any]:
    """The rows of a shard; none where there is no such file."""
    path = _shard(folder, rank)
    return read_jsonl(path) if path.is_file() else iter(())


def _shard(folder: Path, rank: int) -> Path:
    return folder / f"{rank:05d}.jsonl"


def run_workers(step: str, target: str, job: dict[str, Any], ranks: int, total: int, report: Reporter) -> None:
    """Run `target(job, rank, progress)` once for each rank, at the same time; returns when all are done.

    Args:
        step: what it is called in progress and errors.
        target: "module:function", which only the workers import.
        job: JSON values; every rank gets the same.
        total: what the `progress` of all ranks adds up to.

    Raises:
        WorkerFailed: one ended early; the others were ended too.
    """
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "passive", "TOKENIZERS_PARALLELISM": "false"}
    events: queue.Queue[tuple[int, int | None]] = queue.Queue()
    with contextlib.ExitStack() as stack:
        workers: list[subprocess.Popen[bytes]] = []
        logs: list[IO[bytes]] = []
        stack.callback(_end, workers)
        for rank in range(ranks):
            log = stack.enter_context(tempfile.TemporaryFile())
            worker = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-m", __name__, target, str(rank)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, env=environment,
            )  # fmt: skip
            workers.append(worker)
            logs.append(log)
            with contextlib.suppress(BrokenPipeError):
                # It stays open: see the top of this module.
                _stream(worker.stdin).write(json.dumps(job).encode() + b"\n")
                _stream(worker.stdin).flush()
            threading.Thread(target=_listen, args=(rank, _stream(worker.stdout), events), daemon=True).start()
        done, unit = [0] * ranks, {"unit": "characters"} if total > 1 else {}
        running = set(range(ranks))
        while running:
            rank, count = events.get()
            if count is not None:
                done[rank] = count
                if sum(done) < total:
                    report(step, sum(done), total, **unit)
                continue
            running.discard(rank)
            if code := workers[rank].wait():
                raise _failure(step, rank, code, logs[rank])
    report(step, total, total, **unit)


def _stream(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise AssertionError("opened with a pipe")
    return stream


def _listen(rank: int, stream: IO[bytes], events: queue.Queue[tuple[int, int | None]]) -> None:
    for line in stream:
        if line.strip().isdigit():
            events.put((rank, int(line)))
    events.put((rank, None))


def _end(workers: list[subprocess.Popen[bytes]]) -> None:
    for worker in workers:
        if worker.poll() is None:
            worker.terminate()
    for worker in workers:
        try:
            worker.wait(timeout=3)
        except subprocess.TimeoutExpired:
            worker.kill()
            worker.wait()
        for stream in (worker.stdin, worker.stdout):
            if stream:
                with contextlib.suppress(OSError):
                    stream.close()


def _failure(step: str, rank: int, code: int, log: IO[bytes]) -> WorkerFailed:
    log.seek(0)
    lines = [line for line in log.read().decode("utf-8", "replace").splitlines() if line.strip()]
    if code < 0:
        reason = f"it was ended by signal {signal.Signals(-code).name}"
        hint = "If the machine is short of memory, set CLEO_MODEL_CORPUS_WORKERS=1; then run it again."
    else:
        reason = lines[-1][:300] if lines else f"exit code {code}"
        hint = "Run it again; if it fails the same way, report it."
        if "No space left on device" in reason:
            hint = "Free some space or point CLEO_HOME at a larger disk, then run it again."
    return WorkerFailed(f"Worker {rank} of step {step} did not finish: {reason}.", hint=hint)


def _main() -> None:
    target, rank = sys.argv[1], int(sys.argv[2])
    # Ctrl-C reaches the whole group of processes; the parent decides, and ends its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Unbuffered: a buffered reader that a thread waits on makes the interpreter abort when it ends.
    lifeline = open(0, "rb", buffering=0, closefd=False)  # noqa: SIM115 - open as long as the process lives
    line = b""
    while not line.endswith(b"\n"):
        if not (byte := lifeline.read(1)):
            return  # the parent was gone before it said what to do
        line += byte
    job = json.loads(line)
    threading.Thread(target=_end_with_parent, args=(lifeline,), daemon=True).start()
    # Libraries print; standard output is for progress alone.
    channel = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)

    def progress(done: int) -> None:
        with contextlib.suppress(BrokenPipeError):
            channel.write(f"{done}\n")

    module, _, function = target.partition(":")
    getattr(import_module(module), function)(job, rank, progress)


def _end_with_parent(lifeline: FileIO) -> None:
    while lifeline.read(1):
        pass
    os._exit(1)


if __name__ == "__main__":
    _main()
