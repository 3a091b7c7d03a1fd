"""Ranks of work in processes of their own, which never outlive the one that started them.

Not a pool of the standard library: the workers of concurrent.futures wait for ever for more work when their parent was
killed, and multiprocessing.Pool hangs when a worker was. Here a worker's standard input is its lifeline: the job comes
over it, then one rank after the other, and when the parent is gone the pipe closes and the worker ends itself.
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

from cleo_model.errors import WorkerFailed

Progress = Callable[[int], None]
"""Called with how much of its rank a worker has done."""
DONE = "done"
ENVIRONMENT = {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "passive", "TOKENIZERS_PARALLELISM": "false"}
"""Of every worker: one thread each, for there are as many workers as a person wants cores used."""


def run_ranks(
    step: str, target: str, job: dict[str, Any], ranks: int, workers: int, done: Callable[[int], None], total: int
) -> None:
    """See `cleo_model.corpus.shards.run_workers`; each worker is handed the next rank when it has done one."""
    events: queue.Queue[tuple[int, str | None]] = queue.Queue()
    with contextlib.ExitStack() as stack:
        processes: list[subprocess.Popen[bytes]] = []
        logs: list[IO[bytes]] = []
        stack.callback(_end, processes)
        for number in range(workers):
            log = stack.enter_context(tempfile.TemporaryFile())
            process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-m", __name__, target],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, env=os.environ | ENVIRONMENT,
            )  # fmt: skip
            processes.append(process)
            logs.append(log)
            _say(process, json.dumps(job))
            threading.Thread(target=_listen, args=(number, _stream(process.stdout), events), daemon=True).start()
        waiting = iter(range(ranks))
        at = {number: _hand_out(process, waiting) for number, process in enumerate(processes)}
        progress = [0] * ranks
        while at:
            number, said = events.get()
            if said is None:
                rank = at.pop(number)
                if code := processes[number].wait():
                    raise _failure(step, rank, code, logs[number])
            elif said == DONE:
                at[number] = _hand_out(processes[number], waiting)
            elif (rank := at[number]) is not None:
                progress[rank] = int(said)
                done(sum(progress))


def _hand_out(process: subprocess.Popen[bytes], waiting: Any) -> int | None:
    """The rank that a worker is told to do next; None when it is told to end."""
    rank: int | None = next(waiting, None)
    _say(process, json.dumps(rank))
    return rank


def _say(process: subprocess.Popen[bytes], line: str) -> None:
    with contextlib.suppress(BrokenPipeError):
        _stream(process.stdin).write(line.encode() + b"\n")
        _stream(process.stdin).flush()


def _stream(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise AssertionError("opened with a pipe")
    return stream


def _listen(number: int, stream: IO[bytes], events: queue.Queue[tuple[int, str | None]]) -> None:
    for line in stream:
        said = line.decode("ascii", "replace").strip()
        if said.isdigit() or said == DONE:
            events.put((number, said))
    events.put((number, None))


def _end(processes: list[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        if process.poll() is None:
            process.terminate()
    for process in processes:
        try:
            process.wait(timeout=3)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for stream in (process.stdin, process.stdout):
            if stream:
                with contextlib.suppress(OSError):
                    stream.close()


def _failure(step: str, rank: int | None, code: int, log: IO[bytes]) -> WorkerFailed:
    log.seek(0)
    lines = [line for line in log.read().decode("utf-8", "replace").splitlines() if line.strip()]
    if code < 0:
        return failure(step, rank, f"it was ended by signal {signal.Signals(-code).name}", ended=True)
    return failure(step, rank, lines[-1][:300] if lines else f"exit code {code}")


def failure(step: str, rank: int | None, reason: str, *, ended: bool = False) -> WorkerFailed:
    """The error that names what a worker was at and why it did not finish; `ended`: from outside, and by no fault."""
    hint = "Run it again; if it fails the same way, report it."
    if ended:
        hint = "If the machine is short of memory, set CLEO_MODEL_CORPUS_WORKERS=1; then run it again."
    elif "No space left on device" in reason:
        hint = "Free some space or point CLEO_HOME at a larger disk, then run it again."
    part = "" if rank is None else f", part {rank}"
    return WorkerFailed(f"A worker of step {step}{part} did not finish: {reason}.", hint=hint)


def function(target: str) -> Callable[[dict[str, Any], int, Progress], None]:
    """What "module:function" names."""
    module, _, name = target.partition(":")
    found: Callable[[dict[str, Any], int, Progress], None] = getattr(import_module(module), name)
    return found


def _main() -> None:
    # Ctrl-C reaches the whole group of processes; the parent decides, and ends its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    told: queue.Queue[str] = queue.Queue()
    # Unbuffered: a buffered reader that a thread waits on makes the interpreter abort when it ends.
    lifeline = open(0, "rb", buffering=0, closefd=False)  # noqa: SIM115 - open as long as the process lives
    threading.Thread(target=_hear, args=(lifeline, told), daemon=True).start()
    # Libraries print; standard output is for progress alone.
    channel = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)

    def say(what: object) -> None:
        with contextlib.suppress(BrokenPipeError):
            channel.write(f"{what}\n")

    job = json.loads(told.get())
    work = function(sys.argv[1])
    while (rank := json.loads(told.get())) is not None:
        work(job, rank, say)
        say(DONE)


def _hear(lifeline: FileIO, told: queue.Queue[str]) -> None:
    line = b""
    while chunk := lifeline.read(4096):
        *lines, line = (line + chunk).split(b"\n")
        for whole in lines:
            told.put(whole.decode())
    os._exit(1)  # the parent is gone


if __name__ == "__main__":
    _main()
