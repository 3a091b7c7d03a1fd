"""A run that is interrupted ends with 130, leaves no process, and says how to go on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_no_process_and_the_next_one_goes_on(home: Path, number: signal.Signals) -> None:
    environment = {**os.environ, "CLEO_MODEL_RECIPE": "tiny"}
    process = subprocess.Popen(
        [sys.executable, "-m", "cleo_core", "run", "--job", "refresh_corpus"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    said: list[str] = []
    guard = threading.Timer(300, process.kill)
    guard.start()
    try:
        for line in process.stdout or ():
            said.append(line)
            if line.startswith("    collect"):
                started = psutil.Process(process.pid).children(recursive=True)
                process.send_signal(number)
        code = process.wait()
    finally:
        guard.cancel()
        if process.stdout:
            process.stdout.close()
    assert code == 130, said
    assert any("The run was interrupted" in line for line in said), said
    assert not any("Traceback" in line for line in said)
    psutil.wait_procs(started, timeout=20)
    assert not [child for child in started if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]
    assert not list((home / "data" / "raw_corpus").glob("*/stage.json"))
