"""A reviewer's decision about one version: approve, reject, revoke or roll back; signed with the reviewer's own key.

MLflow cannot keep duties apart: whoever may update a model may set its alias. So the alias only selects, and what
counts is a record that names the model, the version, the bundle and its evaluation, and that only the reviewer's key
can make.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from datetime import timedelta
from typing import Any, Literal, get_args

from cleo_core import clock
from cleo_core.crypto import dsse
from cleo_core.crypto.dsse import Envelope
from cleo_core.crypto.errors import SignatureInvalid, SignatureMissing, UntrustedKey
from cleo_core.crypto.keys import PrivateKey
from cleo_core.crypto.trust_store import TrustStore
from cleo_core.errors import InputError
from cleo_core.provenance.errors import (
    ApprovalExpired,
    ApprovalInvalid,
    ApprovalMismatch,
    NotApproved,
    Rejected,
    Revoked,
)

Decision = Literal["approve", "reject", "revoke", "rollback"]
DECISIONS: tuple[Decision, ...] = get_args(Decision)
PAYLOAD_TYPE = "application/vnd.cleoai.decision+json"
SKEW = timedelta(minutes=5)
HEX = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a decision is about."""

    name: str
    version: int
    bundle_digest: str
    eval_digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval(Subject):
    """One decision. Times are UTC (2026-01-31T12:00:00Z)."""

    id: str
    decision: Decision
    reviewer: str
    issued_at: str
    expires_at: str
    reason: str = ""
    supersedes: int | None = None
    """Only for a rollback: the newer version that this one is to replace."""

    @property
    def subject(self) -> Subject:
        return Subject(**{name.name: getattr(self, name.name) for name in fields(Subject)})


def issue(
    decision: Decision,
    subject: Subject,
    reviewer: str,
    *,
    days: float = 90,
    reason: str = "",
    supersedes: int | None = None,
) -> Approval:
    """A decision made now, good for `days`.

    Raises:
        InputError: it lasts no time, or a rollback does not say what it replaces.
    """
    if days <= 0:
        raise InputError(f"A decision cannot last {days:g} days.", hint="--days 90")
    if (decision == "rollback") != (supersedes is not None):
        raise InputError("A rollback names the version it replaces, and only a rollback does.")
    issued = clock.now()
    return Approval(
        id=str(uuid.uuid4()),
        decision=decision,
        **asdict(subject),
        reviewer=reviewer,
        issued_at=clock.timestamp(issued),
        expires_at=clock.timestamp(issued + timedelta(days=days)),
        reason=reason,
        supersedes=supersedes,
    )


def sign(approval: Approval, key: PrivateKey) -> Envelope:
    """The decision, signed with the reviewer's key; the key's name must be the reviewer's."""
    if key.role != "reviewer":
        raise InputError(f"A decision is signed with a reviewer's key, not with a {key.role} key.")
    return dsse.sign(PAYLOAD_TYPE, asdict(approval), key)


def verify(envelope: Envelope, store: TrustStore | None = None, *, even_revoked: bool = False) -> Approval:
    """The decision in an envelope, when a trusted reviewer made it.

    Raises:
        ApprovalInvalid: the signature does not hold or is missing, the reviewer is not trusted (or was not at that
            time), the record is signed by another than it says, or it is malformed.
    """
    try:
        payload, key = dsse.open_envelope(envelope, PAYLOAD_TYPE, "reviewer", store, even_revoked=even_revoked)
    except (SignatureInvalid, SignatureMissing, UntrustedKey) as error:
        raise ApprovalInvalid(f"A decision does not hold: {error.message}", hint=error.hint) from None
    if set(payload) != {field.name for field in fields(Approval)} or not _well_formed(payload):
        raise ApprovalInvalid("A decision is malformed.")
    approval = Approval(**payload)
    if approval.reviewer != key.name:
        raise ApprovalInvalid(f"A decision of {approval.reviewer!r} is signed with the key of {key.name!r}.")
    issued = clock.parse(approval.issued_at)
    if issued > clock.now() + SKEW:
        raise ApprovalInvalid(f"A decision says it was made in the future ({approval.issued_at}).", hint="Clocks?")
    if key.retired_at and issued > clock.parse(key.retired_at):
        raise ApprovalInvalid(f"The key of {key.name!r} was retired before this decision was made.")
    return approval


