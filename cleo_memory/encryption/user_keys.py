"""The opened keys of one user: seal, open, keyed hashes by which equal texts are found without being readable, and the
signature of a catalogue row (`seal`), a keyed hash over what it says of a memory.

Whoever may write the catalogue, but has no keys, can take a row away; a time, an importance, a validity, a place in a
conversation that was changed shows when the memory is read. What only decides where a memory lives (tier, score,
pinning) is not in it, because it changes without the user's key.
"""

from __future__ import annotations

import hmac
import json
from dataclasses import replace
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from cleo_memory.catalog.entry import Entry
from cleo_memory.encryption.envelope import Binding, joined, key_version_of, open_envelope, seal_envelope
from cleo_memory.errors import KeyUnavailable, SealBroken
from cleo_memory.records import Owner

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


ROW = "row"


class RowMac:
    """Signs and checks rows of one user."""

    def __init__(self, keys: UserKeys) -> None:
        self._keys = keys

    def sign(self, entry: Entry, **changes: Any) -> Entry:
        """A row with changes, signed. Raises: KeyUnavailable when the version of the key that it names is gone."""
        written = replace(entry, **changes)
        return replace(written, seal=self._mac(written))

    def amend(self, entry: Entry, **changes: Any) -> Entry:
        """The same of a row that was signed before; it is checked first, so that no forged row is made whole."""
        self.check(entry)
        return self.sign(entry, **changes)

    def check(self, entry: Entry) -> None:
        """Raises: SealBroken when the row is not what was written with the user's key."""
        if self._mac(entry) != entry.seal:
            raise SealBroken(
                f"The catalogue's row of memory {entry.id} was changed by somebody without the user's key.",
                hint="Restore the catalogue from a backup, or forget the memory.",
            )

    def _mac(self, entry: Entry) -> str:
        stated: list[Any] = [
            entry.id,
            int(entry.version),
            entry.kind,
            entry.thread,
            entry.slot,
            _real(entry.importance),
            _real(entry.created_at),
            _real(entry.valid_from),
            _real(entry.valid_to),
            _real(entry.expires_at),
            entry.digest,
            int(entry.position),
        ]
        # JSON separates unambiguously, and its numbers are read back as they were written.
        return self._keys.mac(entry.key_version, json.dumps(stated).encode(), ROW)


def _real(value: float | None) -> float | None:
    return None if value is None else float(value) + 0.0  # no -0.0, which not every store keeps
