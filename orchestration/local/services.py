"""Programs that go on in the background: started once, found again, and ended by pid, never by name."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from cleo_core.errors import EnvironmentFault
from cleo_core.files import write_json
from cleo_core.settings import home

GRACE_SECONDS = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A program to start in the background."""

    name: str
    command: Sequence[str]
    url: str = ""
    ready: Callable[[], bool] = lambda: True
    env: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Service:
    """A background program, known by its pid and the second it was born: a pid alone may be somebody else's by now."""

    name: str
    pid: int
    born: float
    url: str

    @property
    def alive(self) -> bool:
        try:
            process = psutil.Process(self.pid)
            return abs(process.create_time() - self.born) < 1 and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False


def _file(name: str) -> Path:
    return home("services") / f"{name}.json"


def _log(name: str) -> Path:
    return home("logs") / f"{name}.log"


def _recorded() -> list[Service]:
    return [Service(file.stem, **json.loads(file.read_text())) for file in sorted(home("services").glob("*.json"))]


def running(name: str) -> Service | None:
    """The service of this name, when it is alive."""
    return next((service for service in _recorded() if service.name == name and service.alive), None)


@dataclass(frozen=True, slots=True)
class _Started:
    program: Program
    process: subprocess.Popen[bytes]
    service: Service
    begin: int
    """Where this start begins in the log."""


def start(*programs: Program, timeout: float = 120.0) -> list[Service]:
    """Start programs at once, each in a session of its own, and wait until all are ready.

    Raises:
        EnvironmentFault: one ended, or was not ready in time; the message quotes the last lines of its log. All are
            ended then.
    """
    started: list[_Started] = []
    began = time.monotonic()
    try:
        started.extend(map(_launch, programs))
        waiting = started
        while waiting := [one for one in waiting if not one.program.ready()]:
            late = waiting if time.monotonic() - began > timeout else []
            for one in (*(one for one in started if one.process.poll() is not None), *late):
                raise _fault(one, timeout)
            time.sleep(0.2)
    except BaseException:
        end(*(one.service for one in started))
        raise
    return [one.service for one in started]


def _launch(program: Program) -> _Started:
    with _log(program.name).open("ab") as sink:
        begin = sink.tell()
        process = subprocess.Popen(  # noqa: S603 - the command is ours, as a list
            list(program.command),
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            start_new_session=True,
            env=program.env,
        )
    service = Service(program.name, process.pid, psutil.Process(process.pid).create_time(), program.url)
    write_json(_file(service.name), {"pid": service.pid, "born": service.born, "url": service.url})
    return _Started(program, process, service, begin)


def _fault(one: _Started, timeout: float) -> EnvironmentFault:
    name, code = one.program.name, one.process.poll()
    why = f"was not ready after {timeout:.0f} s" if code is None else f"ended with code {code}"
    tail = _log(name).read_bytes()[one.begin :].decode(errors="replace").strip().splitlines()[-5:]
    return EnvironmentFault(f"{name} {why}: {' | '.join(tail) or 'its log is empty'}", hint=f"Its log is {_log(name)}.")


def end(*services: Service) -> list[str]:
    """End services and all they started: all are asked at once, what is left after a while is killed.

    Returns:
        The names of those that were running.
    """
    alive = [service for service in services if service.alive]
    left = [process for service in alive for process in _started_by(service)]
    for sent in (signal.SIGTERM, signal.SIGKILL):
        for service in alive:
            with suppress(ProcessLookupError, PermissionError):  # also what was started, or orphaned, meanwhile
                os.killpg(service.pid, sent)
        for process in left if sent == signal.SIGKILL else ():
            with suppress(psutil.NoSuchProcess):
                process.kill()  # what left the group
        _, left = psutil.wait_procs(left, GRACE_SECONDS)
    for service in services:
        _file(service.name).unlink(missing_ok=True)
    return [service.name for service in alive]


def _started_by(service: Service) -> list[psutil.Process]:
    """A service's process, what it started, and what else is in its group: an orphan is no child of it any more."""
    found: set[psutil.Process] = set()
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(service.pid)
        found = {process, *process.children(recursive=True)}
    for process in psutil.process_iter():
        with suppress(ProcessLookupError, PermissionError):
            if os.getpgid(process.pid) == service.pid:
                found.add(process)
    return list(found)


def stop_all() -> list[str]:
    """End every service that was started from this home; the names of those that were running."""
    return end(*_recorded())


def free_port(wanted: int) -> int:
    """`wanted` when nothing listens there, else any free port of the loopback address."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
