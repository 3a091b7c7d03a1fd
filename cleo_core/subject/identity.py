"""Whose record it is, as a keyed hash (HMAC-SHA256): the same person is told again, the id itself stands nowhere.

Without the key nobody can test a guess ("is this Anna?"). A hash says nothing under another key, so it begins with
what tells its key from others: `1f0c9a3e-5b…`.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata

from cleo_core.crypto.keys import subject_key

PSEUDONYM = re.compile(r"[0-9a-f]{8}-[0-9a-f]{40}")


def normalised(value: str) -> str:
    """How ids are compared: without case and white space at the ends, in compatibility form."""
    return unicodedata.normalize("NFKC", value).strip().casefold()


class Pseudonyms:
    """Keyed hashes under one key (by default, that of this installation)."""

    def __init__(self, key: bytes | None = None) -> None:
        self._key = subject_key() if key is None else key
        self.key_id = self._hash("key", "")[:8]
        """Tells keys apart without holding one."""

    def __call__(self, value: str) -> str:
        """The keyed hash of an id; empty for an empty id, which is nobody's."""
        plain = normalised(value)
        return f"{self.key_id}-{self._hash('subject', plain)[:40]}" if plain else ""

    def _hash(self, purpose: str, value: str) -> str:
        return hmac.new(self._key, f"cleo {purpose}\0{value}".encode(), hashlib.sha256).hexdigest()
