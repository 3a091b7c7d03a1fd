"""A registry server that lies about names, kinds and sizes writes nothing outside the folder, or nothing at all."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlparse

import pytest

from cleo_core.errors import EnvironmentFault
from cleo_core.registry.artifacts import fetch_files
from cleo_core.registry.errors import RegistryError, UnsafeArtifact

pytestmark = pytest.mark.security

HONEST: dict[str, list[dict[str, Any]]] = {
    "": [{"path": "bundle", "is_dir": True}, {"path": "signature", "is_dir": True}],
    "bundle": [{"path": "card.md", "is_dir": False, "file_size": 4}],
    "signature": [{"path": "bundle.sig", "is_dir": False, "file_size": 4}],
}


class Liar(BaseHTTPRequestHandler):
    """The artifact part of an MLflow server, answering whatever the test wants."""

    listing: dict[str, list[dict[str, Any]]]
    served: list[str]

    def do_GET(self) -> None:
        url = urlparse(self.path)
        root = "/api/2.0/mlflow-artifacts/artifacts"
        if url.path == root:
            folder = parse_qs(url.query).get("path", [""])[0].removeprefix("m").strip("/")
            body = json.dumps({"files": self.listing.get(folder, [])}).encode()
        else:
            self.served.append(url.path.removeprefix(root))
            body = b"evil"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def server(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Liar]]:
    handler = type("Handler", (Liar,), {"listing": dict(HONEST), "served": []})
    listening = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=listening.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setenv("CLEO_MLFLOW_URI", f"http://127.0.0.1:{listening.server_port}")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    yield handler
    listening.shutdown()
    listening.server_close()
    thread.join()


def _everything(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def test_an_honest_server_is_copied_from(server: type[Liar], tmp_path: Path) -> None:
    files = fetch_files("mlflow-artifacts:/m", tmp_path / "into")
    assert (files.bundle / "card.md").read_bytes() == b"evil"
    assert _everything(tmp_path / "into") == {"bundle", "bundle/card.md", "bundle.sig"}


LIES: dict[str, dict[str, list[dict[str, Any]]]] = {
    "a path upwards": {"bundle": [{"path": "../../../escaped.json", "is_dir": False}]},
    "a path upwards at the top": {"": [{"path": "../escaped", "is_dir": False}]},
    "an absolute path": {"bundle": [{"path": "/tmp/escaped.json", "is_dir": False}]},
    "a path that hides its way": {"bundle": [{"path": "x/../../../escaped.json", "is_dir": False}]},
    "an encoded path upwards": {"bundle": [{"path": "%2e%2e/escaped.json", "is_dir": False}]},
    "a backslash": {"bundle": [{"path": "..\\escaped.json", "is_dir": False}]},
    "a name no bundle has": {"bundle": [{"path": "model.pkl", "is_dir": False}]},
    "a folder in the bundle": {"bundle": [{"path": "inner", "is_dir": True}]},
    "a folder beside the bundle": {"": [*HONEST[""], {"path": "hooks", "is_dir": True}]},
    "a file beside the bundle": {"": [*HONEST[""], {"path": "MLmodel", "is_dir": False}]},
    "a second signature": {"signature": [{"path": "other.sig", "is_dir": False}]},
    "a NUL": {"bundle": [{"path": "card.md\0.pkl", "is_dir": False}]},
    "an empty name": {"bundle": [{"path": "", "is_dir": False}]},
    "more files than a bundle has": {"bundle": [{"path": "card.md", "is_dir": False}] * 2001},
}


@pytest.mark.parametrize("what", LIES)
def test_a_lying_server_writes_nothing(server: type[Liar], tmp_path: Path, what: str) -> None:
    server.listing = HONEST | LIES[what]
    with pytest.raises((UnsafeArtifact, RegistryError)):
        fetch_files("mlflow-artifacts:/m", tmp_path / "deep" / "er" / "into")
    assert server.served == [], "refused before the first file is asked for"
    assert not any("escaped" in name or "pkl" in name for name in _everything(tmp_path))


def test_a_bundle_larger_than_the_disk_is_refused_before_it_fills_it(server: type[Liar], tmp_path: Path) -> None:
    server.listing = HONEST | {"bundle": [{"path": "model.safetensors", "is_dir": False, "file_size": 1 << 60}]}
    with pytest.raises(EnvironmentFault, match="the disk"):
        fetch_files("mlflow-artifacts:/m", tmp_path / "into")
    assert server.served == []


def test_a_folder_that_holds_something_already_is_not_mixed_with(server: type[Liar], tmp_path: Path) -> None:
    (tmp_path / "into" / "bundle").mkdir(parents=True)
    with pytest.raises(UnsafeArtifact, match="not empty"):
        fetch_files("mlflow-artifacts:/m", tmp_path / "into")
    shutil.rmtree(tmp_path / "into")
    assert fetch_files("mlflow-artifacts:/m", tmp_path / "into")
