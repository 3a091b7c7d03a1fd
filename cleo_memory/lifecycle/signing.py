"""What outlives an act: a signature of this installation's audit key, and a record in its audit log."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

from cleo_core.audit.log import record
from cleo_core.crypto.dsse import Envelope, open_envelope
from cleo_core.crypto.errors import KeyMissing
from cleo_core.crypto.keys import PrivateKey, ensure_development_keys, load_private
from cleo_core.settings import CoreSettings, load

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


def read_signed(kind: str, envelope: Envelope) -> dict[str, Any]:
    """The payload. Raises: SignatureInvalid, SignatureMissing, UntrustedKey."""
    payload, _ = open_envelope(envelope, kind, "audit")
    return payload


async def audit(event: str, subject: str, **details: Any) -> None:
    """Record what was done to a user, by pseudonym, or to a key."""
    await asyncio.to_thread(partial(record, event, "memory", subject, **details))
