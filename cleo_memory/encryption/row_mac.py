"""The seal of a catalogue row: a keyed hash over what the row says of a memory, under the user's own key.

Whoever may write the catalogue, but has no keys, can take a row away; a time, an importance, a validity, a place in a
conversation that was changed shows when the memory is read. What only decides where a memory lives (tier, score,
pinning) is not in it, because it changes without the user's key.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cleo_memory.errors import SealBroken

if TYPE_CHECKING:
    from cleo_memory.catalog.repository import Entry
    from cleo_memory.encryption.keyring import UserKeys

__all__ = ["check_row", "resigned", "signed_row"]

ROW = "row"


def _mac(keys: UserKeys, entry: Entry) -> str:
    def real(value: float | None) -> float | None:
        return None if value is None else float(value) + 0.0  # no -0.0, which not every store keeps

    stated: list[Any] = [
        entry.id,
        int(entry.version),
        entry.kind,
        entry.thread,
        entry.slot,
        real(entry.importance),
        real(entry.created_at),
        real(entry.valid_from),
        real(entry.valid_to),
        real(entry.expires_at),
        entry.digest,
        int(entry.position),
    ]
    # JSON separates unambiguously, and its numbers are read back as they were written.
    return keys.mac(entry.key_version, json.dumps(stated).encode(), ROW)


def signed_row(keys: UserKeys, entry: Entry, **changes: Any) -> Entry:
    """A new row, sealed. Raises: KeyUnavailable when the version of the key that it names is not at hand."""
    written = replace(entry, **changes)
    return replace(written, seal=_mac(keys, written))


def check_row(keys: UserKeys, entry: Entry) -> None:
    """Raises: SealBroken when the row is not what was written with the user's key."""
    if _mac(keys, entry) != entry.seal:
        raise SealBroken(
            f"The catalogue's row of memory {entry.id} was changed by somebody without the user's key.",
            hint="Restore the catalogue from a backup, or forget the memory.",
        )


def resigned(keys: UserKeys, entry: Entry, **changes: Any) -> Entry:
    """A row with changes, sealed anew; it is checked first, so that no forged row is made whole."""
    check_row(keys, entry)
    return signed_row(keys, entry, **changes)
