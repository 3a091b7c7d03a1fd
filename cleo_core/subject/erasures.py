"""Erasures of people: each a signed record, kept here and in the audit log, which nobody can take back in silence.

The record in the audit log holds all of it, so a file that somebody removed is written again, and one that was
forged does not verify. It counts on when the key that signed it is revoked: losing a key must bring nobody back.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from cleo_core import clock
from cleo_core.audit import log as audit
from cleo_core.crypto import dsse
from cleo_core.crypto.dsse import Envelope
from cleo_core.crypto.errors import SignatureInvalid
from cleo_core.crypto.keys import machine_key
from cleo_core.crypto.private_file import read_private
from cleo_core.crypto.trust_store import TrustStore
from cleo_core.errors import TrustError
from cleo_core.files import write_json
from cleo_core.provenance.errors import StateDamaged
from cleo_core.settings import home
from cleo_core.subject.identity import PSEUDONYM

PAYLOAD_TYPE = "application/vnd.cleoai.subject-erasure+json"
EVENT = "subject.erased"
REASON = 300
"""Characters of a reason: the signed record must fit into a tag of the registry."""


class Erasure(BaseModel):
    """One person, from now on in no corpus; and what had learned from that person until then."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    id: str = Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
    subject: str = Field(pattern=rf"^{PSEUDONYM.pattern}$")
    """Keyed hash of the person's id."""
    erased_at: str
    reason: str = Field(default="", max_length=REASON)
    corpora: int = Field(ge=0)
    """Corpora on this machine that held records of the person."""
    records: int = Field(ge=0)
    """Records in all of them."""
    versions: list[int] = []
    """Registered versions that had learned from the person; at most the newest two hundred."""

    @field_validator("erased_at")
    @classmethod
    def _is_a_moment(cls, value: str) -> str:
        clock.parse(value)
        return value

    def days(self) -> float:
        """Days since the erasure."""
        return (clock.now() - clock.parse(self.erased_at)).total_seconds() / 86400


@dataclass(frozen=True, slots=True)
class Receipt:
    """An erasure that was verified, and the signed form that it was read from."""

    erasure: Erasure
    envelope: Envelope


def issue(subject: str, reason: str, corpora: int, records: int, versions: Iterable[int]) -> Erasure:
    """An erasure made now."""
    return Erasure(
        id=str(uuid.uuid4()), subject=subject, erased_at=clock.timestamp(), reason=reason, corpora=corpora,
        records=records, versions=sorted(versions, reverse=True)[:200],
    )  # fmt: skip


def sign(erasure: Erasure) -> Receipt:
    """The erasure, signed with the audit key of this machine."""
    return Receipt(erasure, dsse.sign(PAYLOAD_TYPE, erasure.model_dump(), machine_key("audit")))


def verify(envelope: Envelope, store: TrustStore | None = None, *, even_revoked: bool = False) -> Erasure:
    """The erasure that a receipt states.

    Raises:
        SignatureMissing, SignatureInvalid, UntrustedKey: it does not hold.
    """
    payload, _ = dsse.open_envelope(envelope, PAYLOAD_TYPE, "audit", store, even_revoked=even_revoked)
    try:
        return Erasure.model_validate(payload)
    except ValidationError:
        raise SignatureInvalid("The receipt is signed, but states no erasure.") from None


def keep(receipt: Receipt) -> None:
    """Keep a copy of a receipt that was verified, on this machine."""
    file = home("erasures") / f"{receipt.erasure.id}.json"
    if not file.exists():
        write_json(file, receipt.envelope)


def known() -> dict[str, Receipt]:
    """Every erasure that this machine knows, by the keyed hash of the person; of two of one person, the first.

    Raises:
        StateDamaged: a copy cannot be read or does not hold; somebody erased may be in it, so nothing goes on.
    """
    store = TrustStore().snapshot()
    found = {receipt.erasure.id: receipt for receipt in _logged(store)}
    for receipt in found.values():
        keep(receipt)  # its copy, where that was lost
    for file in sorted(home("erasures").glob("*.json")):
        if file.stem not in found:
            found[file.stem] = _read(file, store)
    latest_first = sorted(found.values(), key=lambda receipt: receipt.erasure.erased_at, reverse=True)
    return {receipt.erasure.subject: receipt for receipt in latest_first}


def _logged(store: TrustStore) -> Iterator[Receipt]:
    for record in audit.open_log().events(EVENT):
        envelope: Any = record.get("details", {}).get("receipt")
        with suppress(TrustError):  # what was forged into the log shows in `cleo audit verify`
            yield Receipt(verify(envelope, store, even_revoked=True), envelope)


def _read(file: Path, store: TrustStore) -> Receipt:
    try:
        envelope = json.loads(read_private(file, "erasure"))
        return Receipt(verify(envelope, store, even_revoked=True), envelope)
    except (ValueError, TrustError) as error:
        raise StateDamaged(
            f"The erasure {file} does not hold ({type(error).__name__}).",
            hint="Remove it: what stands in the audit log or in a version's tag is written again.",
        ) from None
