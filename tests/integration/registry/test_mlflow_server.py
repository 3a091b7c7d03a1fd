"""The same promises against a real MLflow server over HTTP, with artifacts that the server hands out."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from cleo_core import registry
from cleo_core.errors import CleoError
from cleo_core.provenance.errors import BundleChanged, NotApproved
from cleo_core.registry.errors import RegistryError, UnsafeArtifact, VersionNotFound
from cleo_core.registry.pull import pull
from tests.trust_bundles import make_keys, register_bundle

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """An MLflow server on a free port, set up as `cleo ui` does it."""
    place = tmp_path_factory.mktemp("server")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [str(Path(sys.executable).parent / "mlflow"), "server", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--workers", "1", "--backend-store-uri", f"sqlite:///{place / 'mlflow.db'}"]
    command += ["--serve-artifacts", "--artifacts-destination", (place / "artifacts").as_uri()]
    settings = {
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_CREATE_MODEL_VERSION_SOURCE_VALIDATION_REGEX": r"^(runs|models):/.*$",
    }
    with (place / "log").open("wb") as sink:
        process = subprocess.Popen(
            command, stdout=sink, stderr=sink, env=os.environ | settings, start_new_session=True, cwd=place
        )
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 120
        while True:
            try:
                if httpx.get(f"{url}/health", timeout=2).is_success:
                    break
            except httpx.HTTPError:
                pass
            assert process.poll() is None, (place / "log").read_text()[-2000:]
            assert time.monotonic() < deadline, "the server did not start"
            time.sleep(0.2)
        yield url, place
    finally:
        os.killpg(process.pid, 15)
        process.wait(timeout=20)


def test_a_bundle_goes_over_http_and_comes_back_verified_and_not_when_it_was_changed_there(
    server: tuple[str, Path], home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, place = server
    monkeypatch.setenv("CLEO_MLFLOW_URI", url)
    make_keys()
    with pytest.raises(VersionNotFound):
        registry.resolve("champion")
    assert registry.list_versions() == []
    made = register_bundle(tmp_path, seed=1)
    assert registry.register(made.bundle, made.signature, "again") == made.version
    registry.promote(made.version)
    with pytest.raises(NotApproved):
        pull()
    made.decide()
    model = pull()
    assert (model.version, model.bundle_digest) == (made.version, made.signed.digest)
    model.confirm(deep=True)
    model.release()
    assert [one.aliases for one in registry.list_versions()] == [("candidate", "champion")]
    assert not (home / "mlflow" / "mlflow.db").exists(), "nothing goes to the embedded store"

    stored = next(place.glob("artifacts/**/bundle/model.safetensors"))
    good = stored.read_bytes()
    stored.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    with pytest.raises(BundleChanged):
        pull()
    stored.write_bytes(good)
    (stored.parent / "evil.pkl").write_bytes(b"\x80\x04.")
    with pytest.raises(UnsafeArtifact, match=r"evil\.pkl"):
        pull()
    (stored.parent / "evil.pkl").unlink()
    pull().release()


@pytest.mark.parametrize("source", ["/etc", "file:///etc/passwd", "s3://bucket/model", "http://example.org/model"])
def test_the_server_itself_refuses_a_version_that_points_at_a_path(server: tuple[str, Path], source: str) -> None:
    url, _ = server
    httpx.post(f"{url}/api/2.0/mlflow/registered-models/create", json={"name": "attack"}, timeout=30)
    answer = httpx.post(
        f"{url}/api/2.0/mlflow/model-versions/create", json={"name": "attack", "source": source}, timeout=30
    )
    assert answer.status_code == 400
    assert "Invalid model version source" in answer.text


def test_a_server_that_went_away_is_one_clear_error_and_no_model(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv("CLEO_MLFLOW_URI", "http://127.0.0.1:9")
    for call in (lambda: registry.resolve("champion"), registry.list_versions, lambda: pull("champion")):
        with pytest.raises(RegistryError) as refusal:
            call()
        assert isinstance(refusal.value, CleoError)
        assert "CLEO_MLFLOW_URI" in (refusal.value.hint or "")
