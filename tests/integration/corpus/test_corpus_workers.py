"""Worker processes: a killed one is reported, and none outlives the process that started it."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from cleo_core.progress import silent
from cleo_model.corpus.record import Record, write_records
from cleo_model.corpus.shards import run_workers
from cleo_model.corpus.sources.words import words
from cleo_model.errors import WorkerFailed

pytestmark = pytest.mark.integration

MODULE = "cleo_model.corpus.workers"
TARGET = "cleo_model.corpus.curate.screening:find_exact"


def wait_for(true: Callable[[], bool], seconds: float = 60) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if true():
            return True
        time.sleep(0.02)
    return False


def workers_below(pid: int) -> list[psutil.Process]:
    try:
        below = psutil.Process(pid).children(recursive=True)
        return [process for process in below if MODULE in process.cmdline()]
    except psutil.Error:
        return []


def alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def job(folder: Path, ranks: int) -> dict[str, object]:
    """A real piece of work (the shards of the search for exact duplicates)."""
    (folder / "shards").mkdir()
    for rank in range(ranks):
        line = {"id": f"a/{rank}", "text": "Some text.", "metadata": {"profile": "prose"}}
        (folder / "shards" / f"{rank:05d}.jsonl").write_text(json.dumps(line) + "\n")
    (folder / "texts.json").write_text("[]")
    return {"scratch": str(folder), "ranks": ranks, "eval_texts": str(folder / "texts.json")}


def test_work_is_done_and_leaves_no_process(tmp_path: Path) -> None:
    run_workers("find exact duplicates", TARGET, job(tmp_path, 1), 1, 1, silent)
    assert (tmp_path / "exact" / "duplicates").is_dir()
    assert workers_below(os.getpid()) == []


def test_a_killed_worker_is_reported_and_the_others_are_ended(tmp_path: Path) -> None:
    def kill_one() -> None:
        assert wait_for(lambda: len(workers_below(os.getpid())) == 2)
        workers_below(os.getpid())[0].send_signal(signal.SIGKILL)

    killer = threading.Thread(target=kill_one)
    killer.start()
    with pytest.raises(WorkerFailed, match="SIGKILL") as caught:
        run_workers("find exact duplicates", TARGET, job(tmp_path, 2), 2, 1, silent)
    killer.join()
    assert "CLEO_MODEL_CORPUS_WORKERS" in (caught.value.hint or "")
    assert workers_below(os.getpid()) == []


def test_an_error_in_a_worker_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(WorkerFailed) as caught:
        run_workers("find exact duplicates", TARGET, {"scratch": str(tmp_path), "ranks": 1}, 1, 1, silent)
    told = "A worker of step find exact duplicates, part 0 did not finish: KeyError: 'eval_texts'."
    assert caught.value.message == told


SCRIPT = """
import sys
from pathlib import Path
from cleo_core.errors import CleoError
from cleo_core.progress import silent
from cleo_core.stage.execution import run_stage
from cleo_model.corpus.curate.curate import CurateSettings, curate
root = Path(sys.argv[1])
settings = CurateSettings(heldout_share=0.06, decontaminate=(), workers=2)
def build(out):
    return curate(root / "raw", settings, out, silent).model_dump(mode="json")
print("ready", flush=True)
try:
    done = run_stage("curated", {"n": 1}, build, root=root)
    print("done", done.reused, flush=True)
except KeyboardInterrupt:
    sys.exit(130)
"""


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    (tmp_path / "raw").mkdir()
    rng = random.Random(1)
    talks = [f"Tell me of the {' and the '.join(rng.sample(words('canary_words'), 12))}." for _ in range(300)]
    made = [
        Record.make(
            name=talk,
            source="s",
            domain="conversation",
            licence="MIT",
            messages=[{"role": "user", "content": talk}, {"role": "assistant", "content": "I will, and gladly."}],
        )
        for talk in talks
    ]
    write_records(tmp_path / "raw" / "records.jsonl", made)
    return tmp_path


@pytest.mark.parametrize("how", ["SIGINT", "SIGKILL"])
def test_ending_the_parent_ends_its_workers_and_the_next_run_starts_afresh(corpus: Path, how: str) -> None:
    command = [sys.executable, "-c", SCRIPT, str(corpus)]
    parent = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert wait_for(lambda: bool(workers_below(parent.pid)))
        below = workers_below(parent.pid)
        parent.send_signal(getattr(signal, how))
        assert parent.wait(timeout=60) == (130 if how == "SIGINT" else -signal.SIGKILL)
        assert wait_for(lambda: not any(alive(process) for process in below), 30)
    finally:
        parent.kill()
        parent.communicate()
    assert not [path for path in (corpus / "curated").iterdir() if path.is_dir() and path.suffix != ".partial"]
    again = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert again.stdout.splitlines() == ["ready", "done False"], again.stderr[-500:]
    assert not list((corpus / "curated").rglob(".scratch"))
