"""The sealed form of everything that is derived from a memory.

    envelope = version (1) | algorithm (1) | key version (4, big-endian) | nonce (12) | ciphertext and tag

AES-256-GCM under a subkey of the user's data key. What the ciphertext belongs to is in its associated data: moved to
another user, record, field, tier or version it does not open.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from cleo_memory.errors import SealBroken
from cleo_memory.records import Owner

VERSION = 1
AES_256_GCM = 1
HEADER = struct.Struct(">BBI12s")


def joined(*parts: bytes) -> bytes:
    """Each part with its length in front: no two different lists of parts have the same bytes."""
    return b"".join(struct.pack(">I", len(part)) + part for part in parts)


@dataclass(frozen=True, slots=True)
class Binding:
    """What a ciphertext belongs to."""

    tenant: str
    owner: Owner
    record: str
    field: str
    location: str
    """The tier, or what else holds it (``index``, ``catalogue``)."""
    version: int

    def encode(self, key_version: int) -> bytes:
        parts = [self.tenant, self.owner, self.record, self.field, self.location, str(self.version), str(key_version)]
        return joined(*(part.encode() for part in parts))


def seal_envelope(cipher: AESGCM, key_version: int, binding: Binding, plaintext: bytes) -> bytes:
    nonce = os.urandom(12)
    header = HEADER.pack(VERSION, AES_256_GCM, key_version, nonce)
    # The header's own bytes are authenticated too: version and algorithm cannot be changed in place.
    return header + cipher.encrypt(nonce, plaintext, header + binding.encode(key_version))


def key_version_of(envelope: bytes) -> int:
    """Which version of the user's key opens it.

    Raises:
        SealBroken: it is no envelope of a known version.
    """
    if len(envelope) < HEADER.size + 16 or envelope[0] != VERSION or envelope[1] != AES_256_GCM:
        raise SealBroken("These bytes are no sealed memory of a known version.")
    return int(HEADER.unpack_from(envelope)[2])


def open_envelope(cipher: AESGCM, binding: Binding, envelope: bytes) -> bytes:
    """Raises: SealBroken when it was not sealed with this key for this binding."""
    key_version = key_version_of(envelope)
    nonce = HEADER.unpack_from(envelope)[3]
    header = envelope[: HEADER.size]
    try:
        return cipher.decrypt(nonce, envelope[HEADER.size :], header + binding.encode(key_version))
    except InvalidTag:
        raise SealBroken(
            f"The {binding.field} of memory {binding.record} does not open: it was changed, moved or rolled back.",
            hint="Restore this store from a backup, or forget the memory.",
        ) from None
