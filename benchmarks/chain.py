"""The whole chain of `make run`: seconds and peak memory of each stage, and what orchestration itself costs.

`seconds_not_training` is all but the optimizer's steps. The peer is the same work without Dagster, registry and checks:
the seconds that each stage's own code took, as the stage recorded them. ``--data`` takes a list of sources (TOML or
YAML), ``--quick`` the tiny recipe.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from benchmarks.processes import tree_bytes
from benchmarks.result import Result
from cleo_core.errors import CleoError, EnvironmentFault
from cleo_core.progress import Reporter
from cleo_core.settings import CoreSettings, home, load

STEP = re.compile(r"^(▶|✓|✗) (\S+)(?:  ([\d.]+) s)?")
BETWEEN = "between stages"


def run(arguments: argparse.Namespace, report: Reporter) -> Result:
    """Run the chain once, in a home folder of its own."""
    with tempfile.TemporaryDirectory(prefix="cleo-chain-", dir=home("tmp")) as scratch:
        environment = {
            **os.environ,
            "CLEO_HOME": scratch,
            "CLEO_ASSETS": str(load(CoreSettings).assets or home("assets")),
            "OMP_WAIT_POLICY": "passive",
        }
        if arguments.quick:
            environment["CLEO_MODEL_RECIPE"] = "tiny"
        if arguments.data:
            environment["CLEO_MODEL_SOURCES"] = str(arguments.data.resolve())
        _cleo(environment, "keys", "init", "development")
        seconds, peaks, total = _watch(environment, report)
        work, steps = _recorded(Path(scratch) / "data")
    result = Result("chain")
    for step, spent in seconds.items():
        result.figures[f"{step}_seconds"] = round(spent, 1)
        result.figures[f"{step}_peak_mb"] = round(peaks.get(step, 0) / 2**20)
    result.figures["seconds_total"] = round(total, 1)
    result.figures["seconds_not_training"] = round(total - steps, 1)
    result.figures["peak_mb"] = round(max(peaks.values()) / 2**20)
    result.figures["orchestration_share_percent"] = round(100 * (1 - sum(work.values()) / total), 1)
    result.against["the stages alone"] = {f"{step}_seconds": round(spent, 1) for step, spent in work.items()}
    result.against["the stages alone"]["seconds_total"] = round(sum(work.values()), 1)
    result.notes.append("Peak memory is the resident set of all processes of the run, shared pages counted in each.")
    return result


def _cleo(environment: dict[str, str], *arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cleo_core", *arguments], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise EnvironmentFault(f"cleo {' '.join(arguments)}: {done.stderr.strip()}")


def _watch(environment: dict[str, str], report: Reporter) -> tuple[dict[str, float], dict[str, int], float]:
    """Seconds and peak memory by step, as the run itself tells where it is."""
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "cleo_core", "run"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    at = [BETWEEN]
    peaks: dict[str, int] = {}
    sampler = threading.Thread(target=_sample, args=(process.pid, at, peaks), daemon=True)
    sampler.start()
    seconds: dict[str, float] = {}
    said: list[str] = []
    try:
        for line in process.stdout or ():
            said.append(line.rstrip())
            if found := STEP.match(line):
                mark, step, spent = found.groups()
                at[0] = step if mark == "▶" else BETWEEN
                if spent:
                    seconds[step] = float(spent)
                    report(f"{step} {spent} s")
        code = process.wait()
    finally:
        process.terminate()
        process.wait()
    sampler.join()
    if code:
        raise CleoError(f"The chain ended with code {code}: {' | '.join(said[-3:])}")
    return seconds, peaks, time.monotonic() - began


def _sample(pid: int, at: list[str], peaks: dict[str, int]) -> None:
    while (total := tree_bytes(pid)) is not None:
        peaks[at[0]] = max(peaks.get(at[0], 0), total)
        time.sleep(0.2)


def _recorded(data: Path) -> tuple[dict[str, float], float]:
    """Seconds that each stage says its own work took, and those of all training steps together."""
    records = [json.loads(file.read_text()) for file in sorted(data.glob("*/*/stage.json"))]
    steps = sum(line["seconds"] for record in records for line in record["summary"].get("history", ()))
    return {record["name"]: record["seconds"] for record in records}, steps
