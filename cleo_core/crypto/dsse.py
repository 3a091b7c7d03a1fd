"""Signed JSON: a DSSE envelope (https://github.com/secure-systems-lab/dsse) with one Ed25519 signature.

The payload is canonical JSON (RFC 8785) and is parsed only after its signature held. The type of the payload is
signed along, so that a checkpoint can never be shown as an approval.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ed25519

from cleo_core.crypto.errors import SignatureInvalid, SignatureMissing
from cleo_core.crypto.keys import PrivateKey
from cleo_core.crypto.trust_store import Role, TrustedKey, TrustStore
from cleo_core.digest import canonical

Envelope = dict[str, Any]


def pae(payload_type: str, payload: bytes) -> bytes:
    """What is signed: DSSE's pre-authentication encoding."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def sign(payload_type: str, payload: dict[str, Any], key: PrivateKey) -> Envelope:
    """The payload in an envelope, signed."""
    if not isinstance(key.key, ed25519.Ed25519PrivateKey):
        raise SignatureInvalid(f"A {key.role} key does not sign records.")
    body = canonical(payload)
    signature = key.key.sign(pae(payload_type, body))
    return {
        "payloadType": payload_type,
        "payload": base64.b64encode(body).decode(),
        "signatures": [{"keyid": key.fingerprint, "sig": base64.b64encode(signature).decode()}],
    }


def open_envelope(
    envelope: Envelope, payload_type: str, role: Role, store: TrustStore | None = None, *, even_revoked: bool = False
) -> tuple[dict[str, Any], TrustedKey]:
    """The payload and the trusted key that signed it.

    Raises:
        SignatureMissing: there is none.
        SignatureInvalid: it does not hold, the envelope is malformed, or it says to be something else.
        UntrustedKey: the trust store does not hold the key for this role, or it was revoked.
    """
    if not isinstance(envelope, dict):
        raise SignatureInvalid("The record is no envelope.")
    if envelope.get("payloadType") != payload_type:
        raise SignatureInvalid(f"The record is a {envelope.get('payloadType')!r}, not a {payload_type!r}.")
    signatures = envelope.get("signatures")
    if not signatures:
        raise SignatureMissing("The record carries no signature.")
    try:
        if not isinstance(signatures, list) or len(signatures) != 1:
            raise SignatureInvalid("The record must carry exactly one signature.")
        mark, raw = signatures[0]["keyid"], base64.b64decode(signatures[0]["sig"], validate=True)
        body = base64.b64decode(envelope["payload"], validate=True)
        key = (store or TrustStore()).find(role, str(mark), even_revoked=even_revoked)
        public = key.public
        if not isinstance(public, ed25519.Ed25519PublicKey):
            raise SignatureInvalid(f"A {role} key does not sign records.")
        public.verify(raw, pae(payload_type, body))
        payload = json.loads(body)
        # One byte string per value: what was signed and what is read cannot differ (duplicate keys, numbers).
        if not isinstance(payload, dict) or canonical(payload) != body:
            raise SignatureInvalid("The signed payload is not canonical JSON.")
    except InvalidSignature:
        raise SignatureInvalid("The signature of the record does not hold: it was changed.") from None
    except (KeyError, TypeError, ValueError, binascii.Error) as error:
        raise SignatureInvalid(f"The envelope is malformed: {type(error).__name__}.") from None
    return payload, key
