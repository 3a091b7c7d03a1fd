"""A reviewer's decision: verified evidence, a signed record in the registry, a line in the audit log."""

from __future__ import annotations

from pathlib import Path

import click

from cleo_core import audit, registry
from cleo_core.crypto.keys import DEVELOPMENT, reviewer_key
from cleo_core.crypto.settings import TrustSettings
from cleo_core.crypto.trust_store import TrustStore
from cleo_core.errors import ConfigError, InputError
from cleo_core.provenance import approval, rollback_guard
from cleo_core.provenance.approval import Approval, Decision, Subject, governing
from cleo_core.registry import VersionInfo
from cleo_core.registry.pull import subject_of
from cleo_core.settings import CoreSettings, load
from orchestration.review.evidence import fetch_evidence


def decide(
    decision: Decision,
    version: str | int,
    *,
    reason: str = "",
    key_name: str | None = None,
    key_file: Path | None = None,
    days: float | None = None,
    despite_verdict: bool = False,
    confirm: bool = False,
) -> Approval:
    """Verify the bundle of a version, then sign, attach and record a decision about it.

    Raises:
        TrustError, IntegrityError: the bundle is not what was signed; nothing is decided about it.
        InputError: the gate did not pass, or a rollback has nothing to go back from.
    """
    info = registry.resolve(version)
    evidence = fetch_evidence(info)
    if decision == "approve" and not (evidence.passed or despite_verdict):
        raise InputError(
            f"The evaluation of version {info.version} did not pass its gate, or states no verdict.",
            hint="Approve it all the same: --despite-verdict --reason WHY",
        )
    subject = subject_of(info.name, info.version, evidence.signed)
    supersedes = _rolled_back_from(info, subject) if decision == "rollback" else None
    key = reviewer_key(
        key_name, path=key_file, passphrase=lambda: click.prompt("Passphrase", hide_input=True, err=True).encode()
    )
    # The name under which the trust store knows the key: it, not the file's name, is who decides.
    reviewer = TrustStore().find("reviewer", key.fingerprint).name
    digest = evidence.signed.digest
    if confirm:
        click.confirm(f"{decision} {info.name} version {info.version} ({digest[:16]}…) as {reviewer}?", abort=True)
    lasts = days or load(TrustSettings).approval_days
    record = approval.issue(decision, subject, reviewer, days=lasts, reason=reason, supersedes=supersedes)
    registry.attach_approval(info.version, approval.sign(record, key))
    audit.record(
        f"review.{decision}", actor=reviewer, subject=f"{info.name}/{info.version}", approval=record.id,
        bundle=digest, reason=reason,
    )  # fmt: skip
    return record


def approve_as_developer(version: int) -> Approval:
    """Approve with the development reviewer's key, which lies on this machine.

    Raises:
        ConfigError: this is not the development environment.
    """
    environment = load(CoreSettings).environment
    if environment != "development":
        raise ConfigError(
            f"No approval with the development key in {environment}.", hint=f"cleo review approve {version} --key NAME"
        )
    return decide("approve", version, key_name=DEVELOPMENT["reviewer"], reason="development run")


def _rolled_back_from(info: VersionInfo, subject: Subject) -> int:
    governing(registry.approvals(info), subject)  # an approval must hold: a rollback is not one
    mark = rollback_guard.read(info.name)
    served = max(registry.champion() or 0, mark.version if mark else 0)
    replaced = mark is not None and mark.digests.get(str(info.version), subject.bundle_digest) != subject.bundle_digest
    if served <= info.version and not replaced:
        raise InputError(f"Version {info.version} is not older than what is served ({served or 'nothing'}).")
    return served
