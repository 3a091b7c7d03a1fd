"""The real API in a process of its own, with a model folder: what it takes while it answers."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import httpx

from benchmarks.processes import tree_bytes
from cleo_core.errors import EnvironmentFault

ASK = "mutation($t: String!) { ask(input: {text: $t, maxTokens: 24}) { text } }"
QUESTIONS = ("What is a bridge?", "My dog is called Biscuit.", "What is my dog called?")


def api_peak_mb(folder: Path) -> int:
    """Most memory of the API and all that it started, in MiB, while it is asked.

    Raises:
        EnvironmentFault: it does not start, or does not answer.
    """
    with tempfile.TemporaryDirectory() as home:
        environment = os.environ | {"CLEO_HOME": home, "CLEO_SERVING_MODEL_FOLDER": str(folder.resolve())}
        token = subprocess.run(
            [sys.executable, "-m", "cleo_core", "token", "--user", "ann"],
            env=environment,
            check=True,
            text=True,
            capture_output=True,
        ).stdout.strip()
        command = [sys.executable, "-m", "cleo_core", "api", "--port", "0"]
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
            ended, seen = threading.Event(), [0]
            watch = threading.Thread(target=_watch, args=(process.pid, ended, seen))
            watch.start()
            try:
                address = _address(process)
                for text in QUESTIONS:
                    answer = httpx.post(
                        f"{address}/graphql",
                        json={"query": ASK, "variables": {"t": text}},
                        headers={"Authorization": f"Bearer {token}"},
                        timeout=300,
                    )
                    if "data" not in answer.json() or answer.json().get("errors"):
                        raise EnvironmentFault(f"The API does not answer: {answer.text[:200]}")
            finally:
                ended.set()
                watch.join()
                process.terminate()
            return round(seen[0] / 2**20)


def _watch(pid: int, ended: threading.Event, seen: list[int]) -> None:
    while not ended.wait(0.2):
        seen[0] = max(seen[0], tree_bytes(pid) or 0)


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None, "opened with a pipe"
    for line in process.stdout:
        if found := re.search(r"http://[\w.:\[\]]+", line):
            return found[0]
    raise EnvironmentFault("The API does not start.", hint="Run: CLEO_SERVING_MODEL_FOLDER=FOLDER cleo api")
