"""Work on shards in processes of their own, which never outlive the one that started them.

Not multiprocessing.Pool: it hangs for ever when a worker is killed, and its helpers outlive a killed parent. Here a
worker's standard input is its lifeline: when the parent is gone the pipe closes, and the worker ends itself.
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
from collections.abc import Callable
from importlib import import_module
from io import FileIO
from typing import IO, Any

from cleo_core.progress import Reporter
from cleo_model.errors import WorkerFailed

__all__ = ["Progress", "run_workers"]

TARGETS = {
    "find exact duplicates": "cleo_model.corpus.curate.screening:find_exact",
    "screen": "cleo_model.corpus.curate.screening:screen_shard",
    "find near duplicates": "cleo_model.corpus.curate.screening:find_near",
    "find personal data": "cleo_model.corpus.curate.language:detect_shard",
}
Progress = Callable[[int], None]


def run_workers(target: str, job: dict[str, Any], ranks: int, total: int, report: Reporter) -> None:
    """Run `target(job, rank, progress)` once for each rank, at the same time; returns when all are done.

    Args:
        target: a key of TARGETS.
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
        done = [0] * ranks
        running = set(range(ranks))
        while running:
            rank, count = events.get()
            if count is not None:
                done[rank] = count
                report(target, sum(done), max(total, sum(done)))
                continue
            running.discard(rank)
            if code := workers[rank].wait():
                raise _failure(target, rank, code, logs[rank])
    report(target, total, total)


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


def _failure(target: str, rank: int, code: int, log: IO[bytes]) -> WorkerFailed:
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
    return WorkerFailed(f"Worker {rank} of step {target} did not finish: {reason}.", hint=hint)


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

    module, _, function = TARGETS[target].partition(":")
    getattr(import_module(module), function)(job, rank, progress)


def _end_with_parent(lifeline: FileIO) -> None:
    while lifeline.read(1):
        pass
    os._exit(1)


if __name__ == "__main__":
    _main()
