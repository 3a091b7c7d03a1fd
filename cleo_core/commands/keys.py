"""`cleo keys`: make, list, rotate, trust and revoke keys."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

if TYPE_CHECKING:
    from cleo_core.crypto.trust_store import Role, TrustedKey

ROLES = ("bundle", "reviewer", "audit")
ROLE = click.argument("role", type=click.Choice(ROLES))
NAME = click.argument("name")


@click.group()
def keys() -> None:
    """Keys that sign bundles, decisions and the audit log.

    \b
    cleo keys init reviewer --name ada                a reviewer's key, asks for a passphrase
    cleo keys init bundle --name release-2026         what the pipeline signs bundles with
    cleo keys list
    """


@keys.command()
@click.argument("role", type=click.Choice((*ROLES, "secret", "development")))
@click.option("--name", help="Name of the key; a reviewer's is the reviewer's name.")
@click.option("--path", type=click.Path(path_type=Path, dir_okay=False), help="Where the private key goes.")
@click.option("--no-passphrase", is_flag=True, help="Do not encrypt a reviewer's key.")
def init(
    role: Role | Literal["secret", "development"], name: str | None, path: Path | None, no_passphrase: bool
) -> None:
    """Make a key. Its public half goes to the trust store of this machine.

    \b
    cleo keys init reviewer --name ada --path /media/stick/ada.pem
    cleo keys init secret --name masking
    """
    from cleo_core.crypto import keys as crypto

    if role == "development":
        made = crypto.ensure_development_keys()
        click.echo(f"Made {len(made)} development keys." if made else "Every role has a key already.")
        return
    if not name:
        raise click.UsageError("Say how it is called: --name NAME")
    if role == "secret":
        click.echo(f"Made {crypto.create_secret(name)}. Back it up: what it protects is lost with it.")
        return
    passphrase = None
    if role == "reviewer" and not no_passphrase:
        passphrase = click.prompt("Passphrase", hide_input=True, confirmation_prompt=True).encode()
    key = crypto.create(role, name, path=path, passphrase=passphrase)
    _note("key.created", role, name, fingerprint=key.fingerprint)
    file = path or crypto.key_path(role, name)
    click.echo(f"Made the {role} key {name!r} in {file}.\nFingerprint {key.fingerprint}")


@keys.command("list")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
def list_keys(as_json: bool) -> None:
    """List the trusted public keys and say whose private half is here.

    \b
    cleo keys list --json
    """
    from cleo_core.crypto.trust_store import TrustStore
    from cleo_core.settings import home

    found = TrustStore().keys()
    if as_json:
        click.echo(json.dumps([asdict(key) | {"state": key.state} for key in found], indent=1))
        return
    if not found:
        click.echo("No key is trusted yet. Make one: cleo keys init --help")
    for key in found:
        ours = key.state == "active" and (home("keys") / key.role / f"{key.name}.pem").exists()
        marks = "DEVELOPMENT " * key.development + "private half here" * ours
        click.echo(f"{key.role:9} {key.name:24} {key.state:8} {key.fingerprint[:16]}  {key.added_at}  {marks}".rstrip())


@keys.command()
@ROLE
@NAME
def rotate(role: Role, name: str) -> None:
    """Replace a key: the new one signs from now on, what the old one signed still holds.

    \b
    cleo keys rotate bundle release-2026
    """
    from cleo_core.crypto import keys as crypto

    passphrase = None
    if role == "reviewer":
        entered = click.prompt("Passphrase (empty for none)", hide_input=True, default="", show_default=False)
        passphrase = entered.encode() or None
    fresh, old = crypto.rotate(role, name, passphrase=passphrase)
    _note("key.rotated", role, name, old=old.fingerprint, new=fresh.fingerprint)
    click.echo(f"The {role} key {name!r} is now {fresh.fingerprint[:16]}…; {old.fingerprint[:16]}… is retired.")


@keys.command()
@ROLE
@NAME
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def trust(role: Role, name: str, file: Path) -> None:
    """Trust a public key (PEM) that was made on another machine. Compare its fingerprint with its owner first.

    \b
    cleo keys trust reviewer ada ada.pub.pem
    """
    from cleo_core.crypto.trust_store import TrustStore

    key = TrustStore().add(role, name, file.read_text(errors="replace"))
    _note("key.trusted", role, key.name, fingerprint=key.fingerprint)
    click.echo(f"Trusted: {role} {key.name!r}, fingerprint {key.fingerprint}")


@keys.command()
@ROLE
@NAME
def export(role: Role, name: str) -> None:
    """Print a trusted public key as PEM, to be trusted on another machine.

    \b
    cleo keys export reviewer ada > ada.pub.pem
    """
    click.echo(_one(role, name, state="active").public_pem, nl=False)


@keys.command()
@ROLE
@NAME
def retire(role: Role, name: str) -> None:
    """Let a key sign nothing more; what it signed until now still holds.

    \b
    cleo keys retire reviewer ada
    """
    from cleo_core.crypto.trust_store import TrustStore

    key = TrustStore().retire(_one(role, name, state="active"))
    _note("key.retired", role, name, fingerprint=key.fingerprint)
    click.echo(f"Retired: {role} {name!r} ({key.fingerprint[:16]}…).")


@keys.command()
@ROLE
@NAME
@click.option("--fingerprint", help="Its beginning, where several keys have the name.")
@click.confirmation_option(prompt="Nothing that this key ever signed will hold any more. Go on?")
def revoke(role: Role, name: str, fingerprint: str | None) -> None:
    """Trust nothing that a key ever signed: its private half may be in other hands.

    \b
    cleo keys revoke reviewer ada
    """
    from cleo_core.crypto.trust_store import TrustStore

    key = TrustStore().revoke(_one(role, name, fingerprint=fingerprint or ""))
    _note("key.revoked", role, key.name, fingerprint=key.fingerprint)
    click.echo(f"Revoked: {role} {key.name!r} ({key.fingerprint[:16]}…).")


def _note(event: str, role: str, name: str, **details: Any) -> None:
    """Write what was done to a key into the audit log, or say that there is none to write to yet."""
    from cleo_core import audit
    from cleo_core.crypto.errors import KeyMissing

    try:
        audit.record(event, actor="operator", subject=f"{role}/{name}", **details)
    except KeyMissing:
        click.echo("Not in the audit log: this machine has no audit key. cleo keys init audit --name NAME", err=True)


def _one(role: Role, name: str, *, fingerprint: str = "", state: str = "") -> TrustedKey:
    from cleo_core.crypto.errors import KeyMissing
    from cleo_core.crypto.trust_store import TrustStore

    found = [
        key
        for key in TrustStore().keys(role)
        if key.name == name and key.fingerprint.startswith(fingerprint) and state in ("", key.state)
    ]
    if not found:
        raise KeyMissing(f"There is no trusted {role} key {name!r}.", hint="cleo keys list")
    if len(found) > 1:
        marks = ", ".join(key.fingerprint[:16] for key in found)
        raise KeyMissing(f"Several {role} keys are called {name!r}: {marks}.", hint="Say which: --fingerprint")
    return found[0]
