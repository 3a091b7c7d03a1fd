"""`cleo review`: what a reviewer reads, and the reviewer's signed decision.

A decision is made about files that were fetched and verified for it, never about what the registry says of them.
"""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from cleo_core.provenance.approval import Approval, Decision
    from cleo_core.registry.versions import VersionInfo

__all__ = ["approve_as_developer", "decide", "review"]


class Days(click.FloatRange):
    """Click's own range takes ``nan``, which is neither too small nor too large."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        days = super().convert(value, param, ctx)
        return self.fail(f"{value} is no number of days.", param, ctx) if days != days else days


VERSION = click.argument("version")
REASON = click.option("--reason", default="", help="Why; it is kept in the signed record and in the audit log.")
KEY = click.option("--key", "key_name", help="Name of the reviewer's key (CLEO_TRUST_REVIEWER).")
KEY_FILE = click.option(
    "--key-file", type=click.Path(path_type=Path, dir_okay=False), help="Its file (CLEO_TRUST_REVIEWER_KEY)."
)
YES = click.option("--yes", is_flag=True, help="Do not ask.")


@click.group()
def review() -> None:
    """Decide about a registered model with your own key.

    \b
    cleo review list
    cleo review show 3
    cleo review approve 3 --reason "better on dialogue, nothing lost"
    """


@review.command("list")
@click.option("--all", "everything", is_flag=True, help="Also those that were decided.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
def list_versions(everything: bool, as_json: bool) -> None:
    """List the versions that wait for a decision.

    \b
    cleo review list --all
    """
    from cleo_core import registry

    found = registry.list_versions() if everything else registry.pending()
    if as_json:
        rows = [
            {"version": one.version, "review": one.review, "aliases": one.aliases, "bundle_digest": one.bundle_digest}
            for one in found
        ]
        click.echo(json.dumps(rows, indent=1))
        return
    if not found:
        click.echo("Nothing waits for a decision." if not everything else "Nothing is registered yet: cleo run")
    for one in found:
        line = f"{one.version:4}  {one.review:9} {one.bundle_digest[:16]}  {', '.join(one.aliases)}"
        click.echo(_visible(line, keep="").rstrip())


@review.command()
@VERSION
def show(version: str) -> None:
    """Show what a reviewer needs to know: the signed card, whether the signature holds, and who decided what.

    \b
    cleo review show candidate
    """
    from cleo_core import registry

    info = registry.resolve(version)
    facts, card = _inspect(info)
    click.echo(f"{info.name} version {info.version}: {_visible(info.review)}\n\n{_visible(card)}\n")
    if info.description.strip() not in ("", registry.fitted(card).strip()):
        click.echo("! The registry describes this version in other words. They are not signed; above is what was.")
    click.echo(f"✓ signed with {facts.signer.name!r}: {len(facts.files)} files, bundle {facts.digest}")
    for record in _records(info):
        until = f", until {record.expires_at}" if record.decision == "approve" else ""
        reason = f": {_visible(record.reason)}" if record.reason else ""
        click.echo(f"  {record.issued_at}  {record.decision} by {record.reviewer}{until}{reason}")


@review.command()
@VERSION
@REASON
@KEY
@KEY_FILE
@click.option("--days", type=Days(min=0, min_open=True, max=730), help="How long (CLEO_TRUST_APPROVAL_DAYS).")
@click.option("--despite-verdict", is_flag=True, help="Although the evaluation's gate did not pass.")
@YES
def approve(
    version: str, reason: str, key_name: str | None, key_file: Path | None, days: float | None,
    despite_verdict: bool, yes: bool,
) -> None:  # fmt: skip
    """Approve a version: it may be released and served until the approval expires.

    \b
    cleo review approve 3 --key ada --days 30
    """
    record = decide(
        "approve", version, reason=reason, key_name=key_name, key_file=key_file, days=days,
        despite_verdict=despite_verdict, confirm=not yes,
    )  # fmt: skip
    click.echo(f"Approved version {record.version} as {record.reviewer} until {record.expires_at} ({record.id}).")


@review.command()
@VERSION
@REASON
@KEY
@KEY_FILE
@YES
def reject(version: str, reason: str, key_name: str | None, key_file: Path | None, yes: bool) -> None:
    """Reject a version: it is not served unless a later approval says so.

    \b
    cleo review reject 3 --reason "leaks a canary"
    """
    record = decide("reject", version, reason=reason, key_name=key_name, key_file=key_file, confirm=not yes)
    click.echo(f"Rejected version {record.version} as {record.reviewer} ({record.id}).")


@review.command()
@VERSION
@REASON
@KEY
@KEY_FILE
@YES
def revoke(version: str, reason: str, key_name: str | None, key_file: Path | None, yes: bool) -> None:
    """Take an approval back for good: this version is never served again.

    \b
    cleo review revoke 3 --reason "licence of a source was withdrawn"
    """
    record = decide("revoke", version, reason=reason, key_name=key_name, key_file=key_file, confirm=not yes)
    click.echo(f"Revoked version {record.version} as {record.reviewer} ({record.id}).")


@review.command()
@VERSION
@REASON
@KEY
@KEY_FILE
@YES
def rollback(version: str, reason: str, key_name: str | None, key_file: Path | None, yes: bool) -> None:
    """Let an older version be served in the place of the champion. It must be approved already.

    \b
    cleo review rollback 2 --reason "version 3 answers too slowly"
    """
    record = decide("rollback", version, reason=reason, key_name=key_name, key_file=key_file, confirm=not yes)
    from cleo_core import registry

    registry.promote(record.version)
    click.echo(
        f"Version {record.version} is champion instead of {record.supersedes}, by {record.reviewer} ({record.id})."
    )


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
    from cleo_core import audit, registry
    from cleo_core.crypto.keys import reviewer_key
    from cleo_core.crypto.settings import TrustSettings
    from cleo_core.provenance import approval
    from cleo_core.registry.pull import subject_of
    from cleo_core.settings import load

    info = registry.resolve(version)
    signed, _ = _inspect(info, gate=decision == "approve" and not despite_verdict)
    subject = subject_of(info.name, info.version, signed)
    supersedes = _rolled_back_from(info, subject) if decision == "rollback" else None
    key = reviewer_key(
        key_name, path=key_file, passphrase=lambda: click.prompt("Passphrase", hide_input=True, err=True).encode()
    )
    reviewer = _reviewer(key)
    if confirm:
        click.confirm(
            f"{decision} {info.name} version {info.version} ({signed.digest[:16]}…) as {reviewer}?", abort=True
        )
    lasts = days or load(TrustSettings).approval_days
    record = approval.issue(decision, subject, reviewer, days=lasts, reason=reason, supersedes=supersedes)
    registry.attach_approval(info.version, approval.sign(record, key))
    audit.record(
        f"review.{decision}", actor=reviewer, subject=f"{info.name}/{info.version}", approval=record.id,
        bundle=signed.digest, reason=reason,
    )  # fmt: skip
    return record


def approve_as_developer(version: int) -> Approval:
    """Approve with the development reviewer's key, which lies on this machine.

    Raises:
        ConfigError: this is not the development environment.
    """
    from cleo_core.crypto.keys import DEVELOPMENT
    from cleo_core.errors import ConfigError
    from cleo_core.settings import CoreSettings, load

    environment = load(CoreSettings).environment
    if environment != "development":
        raise ConfigError(
            f"No approval with the development key in {environment}.", hint=f"cleo review approve {version} --key NAME"
        )
    return decide("approve", version, key_name=DEVELOPMENT["reviewer"], reason="development run")


def _reviewer(key: Any) -> str:
    """The name under which the trust store knows the key: it, not the file's name, is who decides."""
    from cleo_core.crypto.trust_store import TrustStore

    return TrustStore().find("reviewer", key.fingerprint).name