def _well_formed(payload: dict[str, Any]) -> bool:
    try:
        for name in ("issued_at", "expires_at"):
            clock.parse(payload[name])
        digests = all(HEX.fullmatch(payload[name]) for name in ("bundle_digest", "eval_digest"))
    except (TypeError, ValueError):
        return False
    texts = all(isinstance(payload[name], str) for name in ("id", "name", "reviewer", "reason"))
    numbers = type(payload["version"]) is int and type(payload["supersedes"]) in (int, type(None))
    return texts and digests and numbers and payload["decision"] in DECISIONS


def holding(envelopes: Iterable[Envelope]) -> Iterator[Approval]:
    """The decisions that hold; the others are passed over."""
    for envelope in envelopes:
        with suppress(ApprovalInvalid):
            yield verify(envelope)


def governing(
    envelopes: Iterable[Envelope], subject: Subject, *, store: TrustStore | None = None, at: str | None = None
) -> Approval:
    """The approval that lets this very version be served now.

    A revocation is final. A rejection holds until a later approval. A record that does not hold counts for nothing,
    except that it is named when no other approves.

    Raises:
        NotApproved, ApprovalInvalid, ApprovalExpired, ApprovalMismatch, Rejected, Revoked: there is none, and why.
    """
    valid, faults = _sort(envelopes, subject, store)
    time = at or clock.timestamp()
    for record in valid:
        if record.decision == "revoke":
            raise Revoked(
                f"Version {subject.version} was revoked by {record.reviewer} on {record.issued_at}: "
                f"{record.reason or 'no reason given'}.",
                hint="Serve another version: cleo review list",
            )
    said = [record for record in valid if record.decision in ("approve", "reject")]
    # At the same second, no counts for more than yes, and a renewal for more than what it renews.
    latest = max(
        said, key=lambda record: (record.issued_at, record.decision == "reject", record.expires_at), default=None
    )
    if latest is None:
        raise (
            faults[-1]
            if faults
            else NotApproved(
                f"Version {subject.version} of {subject.name!r} was not approved by anyone.",
                hint=f"cleo review show {subject.version}, then cleo review approve {subject.version}",
            )
        )
    if latest.decision == "reject":
        raise Rejected(
            f"Version {subject.version} was rejected by {latest.reviewer} on {latest.issued_at}: "
            f"{latest.reason or 'no reason given'}."
        )
    if latest.expires_at <= time:
        raise ApprovalExpired(
            f"The approval of version {subject.version} by {latest.reviewer} expired on {latest.expires_at}.",
            hint=f"A reviewer can renew it: cleo review approve {subject.version}",
        )
    return latest


def _sort(
    envelopes: Iterable[Envelope], subject: Subject, store: TrustStore | None
) -> tuple[list[Approval], list[NotApproved]]:
    valid: dict[str, Approval] = {}
    faults: list[NotApproved] = []
    for envelope in envelopes:
        try:
            record = verify(envelope, store)
        except ApprovalInvalid as error:
            faults.append(error)
            # A no stays a no when its key is revoked later: losing a key must not bring a withdrawn model back.
            if (denial := _denial(envelope, store)) is None:
                continue
            record = denial
        if record.subject == subject:
            valid[record.id] = record
        elif record.decision in ("revoke", "reject") and record.bundle_digest == subject.bundle_digest:
            # The same bytes under another version or name: what was said about them holds for them.
            valid[record.id] = record
        elif record.decision == "approve":
            faults.append(_mismatch(record, subject))
    return list(valid.values()), faults


def _denial(envelope: Envelope, store: TrustStore | None) -> Approval | None:
    try:
        record = verify(envelope, store, even_revoked=True)
    except ApprovalInvalid:
        return None
    return record if record.decision in ("revoke", "reject") else None


def _mismatch(record: Approval, subject: Subject) -> ApprovalMismatch:
    differing = [name for name in asdict(subject) if getattr(record, name) != getattr(subject, name)]
    theirs, ours = (str(getattr(thing, differing[0]))[:16] for thing in (record, subject))
    return ApprovalMismatch(
        f"The approval by {record.reviewer} is for another {differing[0].replace('_', ' ')}: {theirs}, not {ours}.",
        hint=f"cleo review approve {subject.version}",
    )
