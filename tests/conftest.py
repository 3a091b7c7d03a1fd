"""What every test gets: a home of its own, quiet libraries, no network to a model hub."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

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


def pytest_unconfigure() -> None:
    """End the servers that tests of several folders shared."""
    if servers := sys.modules.get("tests.servers"):
        servers.close_all()


# What `make setup` fetched: pinned by sha256, so sharing it between tests and runs is safe.
ASSETS = Path(__file__).parents[1] / ".cleo" / "assets"


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
