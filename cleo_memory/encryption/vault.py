"""Key-encryption key in HashiCorp Vault or OpenBao: the transit engine wraps and unwraps, the key never leaves it."""

from __future__ import annotations

import base64

import httpx

from cleo_core.errors import ConfigError
from cleo_core.settings import unread
from cleo_memory.errors import BackendDown, KeyUnavailable


class VaultKeys:
    """The key must be of a type with associated data (aes256-gcm96). `current` is its newest version."""

    def __init__(self, url: str, token: str, key: str, *, timeout: float = 5.0) -> None:
        """Raises: ConfigError when what is sent could be read on its way."""
        if not unread(url):
            raise ConfigError(
                "Vault is asked for users' keys in the clear.", hint="Use https:// in CLEO_MEMORY_VAULT_URL."
            )
        self._client = httpx.Client(
            base_url=f"{url.rstrip('/')}/v1/transit", headers={"X-Vault-Token": token}, timeout=timeout
        )
        self._key = key

    def _call(self, method: str, path: str, body: dict[str, str] | None = None) -> dict[str, object]:
        try:
            answer = self._client.request(method, f"{path}/{self._key}", json=body)
        except httpx.HTTPError as error:
            raise BackendDown(f"Vault does not answer ({type(error).__name__}).") from error
        if answer.status_code >= 500 or answer.status_code == 429:
            raise BackendDown(f"Vault answers {answer.status_code}.", hint="Is it sealed?")
        if answer.is_error:
            raise KeyUnavailable(
                f"Vault refuses {path} with {answer.status_code}.", hint="Check token, policy and key."
            )
        data: dict[str, object] = answer.json()["data"]
        return data

    @property
    def current(self) -> str:
        return f"v{self._call('GET', '/keys')['latest_version']}"

    def wrap(self, key: bytes, context: bytes) -> tuple[str, bytes]:
        body = {"plaintext": base64.b64encode(key).decode(), "associated_data": base64.b64encode(context).decode()}
        wrapped = str(self._call("POST", "/encrypt", body)["ciphertext"])  # vault:v3:...
        return wrapped.split(":")[1], wrapped.encode()

    def unwrap(self, kek: str, wrapped: bytes, context: bytes) -> bytes:
        body = {"ciphertext": wrapped.decode(), "associated_data": base64.b64encode(context).decode()}
        return base64.b64decode(str(self._call("POST", "/decrypt", body)["plaintext"]))
