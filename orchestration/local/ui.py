"""Dagster (code server, webserver, daemon) and the MLflow server in the background, on loopback, over this home's data.

One code server loads the pipeline's code; webserver and daemon ask it over a socket in the home folder. Each would
otherwise start servers of its own, the daemon a new one every minute.
"""

from __future__ import annotations

import os
import socket
import stat
import sys
import tempfile
from pathlib import Path

import httpx

from cleo_core.digest import digest_json
from cleo_core.errors import EnvironmentFault
from cleo_core.files import write_atomic
from cleo_core.settings import CoreSettings, home, load
from orchestration.local.instance import dagster_environment, prepare_storage
from orchestration.local.services import Program, Service, end, free_port, running, start

# A model version may point at files of a run or a logged model only, never at a path of the server's machine.
SOURCE_REGEX = r"^(runs|models):/.*$"
LAUNCH = Path(sys.executable).parent
LOADED = "{workspaceOrError {... on Workspace {locationEntries {locationOrLoadError {__typename}}}}}"
SOCKET_LIMIT = 100  # bytes; Linux takes 107
WORKSPACE = """\
# Written by `cleo ui`: webserver and daemon use the one code server that it starts.
load_from:
  - grpc_server:
      socket: {socket}
      location_name: cleoai
"""


def answers(url: str) -> bool:
    """Whether something there answers with success."""
    try:
        return httpx.get(url, timeout=2, follow_redirects=True).is_success
    except httpx.HTTPError:
        return False


def start_ui(dagster_port: int = 3000, mlflow_port: int = 5000) -> list[Service]:
    """Start what does not run yet, all at once; returns Dagster's and MLflow's services."""
    programs = []
    alive = [service for name in ("dagster", "dagster-code", "dagster-daemon") if (service := running(name))]
    dagster = alive[0] if len(alive) == 3 else None
    if dagster is None:  # one without the others serves nobody: the webserver and the daemon ask the code server
        end(*alive)
        programs += _dagster(free_port(dagster_port))
    if (mlflow := running("mlflow")) is None:
        programs.append(_mlflow(free_port(mlflow_port)))
    started = {service.name: service for service in start(*programs)}
    return [dagster or started["dagster"], mlflow or started["mlflow"]]


def _dagster(port: int) -> list[Program]:
    """The code server, the webserver, and the daemon that schedules, senses and queues."""
    prepare_storage()
    env = dagster_environment()
    code = _socket()
    workspace = home("dagster") / "workspace.yaml"
    write_atomic(workspace, WORKSPACE.format(socket=code))
    url = f"http://127.0.0.1:{port}"
    module = ["-m", "orchestration.definitions", "-a", "defs", "--location-name", "cleoai"]
    serve = [sys.executable, "-m", "dagster", "code-server", "start", "--socket", str(code), *module]
    web = [str(LAUNCH / "dagster-webserver"), "-h", "127.0.0.1", "-p", str(port), "-w", str(workspace)]
    daemon = [str(LAUNCH / "dagster-daemon"), "run", "-w", str(workspace)]
    return [
        Program(name="dagster-code", command=serve, ready=lambda: _listens(code), env=env),
        Program(name="dagster", command=web, url=url, ready=lambda: _loaded(url), env=env),
        Program(name="dagster-daemon", command=daemon, env=env),
    ]


def _socket() -> Path:
    """Where the code server listens: who reaches it can run code, so it lies in a folder of mode 0700."""
    path = home("dagster") / "code.sock"
    if len(bytes(path)) > SOCKET_LIMIT:
        # The same one each time, so that none is left behind; never one that somebody else has put there.
        folder = Path(tempfile.gettempdir()) / f"cleo-{os.geteuid()}-{digest_json(str(home()))[:16]}"
        folder.mkdir(mode=0o700, exist_ok=True)
        facts = folder.lstat()
        if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.geteuid() or facts.st_mode & 0o077:
            raise EnvironmentFault(f"{folder} is not a folder of yours alone.", hint="Remove it, or set TMPDIR.")
        path = folder / "code.sock"
    path.unlink(missing_ok=True)
    return path


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


def _loaded(url: str) -> bool:
    """Whether the webserver answers and has the pipeline's code from the code server."""
    try:
        told = httpx.post(f"{url}/graphql", json={"query": LOADED}, timeout=5).json()
        entries = told["data"]["workspaceOrError"]["locationEntries"]
        return all(entry["locationOrLoadError"]["__typename"] == "RepositoryLocation" for entry in entries)
    except (httpx.HTTPError, ValueError, KeyError, TypeError):
        return False


def _mlflow(port: int) -> Program:
    """The tracking server with its registry, where versions are reviewed."""
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
    return Program(name="mlflow", command=command, url=url, ready=lambda: answers(f"{url}/health"), env=env)
