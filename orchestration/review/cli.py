"""`cleo review`: what a reviewer reads, and the reviewer's signed decision."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cleo_core.terminal import printable

if TYPE_CHECKING:
    from cleo_core.provenance.approval import Approval, Decision


class Days(click.FloatRange):
    """Click's own range takes ``nan``, which is neither too small nor too large."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        days = super().convert(value, param, ctx)
        return self.fail(f"{value} is no number of days.", param, ctx) if days != days else days


def _decision(command: Callable[..., None]) -> Callable[..., None]:
    """The argument and options that every decision takes, under the names that `decide` has for them."""
    for parameter in (
        click.option("--yes", "confirm", is_flag=True, flag_value=False, default=True, help="Do not ask."),
        click.option(
            "--key-file", type=click.Path(path_type=Path, dir_okay=False), help="Its file (CLEO_TRUST_REVIEWER_KEY)."
        ),
        click.option("--key", "key_name", help="Name of the reviewer's key (CLEO_TRUST_REVIEWER)."),
        click.option("--reason", default="", help="Why; it is kept in the signed record and in the audit log."),
        click.argument("version"),
    ):
        command = parameter(command)
    return command


def _decide(decision: Decision, version: str, **given: Any) -> Approval:
    from orchestration.review.decide import decide

    return decide(decision, version, **given)


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
        click.echo(printable(line, lines=False).rstrip())


@review.command()
@click.argument("version")
def show(version: str) -> None:
    """Show what a reviewer needs to know: the signed card, whether the signature holds, and who decided what.

    \b
    cleo review show candidate
    """
    from cleo_core import registry
    from orchestration.review.evidence import decisions_about, fetch_evidence

    info = registry.resolve(version)
    evidence = fetch_evidence(info)
    signed = evidence.signed
    click.echo(f"{info.name} version {info.version}: {printable(info.review)}\n\n{printable(evidence.card)}\n")
    if info.description.strip() not in ("", registry.fitted(evidence.card).strip()):
        click.echo("! The registry describes this version in other words. They are not signed; above is what was.")
    click.echo(f"✓ signed with {signed.signer.name!r}: {len(signed.files)} files, bundle {signed.digest}")
    for erasure in evidence.erased:
        click.echo(
            f"! learned from a person who was erased on {erasure.erased_at} ({erasure.id}): train and release a model "
            "without that person (cleo run)"
        )
    for record in decisions_about(info):
        until = f", until {record.expires_at}" if record.decision == "approve" else ""
        reason = f": {printable(record.reason)}" if record.reason else ""
        click.echo(f"  {record.issued_at}  {record.decision} by {record.reviewer}{until}{reason}")


@review.command()
@_decision
@click.option("--days", type=Days(min=0, min_open=True, max=730), help="How long (CLEO_TRUST_APPROVAL_DAYS).")
@click.option("--despite-verdict", is_flag=True, help="Although the evaluation's gate did not pass.")
def approve(version: str, **given: Any) -> None:
    """Approve a version: it may be released and served until the approval expires.

    \b
    cleo review approve 3 --key ada --days 30
    """
    record = _decide("approve", version, **given)
    click.echo(f"Approved version {record.version} as {record.reviewer} until {record.expires_at} ({record.id}).")


@review.command()
@_decision
def reject(version: str, **given: Any) -> None:
    """Reject a version: it is not served unless a later approval says so.

    \b
    cleo review reject 3 --reason "leaks a canary"
    """
    record = _decide("reject", version, **given)
    click.echo(f"Rejected version {record.version} as {record.reviewer} ({record.id}).")


@review.command()
@_decision
def revoke(version: str, **given: Any) -> None:
    """Take an approval back for good: this version is never served again.

    \b
    cleo review revoke 3 --reason "licence of a source was withdrawn"
    """
    record = _decide("revoke", version, **given)
    click.echo(f"Revoked version {record.version} as {record.reviewer} ({record.id}).")


@review.command()
@_decision
def rollback(version: str, **given: Any) -> None:
    """Let an older version be served in the place of the champion. It must be approved already.

    \b
    cleo review rollback 2 --reason "version 3 answers too slowly"
    """
    from cleo_core import registry

    record = _decide("rollback", version, **given)
    registry.promote(record.version)
    click.echo(
        f"Version {record.version} is champion instead of {record.supersedes}, by {record.reviewer} ({record.id})."
    )
