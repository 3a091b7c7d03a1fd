"""Background programs are found again, ended with all they started, and never mistaken for somebody else's."""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from pathlib import Path

import httpx
import psutil
import pytest

from cleo_core.errors import EnvironmentFault
from orchestration.local import services
from orchestration.local.services import Program, Service, free_port, running, start, stop_all

pytestmark = pytest.mark.integration
LUCKLESS = "import sys; print('no such luck'); sys.exit(3)"


def _listens(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/", timeout=1).status_code < 500
    except httpx.HTTPError:
        return False


def _server(port: int, tmp_path: Path) -> Service:
    command = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1", "--directory", str(tmp_path)]
    url = f"http://127.0.0.1:{port}"
    return start(Program(name="web", command=command, url=url, ready=lambda: _listens(port)), timeout=30)[0]


def test_a_service_is_found_again_and_ended(tmp_path: Path) -> None:
    port = free_port(0)
    service = _server(port, tmp_path)
    try:
        found = running("web")
        assert found is not None
        assert (found.pid, found.url) == (service.pid, f"http://127.0.0.1:{port}")
    finally:
        assert stop_all() == ["web"]
    assert running("web") is None
    assert not psutil.pid_exists(service.pid) or psutil.Process(service.pid).status() == psutil.STATUS_ZOMBIE
    assert stop_all() == []


def test_what_a_service_started_ends_with_it(tmp_path: Path) -> None:
    note = tmp_path / "child"
    script = (
        "import subprocess, sys, time, pathlib\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"pathlib.Path({str(note)!r}).write_text(str(child.pid))\n"
        "time.sleep(600)\n"
    )
    start(Program(name="parent", command=[sys.executable, "-c", script], ready=note.exists), timeout=30)
    child = int(note.read_text())
    assert psutil.pid_exists(child)
    assert stop_all() == ["parent"]
    deadline = time.monotonic() + 60
    while psutil.pid_exists(child) and psutil.Process(child).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_an_orphan_that_ignores_the_signal_is_gone_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a program's child started is in its group, but no child of it once the one between has ended."""
    monkeypatch.setattr(services, "GRACE_SECONDS", 1.0)
    note = tmp_path / "orphan"
    orphan = (
        "import os, pathlib, signal, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        f"pathlib.Path({str(note)!r}).write_text(str(os.getpid()))\n"
        "time.sleep(600)\n"
    )
    between = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {orphan!r}])"
    script = f"import subprocess, sys, time; subprocess.run([sys.executable, '-c', {between!r}]); time.sleep(600)"
    written = lambda: note.exists() and note.read_text() != ""  # noqa: E731
    start(Program(name="grandparent", command=[sys.executable, "-c", script], ready=written), timeout=30)
    pid = int(note.read_text())
    assert psutil.pid_exists(pid)
    assert stop_all() == ["grandparent"]
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_a_pid_that_now_belongs_to_another_program_is_left_alone(home: Path) -> None:
    folder = home / "services"
    folder.mkdir(parents=True)
    born = psutil.Process(os.getpid()).create_time()
    (folder / "old.json").write_text(json.dumps({"pid": os.getpid(), "born": born - 1000, "url": ""}))
    assert running("old") is None
    assert stop_all() == []
    (folder / "own.json").write_text(json.dumps({"pid": os.getpid(), "born": born, "url": ""}))
    assert running("own") is not None


def test_a_service_that_dies_says_why() -> None:
    with pytest.raises(EnvironmentFault, match=r"ended with code 3: .*no such luck"):
        start(
            Program(name="stays", command=[sys.executable, "-c", "import time; time.sleep(600)"]),
            Program(name="dies", command=[sys.executable, "-c", LUCKLESS], ready=lambda: False),
        )
    assert running("dies") is None
    assert running("stays") is None  # what was started with it is ended


def test_a_taken_port_is_not_offered() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert free_port(port) != port
    assert free_port(port) == port