def _records(info: VersionInfo) -> list[Approval]:
    from cleo_core import registry
    from cleo_core.provenance.approval import verify
    from cleo_core.provenance.errors import ApprovalInvalid

    found = {}
    for envelope in registry.approvals(info):
        try:
            record = verify(envelope)
        except ApprovalInvalid:
            continue
        if (record.name, record.version) == (info.name, info.version):
            found[record.id] = record
    return sorted(found.values(), key=lambda record: record.issued_at)


def _visible(text: str, keep: str = "\n\t") -> str:
    """Without what a terminal obeys instead of showing: escapes, and marks that turn the direction of writing."""
    return "".join("\ufffd" if unicodedata.category(sign)[0] == "C" and sign not in keep else sign for sign in text)


def _inspect(info: VersionInfo, *, gate: bool = False) -> tuple[Any, str]:
    """Fetch the bundle into a folder that goes at once, and verify its signature; returns it and the signed card."""
    import tempfile

    from cleo_core import registry
    from cleo_core.errors import InputError
    from cleo_core.provenance.bundle import verify_signature
    from cleo_core.settings import home

    with tempfile.TemporaryDirectory(dir=home("tmp")) as scratch:
        files = registry.download(info, Path(scratch) / "version")
        signed = verify_signature(files.bundle, files.signature)
        report = json.loads((files.bundle / "eval_report.json").read_text())
        card = (files.bundle / "card.md").read_text(errors="replace")
    verdict = report.get("verdict")
    passed = verdict.get("passed") if isinstance(verdict, dict) else report.get("passed")
    if gate and passed is False:
        raise InputError(
            f"The evaluation of version {info.version} did not pass its gate.",
            hint="Approve it all the same: --despite-verdict --reason WHY",
        )
    return signed, card


def _rolled_back_from(info: VersionInfo, subject: Any) -> int:
    from cleo_core import registry
    from cleo_core.errors import InputError
    from cleo_core.provenance import high_water
    from cleo_core.provenance.approval import governing
    from cleo_core.registry.errors import VersionNotFound

    governing(registry.approvals(info), subject)  # an approval must hold: a rollback is not one
    mark = high_water.read(info.name)
    try:
        champion = registry.resolve("champion").version
    except VersionNotFound:
        champion = 0
    served = max(champion, mark.version if mark else 0)
    replaced = mark is not None and mark.digests.get(str(info.version), subject.bundle_digest) != subject.bundle_digest
    if served <= info.version and not replaced:
        raise InputError(f"Version {info.version} is not older than what is served ({served or 'nothing'}).")
    return served
