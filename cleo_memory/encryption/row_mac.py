"""The signature of a catalogue row (`seal`): a keyed hash over what it says of a memory, under the user's own key.

Whoever may write the catalogue, but has no keys, can take a row away; a time, an importance, a validity, a place in a
conversation that was changed shows when the memory is read. What only decides where a memory lives (tier, score,
pinning) is not in it, because it changes without the user's key.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from cleo_memory.catalog.entry import Entry
from cleo_memory.encryption.user_keys import UserKeys
from cleo_memory.errors import SealBroken

__all__ = ["RowMac"]

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
