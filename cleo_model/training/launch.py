"""The launcher: starts the ranks of one phase, and ends all of them when one fails or it is told to stop.

    python -m cleo_model.training.launch --recipe FILE --phase NAME --model-in DIR --curriculum DIR --out DIR

Ranks cannot outlive it: SIGTERM and Ctrl-C are passed on, and should the launcher itself be killed with SIGKILL, the
kernel kills the ranks. torchrun does not keep that promise: with its agent killed, a rank of torch 2.13 went on under
init, and held the folder and the memory that the next run needs. It also starts two CPU-seconds later.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

from cleo_core.child_process import end_with_parent
from cleo_core.errors import CleoError, EnvironmentFault
from cleo_model.recipe import Recipe
from cleo_model.training.lock import run_lock
from cleo_model.training.ops import clear_stale_locks, compiler_path

GRACE = 10.0
# Freed memory is kept for the next step instead of being handed back and zeroed again: a quarter of the time of a
# step on a CPU. Huge pages for the same reason.
MEMORY = {
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
    "MALLOC_MMAP_THRESHOLD_": str(2**32),
    "MALLOC_TRIM_THRESHOLD_": str(2**36),
    "MALLOC_ARENA_MAX": "2",
}


def command(
    recipe_file: Path, phase: str, model_in: Path, state_in: Path | None, curriculum: Path, out: Path
) -> list[str]:
    """The command line of one launcher process: it writes out/model, out/state, out/report.json and out/*.png.

    Run again on an `out` that an interrupted run left, it goes on from the last checkpoint, bit for bit.
    """
    argv = [sys.executable, "-m", "cleo_model.training.launch", "--recipe", str(recipe_file), "--phase", phase]
    argv += ["--model-in", str(model_in), "--curriculum", str(curriculum), "--out", str(out)]
    return [*argv, "--state-in", str(state_in)] if state_in else argv


def arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="cleo_model.training.launch", description=__doc__)
    for name in ("recipe", "model-in", "curriculum", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--phase", required=True)
    parser.add_argument("--state-in", type=Path)
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Run the phase; returns the exit code of the first rank that failed, or 0."""
    given = arguments(argv)
    try:
        recipe = Recipe.from_json(given.recipe.read_text())
        recipe.curriculum.phase(given.phase)
        given.out.mkdir(parents=True, exist_ok=True)
        with run_lock(given.out) as lock:
            return _run(recipe, sys.argv[1:] if argv is None else argv, lock)
    except CleoError as error:
        fault = error
    except OSError as error:
        fault = EnvironmentFault(f"{error.filename or ''}: {error.strerror}")
    print(f"Error [{fault.code}]: {fault}", file=sys.stderr)
    return fault.exit_code


def _run(recipe: Recipe, argv: list[str], lock: int) -> int:
    ranks: list[subprocess.Popen[bytes]] = []
    stopped: list[int] = []

    def stop(number: int, _frame: FrameType | None) -> None:
        stopped.append(number)
        for rank in ranks:
            rank.send_signal(signal.SIGTERM)

    handlers = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        port = _free_port()
        clear_stale_locks()
        for index in range(recipe.engine.ranks):
            if stopped:
                break
            ranks.append(_start(index, recipe.engine.ranks, port, argv, lock))
        return _wait(ranks, stopped)
    finally:
        _end(ranks)
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _start(index: int, count: int, port: int, argv: list[str], lock: int) -> subprocess.Popen[bytes]:
    environment = {**MEMORY, **os.environ, "RANK": str(index), "LOCAL_RANK": str(index), "WORLD_SIZE": str(count)}
    environment |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "OMP_WAIT_POLICY": "passive"}
    environment |= {"TOKENIZERS_PARALLELISM": "false", "HF_HUB_OFFLINE": "1", "PATH": compiler_path()}
    # DeepSpeed imports an optimizer of its own that asks for torch.compile, and with it the whole of inductor.
    environment.setdefault("TORCHDYNAMO_DISABLE", "1")
    environment.setdefault("OMP_NUM_THREADS", str(max(1, len(os.sched_getaffinity(0)) // count)))
    if index:
        # Only rank 0 speaks to Dagster.
        environment = {name: value for name, value in environment.items() if not name.startswith("DAGSTER_PIPES_")}
    # The lock's descriptor goes to every rank, so the folder is locked until the last of them is gone.
    return subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-m", "cleo_model.training.rank", *argv],
        env=environment,
        pass_fds=(lock,),
        preexec_fn=end_with_parent,
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(ranks: list[subprocess.Popen[bytes]], stopped: list[int]) -> int:
    """Until all ranks ended, or one failed, or we were told to stop."""
    while True:
        codes = [rank.poll() for rank in ranks]
        if stopped:
            return 128 + stopped[0]
        if failed := [code for code in codes if code]:
            return failed[0] if failed[0] > 0 else 128 - failed[0]
        if all(code == 0 for code in codes):
            return 0
        time.sleep(0.05)


def _end(ranks: list[subprocess.Popen[bytes]]) -> None:
    """No rank survives: first asked, then killed."""
    for rank in ranks:
        if rank.poll() is None:
            rank.terminate()
    deadline = time.monotonic() + GRACE
    for rank in ranks:
        try:
            rank.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            rank.kill()
            rank.wait()


if __name__ == "__main__":
    sys.exit(main())
