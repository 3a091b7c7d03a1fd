"""This machine's own copies of decisions: what was revoked stays revoked when someone empties the registry's tags."""

from __future__ import annotations

import json
import re

from cleo_core.crypto.dsse import Envelope
from cleo_core.crypto.private_file import read_private
from cleo_core.errors import TrustError
from cleo_core.files import write_json
from cleo_core.provenance.approval import verify
from cleo_core.settings import home

ID = re.compile(r"[0-9a-f-]{36}")


def keep(envelope: Envelope) -> None:
    """Keep a copy of a decision that holds.

    Raises:
        ApprovalInvalid: it does not.
    """
    record = verify(envelope, even_revoked=True)
    if not ID.fullmatch(record.id):
        raise TrustError(f"A decision has the id {record.id!r}.")
    file = home("decisions") / f"{record.id}.json"
    if not file.exists():
        write_json(file, envelope)


def kept() -> list[Envelope]:
    """All copies.

    Raises:
        TrustError: one cannot be read; a revocation may be among them, so nothing is served on a guess.
    """
    found: list[Envelope] = []
    for file in sorted(home("decisions").glob("*.json")):
        try:
            found.append(json.loads(read_private(file, "decision")))
        except ValueError:
            raise TrustError(f"The decision {file} is damaged.", hint="Restore it from the registry's tag.") from None
    return found
