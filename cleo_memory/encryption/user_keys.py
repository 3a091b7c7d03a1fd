"""The opened keys of one user: seal, open, and keyed hashes by which equal texts are found without being readable."""

from __future__ import annotations

import hmac
from hashlib import sha256

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from cleo_memory.encryption.envelope import Binding, joined, key_version_of, open_envelope, seal_envelope
from cleo_memory.errors import KeyUnavailable
from cleo_memory.records import Owner

__all__ = ["LOOKUP", "UserKeys", "keyed_hash"]

LOOKUP = 0  # this version never seals and never rotates: it is the key of the user's keyed hashes


def keyed_hash(key: bytes, *parts: bytes) -> str:
    return hmac.new(key, joined(*parts), sha256).hexdigest()[:32]


class UserKeys:
    """The opened keys of one user, by version."""

    def __init__(self, tenant: str, owner: Owner, keys: dict[int, bytes]) -> None:
        self.tenant, self.owner, self.current = tenant, owner, max(keys)
        self._keys = keys
        self._lookup = self._derive(LOOKUP, "lookup")
        self._ciphers: dict[tuple[int, str], AESGCM] = {}
        self._hashes: dict[tuple[int, str], bytes] = {}

    @property
    def versions(self) -> frozenset[int]:
        return frozenset(self._keys)

    def _derive(self, version: int, purpose: str) -> bytes:
        if version not in self._keys:
            raise KeyUnavailable(f"Version {version} of this user's key is gone.")
        info = f"cleo-memory/{purpose}".encode()
        return HKDF(SHA256(), 32, salt=self.owner.encode(), info=info).derive(self._keys[version])

    def _cipher(self, version: int, purpose: str) -> AESGCM:
        cipher = self._ciphers.get((version, purpose))
        if cipher is None:
            cipher = self._ciphers[version, purpose] = AESGCM(self._derive(version, purpose))
        return cipher

    def blind(self, purpose: str, text: str) -> str:
        """A keyed hash by which equal texts of this user can be looked up without being readable. It goes with the
        user's keys: after an erasure nobody can even confirm a guess from an old backup."""
        return keyed_hash(self._lookup, purpose.encode(), text.encode("utf-8", "surrogatepass"))

    def seal(self, record: str, field: str, location: str, version: int, plaintext: bytes) -> bytes:
        """Seal under the current key. `field` also chooses the subkey."""
        binding = Binding(self.tenant, self.owner, record, field, location, version)
        return seal_envelope(self._cipher(self.current, field), self.current, binding, plaintext)

    def mac(self, version: int, data: bytes, purpose: str = "digest") -> str:
        """Keyed digest under one version of the key: tells that two copies hold the same without keeping either."""
        if (key := self._hashes.get((version, purpose))) is None:
            key = self._hashes[version, purpose] = self._derive(version, purpose)
        return keyed_hash(key, data)

    def open(self, record: str, field: str, location: str, version: int, envelope: bytes) -> bytes:
        """Raises: SealBroken, KeyUnavailable."""
        binding = Binding(self.tenant, self.owner, record, field, location, version)
        return open_envelope(self._cipher(key_version_of(envelope), field), binding, envelope)
