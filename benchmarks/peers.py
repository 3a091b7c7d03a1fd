"""Peers: real releases from the package index, each in an environment of its own, run as processes of their own.

Only numbers and texts cross over, as files: what a peer needs can be at odds with what we need.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from cleo_core.errors import EnvironmentFault
from cleo_core.progress import Reporter
from cleo_core.settings import home

SCRIPTS = Path(__file__).parent / "peer_scripts"


class PeerFailed(EnvironmentFault, code="PEER_FAILED"):
    """A peer could not be installed or its run failed; ours is measured all the same."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A release and the script that runs it: ``script TASK INPUT_FOLDER OUTPUT_FILE``."""

    name: str
    requirements: tuple[str, ...]
    script: str

    @property
    def version(self) -> str:
        return self.requirements[0].partition("==")[2]

    def python(self, report: Reporter) -> Path:
        """The interpreter of the peer's environment, made on first use."""
        digest = hashlib.sha256("\n".join((*self.requirements, sys.version)).encode()).hexdigest()[:8]
        place = cache() / f"{self.name}-{self.version}-{digest}"
        with FileLock(f"{place}.lock"):
            if not (place / "ready").is_file():
                report(f"making an environment for {self.name} {self.version}")
                venv.create(place, with_pip=True, clear=True)
                install = [place / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
                _wait([*map(str, install), *self.requirements], f"installing {self.name} {self.version}", report, 1200)
                (place / "ready").touch()
        return place / "bin/python"

    def run(self, task: str, given: Path, report: Reporter, *, timeout: float = 1800, **options: Any) -> dict[str, Any]:
        """Run a task of the peer's script over the files in `given` and return what it wrote."""
        python = self.python(report)
        with tempfile.TemporaryDirectory(prefix=f"bench-{self.name}-") as scratch:
            out = Path(scratch) / "out.json"
            command = [str(python), str(SCRIPTS / self.script), task, str(given), str(out), json.dumps(options)]
            _wait(command, f"{self.name} {self.version}: {task}", report, timeout, cwd=Path(scratch))
            found: dict[str, Any] = json.loads(out.read_text())
        return found


MEM0 = Peer("mem0", ("mem0ai==2.2.1",), "mem0_store.py")
CHROMA = Peer("chroma", ("chromadb==1.5.9",), "chroma_store.py")
LANGGRAPH = Peer("langgraph", ("langgraph==1.2.22", "numpy"), "langgraph_store.py")


def cache() -> Path:
    """``CLEO_BENCH_CACHE``, or ``cache`` below the home folder."""
    if chosen := os.environ.get("CLEO_BENCH_CACHE"):
        Path(chosen).mkdir(parents=True, exist_ok=True)
        return Path(chosen).resolve()
    return home("cache")


def attempt(peer: Peer, task: str, given: Path, report: Reporter, notes: list[str], **options: Any) -> dict[str, Any]:
    """`Peer.run`; a peer that fails leaves a note and no figures, and never stops the benchmark."""
    try:
        return peer.run(task, given, report, **options)
    except PeerFailed as failed:
        notes.append(f"{peer.name} {peer.version} was not measured: {failed}")
        return {}


def hand_over(folder: Path, **given: tuple[list[tuple[str, str]], NDArray[np.float32]]) -> None:
    """Write what a peer's script reads: (user, text) and the vector of each, of `items` and of `queries`."""
    for name, (entries, vectors) in given.items():
        (folder / f"{name}.json").write_text(json.dumps([{"user": user, "text": text} for user, text in entries]))
        np.save(folder / f"{name}.npy", vectors)


def _wait(command: list[str], what: str, report: Reporter, timeout: float, cwd: Path | None = None) -> None:
    started = time.monotonic()
    # No telemetry, no key of the user's, and as many threads as ours has.
    kept = {name: value for name, value in os.environ.items() if not name.endswith(("_API_KEY", "_TOKEN"))}
    quiet = {"MEM0_TELEMETRY": "False", "ANONYMIZED_TELEMETRY": "False", "DO_NOT_TRACK": "1", "PYTHONPATH": ""}
    with tempfile.TemporaryFile("w+") as said:
        running = subprocess.Popen(command, stdout=said, stderr=said, cwd=cwd, env=kept | quiet)
        try:
            while running.poll() is None:
                if time.monotonic() - started > timeout:
                    raise PeerFailed(f"{what} took longer than {timeout:.0f} s.")
                report(what, round(time.monotonic() - started), None)
                time.sleep(0.2)
        finally:
            if running.poll() is None:
                running.kill()
                running.wait()
        if running.returncode:
            said.seek(0)
            lines = [line for line in said.read().splitlines() if line.strip()]
            raise PeerFailed(f"{what} ended with {running.returncode}: {lines[-1] if lines else 'nothing said'}")
