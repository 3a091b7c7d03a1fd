"""Dagster (webserver and daemon) and the MLflow server in the background, on loopback, over this home's data."""

from __future__ import annotations

import sys
from pathlib import Path

import httpx

from cleo_core.settings import CoreSettings, home, load
from orchestration.instance import dagster_environment
from orchestration.services import Service, free_port, running, start

__all__ = ["start_dagster", "start_mlflow"]

# A model version may point at files of a run or a logged model only, never at a path of the server's machine.
SOURCE_REGEX = r"^(runs|models):/.*$"
LAUNCH = Path(sys.executable).parent


def answers(url: str) -> bool:
    """Whether something there answers with success."""
    try:
        return httpx.get(url, timeout=2, follow_redirects=True).is_success
    except httpx.HTTPError:
        return False


def start_dagster(port: int = 3000) -> list[Service]:
    """The webserver, and the daemon that schedules, senses and queues."""
    env = dagster_environment()
    if (web := running("dagster")) is None:
        port = free_port(port)
        url = f"http://127.0.0.1:{port}"
        module = ["-m", "orchestration.definitions", "-a", "defs"]
        command = [str(LAUNCH / "dagster-webserver"), "-h", "127.0.0.1", "-p", str(port), *module]
        web = start("dagster", command, url, lambda: answers(f"{url}/server_info"), env=env)
        start("dagster-daemon", [str(LAUNCH / "dagster-daemon"), "run", *module], "", lambda: True, env=env)
    return [web]


def start_mlflow(port: int = 5000) -> Service:
    """The tracking server with its registry, where versions are reviewed."""
    if found := running("mlflow"):
        return found
    port = free_port(port)
    url = f"http://127.0.0.1:{port}"
    env = dagster_environment() | {
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
        "MLFLOW_CREATE_MODEL_VERSION_SOURCE_VALIDATION_REGEX": SOURCE_REGEX,
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
    command = [str(LAUNCH / "mlflow"), "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", load(CoreSettings).tracking_uri]
    command += ["--serve-artifacts", "--artifacts-destination", home("mlflow", "artifacts").as_uri()]
    return start("mlflow", command, url, lambda: answers(f"{url}/health"), env=env)
