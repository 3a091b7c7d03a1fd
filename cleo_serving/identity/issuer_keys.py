"""The public keys of an external token issuer, read from a JWKS file that its operator replaces when they rotate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from cleo_core.errors import ConfigError
from cleo_core.telemetry import get_logger
from cleo_serving.errors import BadRequest
from cleo_serving.security.body import parse_json

log = get_logger(__name__)


class IssuerKeys:
    """The keys in a file, read again when it changes; while it cannot be read, those that it held last."""

    def __init__(self, issuer: str, path: Path) -> None:
        """Raises:
        ConfigError: the file holds no JWKS with public keys.
        """
        self.issuer = issuer
        self.stale = False
        """The file cannot be read now: the last good keys are in use."""
        self._path = path
        self._facts: tuple[int, int] | None = None
        try:
            self._keys = self._read()
        except (OSError, ValueError, KeyError, TypeError, JoseError, BadRequest) as error:
            raise ConfigError(
                f"The key file {path} of a token issuer cannot be read ({type(error).__name__}).",
                hint="It must be a JWKS with public keys: CLEO_SERVING_ISSUERS[].keys.",
            ) from None

    def current(self) -> KeySet:
        """The keys that tokens of this issuer are checked with."""
        try:
            self._keys, stale = self._read(), False
        except (OSError, ValueError, KeyError, TypeError, JoseError, BadRequest) as error:
            stale = True
            if not self.stale:
                log.error("the keys of a token issuer cannot be read", issuer=self.issuer, error=type(error).__name__)
        self.stale = stale
        return self._keys

    def _read(self) -> KeySet:
        facts = self._path.stat()
        if self._facts == (facts.st_mtime_ns, facts.st_size):
            return self._keys
        value: Any = parse_json(self._path.read_bytes())
        for key in value["keys"]:
            if key.get("kty") == "oct" or "d" in key:
                raise ValueError("not a public key")
        found = KeySet.import_key_set(value)
        if not found.keys:
            raise ValueError("no key")
        self._facts = (facts.st_mtime_ns, facts.st_size)
        return found
