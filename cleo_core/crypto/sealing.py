"""Sealed values: AES-256-GCM in a versioned envelope, and keys derived by HKDF.

    version (1) | algorithm (1) | key version (4) | nonce (12) | ciphertext and tag

Where a value belongs (tenant, user, record, field, …) is bound to it as associated data, each part with its length
in front, so a value that is moved elsewhere does not open, and no two lists of parts read the same.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from cleo_core.crypto.errors import SealBroken

__all__ = ["associated_data", "derive", "key_version", "new_key", "open_sealed", "seal"]

HEADER = struct.Struct(">BBI")
VERSION, AES_256_GCM = 1, 1
NONCE = 12


def new_key() -> bytes:
    """32 random bytes."""
    return AESGCM.generate_key(256)


def derive(key: bytes, purpose: str, *, salt: bytes | None = None) -> bytes:
    """A key of 32 bytes for one purpose (HKDF-SHA256, RFC 5869): knowing it tells nothing of the others."""
    return HKDF(hashes.SHA256(), 32, salt=salt, info=b"cleo/" + purpose.encode()).derive(key)


def associated_data(parts: Sequence[str | bytes | int]) -> bytes:
    """The parts, each with its length in front."""
    encoded = [part if isinstance(part, bytes) else str(part).encode() for part in parts]
    return b"".join(struct.pack(">Q", len(part)) + part for part in encoded)


def seal(key: bytes, plaintext: bytes, *, belongs: Sequence[str | bytes | int], version: int = 1) -> bytes:
    """Seal a value to the place where it belongs, under version `version` of a key of 32 bytes."""
    header = HEADER.pack(VERSION, AES_256_GCM, version)
    nonce = os.urandom(NONCE)
    return header + nonce + AESGCM(key).encrypt(nonce, plaintext, header + associated_data(belongs))


def key_version(envelope: bytes) -> int:
    """Which version of the key an envelope is under.

    Raises:
        SealBroken: it is no envelope of this format.
    """
    if len(envelope) < HEADER.size + NONCE + 16:
        raise SealBroken("A sealed value is cut short.")
    version, algorithm, number = HEADER.unpack_from(envelope)
    if (version, algorithm) != (VERSION, AES_256_GCM):
        raise SealBroken(f"A sealed value of format {version}/{algorithm} is unknown here.")
    return int(number)


def open_sealed(key: bytes | Callable[[int], bytes], envelope: bytes, *, belongs: Sequence[str | bytes | int]) -> bytes:
    """Open a sealed value.

    Args:
        key: the key, or a function from key version to key.

    Raises:
        SealBroken: it was changed, belongs elsewhere, or is under another key.
    """
    number = key_version(envelope)
    header, nonce, body = envelope[: HEADER.size], envelope[HEADER.size : HEADER.size + NONCE], envelope[18:]
    secret = key(number) if callable(key) else key
    try:
        return AESGCM(secret).decrypt(nonce, body, header + associated_data(belongs))
    except InvalidTag:
        raise SealBroken("A sealed value does not open: changed, moved, or under another key.") from None
