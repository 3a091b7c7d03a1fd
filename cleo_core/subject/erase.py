"""Erasing a person from what is trained: a signed record first, then the marks on what had learned already."""

from __future__ import annotations

from cleo_core import audit, registry
from cleo_core.crypto.dsse import Envelope
from cleo_core.errors import CleoError
from cleo_core.subject import erasures, marks
from cleo_core.subject.erasures import EVENT, Erasure, Receipt, issue, sign
from cleo_core.subject.trace import Trace


def erase(found: Trace, reason: str = "") -> Receipt:
    """Erase the person of a trace; again, it gives the receipt that there is already.

    Raises:
        EnvironmentFault: the audit log cannot be written; nothing was erased.
        KeyMissing: this machine has no audit key; nothing was erased.
    """
    audit.ready()
    receipt = erasures.known().get(found.subject)
    if receipt is None:
        versions = [version.version for version in found.versions]
        receipt = sign(issue(found.subject, reason, len(found.corpora), found.records, versions))
        # Into the log first: from there everything else is made again, should it end here.
        _log(receipt)
        erasures.keep(receipt)
    elif logged(receipt.erasure) is None:
        _log(receipt)  # it was made on another machine, and seen in a tag here
    return receipt


def accept(envelope: Envelope) -> Erasure:
    """Let an erasure of another machine hold here, from its receipt.

    Raises:
        SignatureMissing, SignatureInvalid, UntrustedKey: it does not hold; nothing was kept.
    """
    receipt = Receipt(erasures.verify(envelope), envelope)
    audit.ready()
    if logged(receipt.erasure) is None:
        _log(receipt)
    erasures.keep(receipt)
    return receipt.erasure


def _log(receipt: Receipt) -> None:
    erasure = receipt.erasure
    audit.record(
        EVENT, actor="operator", subject=f"subject/{erasure.subject}", id=erasure.id, reason=erasure.reason,
        receipt=receipt.envelope,
    )  # fmt: skip


def mark_versions(found: Trace) -> list[str]:
    """Attach the erasure to every version that had learned from the person; returns what could not be done."""
    failed = []
    for version in found.versions:
        try:
            marks.mark(registry.resolve(version.version), {found.subject})
        except CleoError as error:
            failed.append(f"version {version.version}: {error.message}")
    return failed


def logged(erasure: Erasure) -> int | None:
    """Number of the audit record of an erasure, proven to be in the log; None where this machine's log has none.

    Raises:
        IntegrityError, TrustError: the record is there, and does not hold.
    """
    log = audit.open_log()
    for record in log.events(EVENT):
        if record["details"].get("id") == erasure.id:
            audit.check_proof(log.prove(record["seq"]))
            return int(record["seq"])
    return None
