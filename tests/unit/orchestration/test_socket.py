"""Where the code server listens, for homes whose path is too long for a socket."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from cleo_core.errors import EnvironmentFault
from orchestration.local.ui import _socket

pytestmark = pytest.mark.unit


@pytest.fixture
def long_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with a long path, and a short folder for temporary files."""
    place = Path(tempfile.mkdtemp(prefix="t"))
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    monkeypatch.setenv("CLEO_HOME", str(tmp_path / ("long" * 30)))
    return place


def test_a_long_home_gets_one_short_folder_of_its_own_however_often_it_starts(long_home: Path) -> None:
    first = _socket()
    first.touch()
    assert _socket() == first
    assert not first.exists()
    assert list(long_home.iterdir()) == [first.parent]
    assert first.parent.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_others_can_reach_is_refused(long_home: Path) -> None:
    _socket().parent.chmod(0o755)
    with pytest.raises(EnvironmentFault, match="not a folder of yours alone"):
        _socket()


def test_a_short_home_holds_the_socket_itself(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory(prefix="t") as short:
        monkeypatch.setenv("CLEO_HOME", short)
        assert _socket() == Path(short).resolve() / "dagster" / "code.sock"
