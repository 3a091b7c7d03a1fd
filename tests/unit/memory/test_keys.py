"""Where the key-encryption key may live, and what is refused."""

from __future__ import annotations

import base64
import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import SecretStr, ValidationError

from cleo_core.errors import ConfigError
from cleo_memory import MemorySettings
from cleo_memory.encryption.providers import EnvironmentKeys, FileKeys
from cleo_memory.encryption.vault import VaultKeys
from cleo_memory.errors import BackendDown, KeyUnavailable
from cleo_memory.open import key_provider

pytestmark = pytest.mark.unit


def pair(name: str) -> str:
    return f"{name}:{base64.b64encode(os.urandom(32)).decode()}"


def test_a_file_key_is_made_once_closed_to_others_and_rotates(tmp_path: Path) -> None:
    keys = FileKeys(tmp_path)
    kek, wrapped = keys.wrap(b"k" * 32, b"ann")
    assert FileKeys(tmp_path).unwrap(kek, wrapped, b"ann") == b"k" * 32
    assert keys.rotate() == "2"
    assert keys.unwrap(kek, wrapped, b"ann") == b"k" * 32
    assert keys.wrap(b"k" * 32, b"ann")[0] == "2"
    with pytest.raises(KeyUnavailable, match="moved"):
        keys.unwrap(kek, wrapped, b"bob")
    (tmp_path / "memory-kek-1.key").unlink()
    with pytest.raises(KeyUnavailable, match="not there"):
        FileKeys(tmp_path).unwrap(kek, wrapped, b"ann")


def test_a_key_file_that_others_can_read_or_that_is_damaged_is_refused(tmp_path: Path) -> None:
    FileKeys(tmp_path)
    file = tmp_path / "memory-kek-1.key"
    file.chmod(0o644)
    with pytest.raises(ConfigError, match="read by others"):
        FileKeys(tmp_path)
    file.chmod(0o600)
    FileKeys(tmp_path)
    file.write_text("not a key")
    with pytest.raises(ConfigError, match="32 bytes"):
        FileKeys(tmp_path)


def test_two_processes_that_start_together_agree_on_the_key(tmp_path: Path) -> None:
    keys = FileKeys(tmp_path)
    kek, wrapped = keys.wrap(b"k" * 32, b"")
    keys._create(1)  # the other process, a moment later
    assert FileKeys(tmp_path).unwrap(kek, wrapped, b"") == b"k" * 32
    assert [path.name for path in tmp_path.iterdir()] == ["memory-kek-1.key"]


def test_a_process_that_runs_follows_a_rotation_of_another(tmp_path: Path) -> None:
    running, other = FileKeys(tmp_path), FileKeys(tmp_path)
    assert other.rotate() == "2"
    assert running.unwrap(*other.wrap(b"k" * 32, b"ann"), b"ann") == b"k" * 32
    third = FileKeys(tmp_path).rotate()
    # What it wraps from now on no longer needs the files that may be deleted after the rotation.
    assert running.wrap(b"k" * 32, b"ann")[0] == third == "3"


def test_keys_from_the_environment_rotate_by_order() -> None:
    old, new = pair("old"), pair("new")
    kek, wrapped = EnvironmentKeys(old).wrap(b"k" * 32, b"")
    both = EnvironmentKeys(f"{new}, {old}")
    assert both.current == "new"
    assert both.unwrap(kek, wrapped, b"") == b"k" * 32


