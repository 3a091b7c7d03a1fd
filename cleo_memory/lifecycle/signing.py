"""The key that receipts and manifests are signed with: the audit key of this installation."""

from __future__ import annotations

from typing import Any

from cleo_core.crypto.dsse import Envelope, open_envelope, sign
from cleo_core.crypto.errors import KeyMissing
from cleo_core.crypto.keys import PrivateKey, ensure_development_keys, load_private
from cleo_core.settings import CoreSettings, load

__all__ = ["ERASURE", "EXPORT", "read_signed", "signed", "signing_key"]

ERASURE = "application/vnd.cleo.erasure-receipt+json"
EXPORT = "application/vnd.cleo.memory-export+json"


def signing_key() -> PrivateKey:
    """Raises: KeyMissing outside development, where keys are made on purpose."""
    try:
        return load_private("audit")
    except KeyMissing:
        if load(CoreSettings).environment != "development":
            raise
        ensure_development_keys()
        return load_private("audit")


def signed(kind: str, payload: dict[str, Any], key: PrivateKey) -> Envelope:
    return sign(kind, payload, key)


def read_signed(kind: str, envelope: Envelope) -> dict[str, Any]:
    """The payload. Raises: SignatureInvalid, SignatureMissing, UntrustedKey."""
    payload, _ = open_envelope(envelope, kind, "audit")
    return payload
