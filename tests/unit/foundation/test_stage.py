"""A stage is whole or not there, and is not made twice."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from cleo_core.errors import BusyError, EnvironmentFault, IntegrityError
from cleo_core.stage.execution import read_stage, run_stage

pytestmark = pytest.mark.unit


def writes(text: str, calls: list[str] | None = None):
    def build(out: Path) -> Mapping[str, Any]:
        (out / "text").write_text(text)
        if calls is not None:
            calls.append(text)
        return {"length": len(text)}

    return build


def test_a_second_run_with_the_same_inputs_skips_the_work_and_says_so() -> None:
    calls: list[str] = []
    first = run_stage("s", {"a": 1}, writes("x", calls))
    second = run_stage("s", {"a": 1}, writes("x", calls))
    assert calls == ["x"]
    assert (first.reused, second.reused) == (False, True)
    assert (first.digest, first.summary, first.path) == (second.digest, second.summary, second.path)


def test_other_inputs_make_another_stage() -> None:
    assert run_stage("s", {"a": 1}, writes("x")).path != run_stage("s", {"a": 2}, writes("x")).path


def test_a_failed_build_leaves_nothing_that_is_taken_for_whole() -> None:
    def fails(out: Path) -> Mapping[str, Any]:
        (out / "half").write_text("half")
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        run_stage("s", {}, fails)
    done = run_stage("s", {}, writes("whole"))
    assert not done.reused
    assert [file.name for file in done.path.iterdir()] == ["text"]


def test_a_build_killed_midway_leaves_nothing_that_is_taken_for_whole(home: Path) -> None:
    script = (
        "import os, signal\n"
        "from cleo_core.stage.execution import run_stage\n"
        "def build(out):\n"
        "    (out / 'half').write_text('half')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "run_stage('s', {}, build)\n"
    )
    killed = subprocess.run([sys.executable, "-c", script], env={**os.environ, "CLEO_HOME": str(home)}, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert list((home / "data" / "s").glob("*.partial/content/half"))
    done = run_stage("s", {}, writes("whole"))
    assert not done.reused
    assert [file.name for file in done.path.iterdir()] == ["text"]


def test_a_resumable_stage_gets_what_the_interrupted_one_left() -> None:
    def interrupted(out: Path) -> Mapping[str, Any]:
        (out / "checkpoint").write_text("7")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_stage("s", {}, interrupted, resumable=True)
    seen: list[str] = []

    def resumes(out: Path) -> Mapping[str, Any]:
        seen.append((out / "checkpoint").read_text())
        return {}

    run_stage("s", {}, resumes, resumable=True)
    assert seen == ["7"]


@pytest.mark.parametrize("change", ["flip", "add", "remove", "link"])
def test_a_changed_stage_is_noticed_kept_aside_and_made_anew(change: str) -> None:
    done = run_stage("s", {}, writes("text"))
    file = done.path / "text"
    if change == "flip":
        file.write_text("tex!")
    elif change == "add":
        (done.path / "more").write_text("")
    elif change == "remove":
        file.unlink()
    else:
        file.unlink()
        file.symlink_to("/etc/hostname")
    with pytest.raises(IntegrityError):
        read_stage(done.path.parent)
    again = run_stage("s", {}, writes("text"))
    assert not again.reused
    assert again.digest == done.digest
    assert list(done.path.parent.parent.glob("*.damaged-*"))


def test_two_builders_of_one_stage_do_not_meet() -> None:
    def second(out: Path) -> Mapping[str, Any]:
        with pytest.raises(BusyError, match="being built"):
            run_stage("s", {}, writes("x"))
        return {}

    assert not run_stage("s", {}, second).reused


def test_a_lock_left_by_a_dead_process_does_not_hold(home: Path) -> None:
    place = run_stage("s", {}, writes("x")).path.parent
    lock = FileLock(place.with_suffix(".lock"))
    lock.acquire()
    lock.release()
    assert run_stage("s", {}, writes("x")).reused


def test_a_full_disk_is_said_with_the_mend() -> None:
    def full(out: Path) -> Mapping[str, Any]:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(EnvironmentFault, match="No room on the disk") as caught:
        run_stage("s", {}, full)
    assert "CLEO_HOME" in (caught.value.hint or "")