@pytest.mark.parametrize("value", ["", "nonsense", "a:", ":b", "a:###", "a:c2hvcnQ="])
def test_what_is_no_key_in_the_environment_is_refused_unseen(value: str) -> None:
    with pytest.raises(ConfigError) as refused:
        EnvironmentKeys(value)
    assert "c2hvcnQ" not in str(refused.value)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"processes": 3}, "CLEO_MEMORY_PROCESSES is 3"),
        ({"key_provider": "environment"}, "CLEO_MEMORY_KEK is not set"),
        ({"key_provider": "vault", "vault_url": "http://x"}, "CLEO_MEMORY_VAULT_TOKEN"),
        ({"half_life_days": 0}, "half_life_days"),
    ],
)
def test_settings_that_cannot_work_are_refused_by_name(values: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        MemorySettings(**values)
    assert MemorySettings(processes=3, catalogue="postgresql://x").retention["episodic"] is None  # type: ignore[index]


class Transit(BaseHTTPRequestHandler):
    """Vault's transit engine as far as it is used: encrypt, decrypt with associated data, read the key."""

    key = AESGCM(os.urandom(32))

    def log_message(self, *_: Any) -> None: ...

    def answer(self) -> None:
        given = json.loads(self.rfile.read(int(self.headers.get("content-length") or 0)) or b"{}")
        status, data = 200, {}
        context = base64.b64decode(given.get("associated_data", ""))
        if self.headers["X-Vault-Token"] == "sealed":
            status = 503
        elif self.headers["X-Vault-Token"] != "good" or not self.path.endswith("/cleo"):
            status = 403
        elif "/encrypt/" in self.path:
            nonce = os.urandom(12)
            body = nonce + self.key.encrypt(nonce, base64.b64decode(given["plaintext"]), context)
            data = {"ciphertext": f"vault:v3:{base64.b64encode(body).decode()}"}
        elif "/decrypt/" in self.path:
            body = base64.b64decode(given["ciphertext"].split(":")[2])
            try:
                plain = self.key.decrypt(body[:12], body[12:], context)
                data = {"plaintext": base64.b64encode(plain).decode()}
            except Exception:
                status = 400
        else:
            data = {"latest_version": 3}  # type: ignore[dict-item]
        sent = json.dumps({"data": data}).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)

    do_GET = do_POST = answer


@pytest.fixture
def vault() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Transit)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_vault_wraps_without_giving_its_key_away(vault: str) -> None:
    settings = MemorySettings(key_provider="vault", vault_url=vault, vault_token="good", vault_key="cleo")  # type: ignore[arg-type]
    keys = key_provider(settings)
    assert isinstance(keys, VaultKeys)
    assert keys.current == "v3"
    kek, wrapped = keys.wrap(b"k" * 32, b"ann")
    assert kek == "v3"
    assert keys.unwrap(kek, wrapped, b"ann") == b"k" * 32
    with pytest.raises(KeyUnavailable):
        keys.unwrap(kek, wrapped, b"bob")


def test_a_vault_is_never_spoken_to_in_the_clear(vault: str) -> None:
    for away in ("http://vault.example.org:8200", "http://10.0.0.7", "vault.example.org"):
        with pytest.raises(ConfigError, match="in the clear"):
            VaultKeys(away, "good", "cleo")
        given = MemorySettings(key_provider="vault", vault_url=away, vault_token=SecretStr("good"))
        assert any("in the clear" in problem for problem in given.problems())
    assert VaultKeys("https://vault.example.org", "good", "cleo")
    given = MemorySettings(key_provider="vault", vault_url=vault, vault_token=SecretStr("good"))
    assert not list(given.problems())


def test_a_vault_that_refuses_is_not_taken_for_one_that_is_down(vault: str) -> None:
    with pytest.raises(KeyUnavailable, match="403"):
        VaultKeys(vault, "bad", "cleo").wrap(b"k", b"")
    with pytest.raises(BackendDown, match="503"):
        VaultKeys(vault, "sealed", "cleo").wrap(b"k", b"")
    with pytest.raises(BackendDown, match="does not answer"):
        VaultKeys("http://127.0.0.1:9", "good", "cleo", timeout=0.5).wrap(b"k", b"")


def test_the_provider_follows_the_settings(home: Path) -> None:
    assert isinstance(key_provider(MemorySettings()), FileKeys)
    settings = MemorySettings(key_provider="environment", kek=pair("one"))  # type: ignore[arg-type]
    assert isinstance(key_provider(settings), EnvironmentKeys)
