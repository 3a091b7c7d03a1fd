"""`cleo memory` for who runs an installation: tiers, retention, keys, upgrades, transfers, a user's rights."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cleo_memory.cli.group import USER, memory, with_memory

if TYPE_CHECKING:
    from cleo_memory.memory import Memory


@memory.command()
@with_memory
async def tiers(opened: Memory) -> None:
    """Counts, bytes and flows of the tiers, jobs waiting, and what would move now and why.

    \b
    cleo memory tiers
    """
    view = await opened.tiering.view_of_all_users()
    for tier in ("hot", "warm", "cold"):
        click.echo(f"{tier:5} {view.memories.get(tier, 0):>9} memories {view.bytes.get(tier, 0):>12} bytes")
    for (source, target), count in sorted(view.flows.items()):
        click.echo(f"{source} -> {target}: {count} so far")
    for store, count in sorted(view.waiting.items()):
        click.echo(f"{store}: {count} jobs wait")
    for move in await opened.tiering.plan_for_all_users():
        click.echo(f"would move {move.entry.id} {move.source} -> {move.target}: {move.why}")


@memory.command()
@with_memory
async def policy(opened: Memory) -> None:
    """How long memories are kept, how often that is carried out, and how much one user may keep.

    \b
    cleo memory policy
    """
    settings = opened.settings
    for kind, days in settings.retention.items():
        click.echo(f"{kind:13} {'until it is forgotten or expires' if days is None else f'{days:g} days'}")
    every = settings.retain_every_minutes
    click.echo(f"carried out   {f'every {every:g} minutes' if every else 'by `cleo memory retain` alone'}")
    for what, most in (("memories", settings.quota.memories), ("bytes", settings.quota.bytes)):
        click.echo(f"{what:13} {'as many as the disk takes' if most is None else f'{most} at most'}, of one user")
    click.echo(f"request keys  {settings.request_hours:g} hours")


@memory.command()
@click.option("--dry-run", is_flag=True, help="Say what is due, delete nothing.")
@with_memory
async def retain(opened: Memory, dry_run: bool) -> None:
    """Delete what expired or is older than CLEO_MEMORY_RETAIN_…_DAYS.

    \b
    cleo memory retain --dry-run
    """
    plan = await opened.retention.plan_for_all_users()
    gone = 0 if dry_run else await opened.retention.apply_to_all_users()
    for due in plan:
        click.echo(f"{due.kind:13} {due.memories:>7}  {due.why}")
    click.echo("Nothing is due." if not plan else "Nothing was deleted." if dry_run else f"{gone} deleted.")


@memory.command()
@USER
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@with_memory
async def export(opened: Memory, user: str, file: Path) -> None:
    """Write everything of a user to a file of JSON lines, with a signed manifest beside it.

    \b
    cleo memory export --user ann ann.jsonl
    """
    manifest = await opened.export(user, file)
    click.echo(f"{manifest.records} memories in {file}, signed in {file}.manifest.json")


@memory.command()
@USER
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@with_memory
async def restore(opened: Memory, user: str, file: Path) -> None:
    """Take in an export of this user; its manifest must lie beside it.

    \b
    cleo memory restore --user ann ann.jsonl
    """
    written, known = await opened.restore(user, file)
    click.echo(f"{written} written, {known} known already.")


@memory.command()
@USER
@click.option("--receipt", type=click.Path(dir_okay=False, path_type=Path), help="Also write the receipt here.")
@click.confirmation_option(prompt="This cannot be undone. Erase the user?")
@with_memory
async def erase(opened: Memory, user: str, receipt: Path | None) -> None:
    """Erase a user for good: keys, memories, copies, index. Prints the signed receipt.

    \b
    cleo memory erase --user ann --yes --receipt ann.receipt.json
    """
    if receipt:
        _writable(receipt)  # before anything is gone
    done = await opened.erase(user)
    text = json.dumps(done.envelope, indent=1)
    click.echo(text)  # first: the disk may be full, and there is no second receipt
    if receipt:
        await asyncio.to_thread(receipt.write_text, text)
    stores = ", ".join(f"{store} {state}" for store, state in done.stores.items()) or "no stores outside"
    click.echo(f"{done.memories} memories erased; {done.keys_destroyed} keys destroyed; {stores}", err=True)


def _writable(file: Path) -> None:
    """Raises: EnvironmentFault when the file could not be written."""
    from cleo_core.errors import EnvironmentFault

    folder = file.absolute().parent
    if not folder.is_dir():
        raise EnvironmentFault(f"{folder} is no folder: nothing was erased.", hint="Make it, or change --receipt.")
    if not os.access(file if file.exists() else folder, os.W_OK):
        raise EnvironmentFault(f"{file} cannot be written: nothing was erased.", hint="Change its permissions.")


@memory.command("verify-receipt")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def verify_receipt(file: Path) -> None:
    """Check the signature of an erasure receipt.

    \b
    cleo memory verify-receipt ann.receipt.json
    """
    from cleo_core.errors import InputError
    from cleo_memory.lifecycle.erase import verify_receipt as verify

    try:
        envelope = json.loads(file.read_text())
    except ValueError:
        raise InputError(f"{file} is no receipt: it is not JSON.") from None
    found = verify(envelope)
    click.echo(f"Holds: {found.memories} memories of {found.subject} erased at {found.erased_at}.")


@memory.command("rotate-keys")
@click.option("--user", help="Give this user a new data key; without it the key-encryption key is rotated.")
@with_memory
async def rotate_keys(opened: Memory, user: str | None) -> None:
    """Rotate keys while the memory is in use.

    \b
    cleo memory rotate-keys              a new KEK (file provider), every data key rewrapped
    cleo memory rotate-keys --user ann   a new data key, everything of the user sealed anew
    """
    if user is not None:
        click.echo(f"{await opened.rotate_key(user)} memories sealed anew.")
    else:
        click.echo(f"{await opened.rotate_kek()} data keys rewrapped under {opened.keyring.provider.current!r}.")


@memory.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
def upgrade(yes: bool) -> None:
    """Bring catalogue and key store of an earlier version up to date. SQLite does that by itself, after a backup; for
    Postgres make one first, and let no other process use the tables meanwhile. A dump of the key store can bring
    erased users back: delete it once the upgraded memory works.

    \b
    pg_dump --schema=cleo_catalogue --schema=cleo_keys URL > before.sql && cleo memory upgrade
    """
    from cleo_core.settings import load
    from cleo_memory.catalog.database.connect import pending_upgrades
    from cleo_memory.catalog.database.connect import upgrade as bring_up_to_date
    from cleo_memory.settings import MemorySettings

    settings = load(MemorySettings)
    if not (found := pending_upgrades(settings)):
        click.echo("Up to date.")
        return
    for where, pending in found:
        click.echo(f"{where}, version {pending.version}:")
        for step in pending.steps:
            click.echo(f"  to {step.version}: {step.summary}")
    if not yes:
        click.confirm("Change them?", abort=True)
    asyncio.run(bring_up_to_date(settings))
    click.echo("Up to date.")


@memory.command()
@click.option("--source", required=True, help="sqlite, redis, mongodb, postgres (supabase) or pinecone.")
@click.option("--target", required=True, help="One or more of them, separated by commas.")
@click.option("--url", "urls", multiple=True, metavar="NAME=URL", help="Where a backend is, if not in the settings.")
@click.option("--dry-run", is_flag=True, help="Say what would be copied, copy nothing.")
@click.option("--delete-source", is_flag=True, help="Delete the source's copy of what a durable target holds.")
@with_memory
async def migrate(
    opened: Memory, source: str, target: str, urls: tuple[str, ...], dry_run: bool, delete_source: bool
) -> None:
    """Copy all memories to other backends, verify each, point the catalogue there. Run it again to resume.

    \b
    cleo memory migrate --source sqlite --target redis --url redis=redis://127.0.0.1:6379/0 --dry-run
    cleo memory migrate --source sqlite --target redis,mongodb,supabase      (with CLEO_MEMORY_HOT, _WARM and _COLD set)
    """
    from cleo_core.progress import ConsoleReporter
    from cleo_memory.lifecycle.transfer import Transfer
    from cleo_memory.storage.backends import open_named, tier_stores
    from cleo_memory.storage.resilient import resilient

    names = target.split(",")
    stores = await open_named(opened.settings, [source, *names], dict(each.partition("=")[::2] for each in urls))
    try:
        for store in stores.values():  # a plan for a backend that is not there is none
            await resilient(store).ping()
        held = tier_stores(source, opened.catalog, stores)
        targets = [each for name in names for each in tier_stores(name, opened.catalog, stores)]
        transfer = Transfer(opened.catalog, opened.payloads, held, targets)
        if dry_run:
            report = await transfer.plan_for_all_users()
        else:
            report = await transfer.run_for_all_users(ConsoleReporter(), delete_source=delete_source)
    finally:
        for store in stores.values():
            await store.close()
    for name, count in sorted(report.planned.items()):
        click.echo(f"{count:>9} memories for {name}")
    if dry_run:
        click.echo(f"{report.bytes} bytes; nothing was copied.")
        return
    click.echo(
        f"{report.copied} copied, {report.already} there already, {report.verified} verified, "
        f"{report.deleted} deleted at the source, {len(report.failed)} failed, {report.seconds:.1f} s"
    )
    for id in report.failed:
        click.echo(f"failed: {id}", err=True)
    if report.failed:
        sys.exit(1)
