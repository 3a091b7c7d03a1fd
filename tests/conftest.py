"""What every test gets: a home of its own, quiet libraries, no network to a model hub."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from cleo_core.wheels import PINNED

os.environ.update(
    OMP_WAIT_POLICY="passive",
    HF_HUB_OFFLINE="1",
    TOKENIZERS_PARALLELISM="false",
    DAGSTER_DISABLE_TELEMETRY="yes",
    DO_NOT_TRACK="1",
    GX_ANALYTICS_ENABLED="false",
)


# A shell that starts the tests in the background has SIGINT ignored, and what the tests start would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


OWN_HOME = Path(__file__).parents[1] / ".cleo"
# What `make setup` fetched: pinned by sha256, so sharing it between tests and runs is safe.
ASSETS = OWN_HOME / "assets"
BEFORE = pytest.StashKey[dict[Path, tuple[int, int]]]()


def _own_files() -> dict[Path, tuple[int, int]]:
    """Every file of the home of the person who runs the tests, with its size and the time of its last change."""
    return {
        path: (facts.st_size, facts.st_mtime_ns)
        for path in OWN_HOME.rglob("*")
        if path.is_file() and (facts := path.stat())
    }


def pytest_sessionstart(session: pytest.Session) -> None:
    session.config.stash[BEFORE] = _own_files()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """No test may touch the home of the person who runs the tests."""
    if hasattr(session.config, "workerinput"):  # the controller of pytest-xdist looks
        return
    before, after = session.config.stash[BEFORE], _own_files()
    # What `make run` or `make ui` left running writes there by right; pinned data may be fetched by the first test.
    served = any((OWN_HOME / "services").glob("*.json"))
    wheels = tuple(wheel.name for wheel in PINNED)
    changed = [
        str(path)
        for path in sorted({*before, *after})
        if before.get(path) != after.get(path)
        and not (path.is_relative_to(ASSETS) and path.relative_to(ASSETS).parts[0].startswith(wheels))
    ]
    if changed and not served:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        print(f"\nThe tests changed the user's own home: {', '.join(changed[:5])}", file=sys.stderr)


def pytest_unconfigure() -> None:
    """End the servers that tests of several folders shared."""
    if servers := sys.modules.get("tests.servers"):
        servers.close_all()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A private CLEO_HOME; no variable of the person who runs the tests reaches them."""
    for name in [name for name in os.environ if name.startswith("CLEO_") and not name.startswith("CLEO_TEST_")]:
        monkeypatch.delenv(name)
    place = tmp_path / "home"
    monkeypatch.setenv("CLEO_HOME", str(place))
    monkeypatch.setenv("CLEO_ASSETS", str(ASSETS))
    monkeypatch.chdir(tmp_path)
    return place
