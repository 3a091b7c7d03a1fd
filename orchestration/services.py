"""Programs that go on in the background: started once, found again, and ended by pid, never by name."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil

from cleo_core.errors import EnvironmentFault
from cleo_core.settings import home

__all__ = ["Service", "free_port", "running", "start", "stop_all"]

GRACE_SECONDS = 15.0


class Service:
    """A background program, known by its pid and the second it was born: a pid alone may be somebody else's by now."""

    def __init__(self, name: str, pid: int, born: float, url: str) -> None:
        self.name, self.pid, self.born, self.url = name, pid, born, url

    @property
    def alive(self) -> bool:
        try:
            process = psutil.Process(self.pid)
            return abs(process.create_time() - self.born) < 1 and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    def stop(self) -> bool:
        """End the program and all it started (its process group). True when it was running."""
        was_alive = self.alive
        if was_alive:
            children = psutil.Process(self.pid).children(recursive=True)
            for sign in (signal.SIGTERM, signal.SIGKILL):
                try:
                    os.killpg(self.pid, sign)
                except ProcessLookupError:
                    break
                _, left = psutil.wait_procs(
                    [psutil.Process(self.pid), *children] if self.alive else children, GRACE_SECONDS
                )
                if not left:
                    break
        _file(self.name).unlink(missing_ok=True)
        return was_alive


def _file(name: str) -> Path:
    return home("services") / f"{name}.json"


def running(name: str) -> Service | None:
    """The service of this name, when it is alive."""
    try:
        record = json.loads(_file(name).read_text())
    except FileNotFoundError:
        return None
    service = Service(name, record["pid"], record["born"], record["url"])
    return service if service.alive else None


def start(
    name: str,
    command: Sequence[str],
    url: str,
    ready: Callable[[], bool],
    *,
    env: dict[str, str] | None = None,
    timeout: float = 120.0,
    waiting: Callable[[float], None] = lambda seconds: None,
) -> Service:
    """Start a program in a session of its own and wait until it is ready.

    Raises:
        EnvironmentFault: it ended, or was not ready in time; the message quotes the last lines of its log.
    """
    log = home("logs") / f"{name}.log"
    with log.open("ab") as sink:
        begin = sink.tell()
        process = subprocess.Popen(  # noqa: S603 - the command is ours, as a list
            list(command), stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, start_new_session=True, env=env
        )
    service = Service(name, process.pid, psutil.Process(process.pid).create_time(), url)
    _file(name).write_text(json.dumps({"pid": service.pid, "born": service.born, "url": url}))
    began = time.monotonic()
    try:
        while time.monotonic() - began < timeout:
            if process.poll() is not None:
                break
            if ready():
                return service
            waiting(time.monotonic() - began)
            time.sleep(0.3)
    except BaseException:
        service.stop()
        raise
    ended = process.poll()
    service.stop()
    tail = log.read_bytes()[begin:].decode(errors="replace").strip().splitlines()[-5:]
    why = f"ended with code {ended}" if ended is not None else f"was not ready after {timeout:.0f} s"
    raise EnvironmentFault(f"{name} {why}: {' | '.join(tail) or 'its log is empty'}", hint=f"Its log is {log}.")


def stop_all() -> list[str]:
    """End every service that was started from this home; the names of those that were running."""
    ended = []
    for file in sorted(home("services").glob("*.json")):
        record = json.loads(file.read_text())
        if Service(file.stem, record["pid"], record["born"], record["url"]).stop():
            ended.append(file.stem)
    return ended


def free_port(wanted: int) -> int:
    """`wanted` when nothing listens there, else any free port of the loopback address."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise EnvironmentFault("No free port on 127.0.0.1.", hint="End a program that listens there.")
