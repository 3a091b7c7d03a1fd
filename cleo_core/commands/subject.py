"""`cleo subject`: what learned from a person, and taking that person out of what comes later."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from cleo_core.subject.trace import Trace

ID = click.argument("id")
FOLDERS = click.option(
    "--train-dir", "folders", multiple=True, type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Also look into this output folder of cleo train.",
)  # fmt: skip
UNKNOWN = 1
"""Exit code where nothing is known of a person."""


@click.group()
def subject() -> None:
    """What learned from a person, and taking that person out of what is trained.

    A source names the field that says whose a record is (`subject`); the id is kept as a keyed hash only. ID is what
    stands in that field; `-` reads it from standard input, so that it stays out of the shell's history.

    \b
    cleo subject trace ann@example.org
    cleo subject erase ann@example.org --dry-run
    cleo subject erase ann@example.org --reason "asked on 3 May" --receipt ann.receipt.json
    cleo subject verify ann.receipt.json
    """


@subject.command()
@ID
@FOLDERS
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
def trace(id: str, folders: tuple[Path, ...], as_json: bool) -> None:
    """The corpora, models and served versions that learned from a person. Exit code 1 where there is none.

    \b
    cleo subject trace ann@example.org --json
    pass show ann | cleo subject trace - --train-dir out
    """
    found = _trace(id, folders)
    if as_json:
        click.echo(found.model_dump_json(indent=1))
    else:
        _show(found)
    if not found.found:
        click.get_current_context().exit(UNKNOWN)


@subject.command()
@ID
@FOLDERS
@click.option("--reason", default="", help="Why; it is kept in the signed receipt and in the audit log.")
@click.option("--receipt", type=click.Path(dir_okay=False, path_type=Path), help="Also write the receipt here.")
@click.option("--dry-run", is_flag=True, help="Say what would happen, change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def erase(id: str, folders: tuple[Path, ...], reason: str, receipt: Path | None, dry_run: bool, yes: bool) -> None:
    """Leave a person out of every later corpus, and mark the models that learned from that person.

    Nothing is retrained and no file is deleted: the next run leaves the person's records out, also where the source
    still holds them. Prints the signed receipt; called again, it prints the same one and marks what is new.

    \b
    cleo subject erase ann@example.org --dry-run
    cleo subject erase ann@example.org --yes --receipt ann.receipt.json
    """
    from cleo_core.files import write_json
    from cleo_core.subject.erase import erase as carry_out
    from cleo_core.subject.erase import mark_versions
    from cleo_core.subject.erasures import REASON

    if len(reason) > REASON:
        raise click.BadParameter(f"at most {REASON} characters.", param_hint="--reason")
    found = _trace(id, folders)
    _show(found, err=True)
    if not found.erased:
        click.echo(
            "Erasing leaves the person's records out of every later corpus and marks the versions above. It deletes no "
            "file, and it cannot be taken back.",
            err=True,
        )
    if dry_run:
        click.echo("Nothing was changed.", err=True)
        return
    if not (yes or found.erased):
        click.confirm("Erase the person?", abort=True, err=True)
    done = carry_out(found, reason)
    click.echo(json.dumps(done.envelope, indent=1))
    if receipt:
        write_json(receipt, done.envelope)
    failed = mark_versions(found)
    click.echo(f"Erased on {done.erasure.erased_at} ({done.erasure.id}).", err=True)
    for fault in failed:
        click.echo(f"Not marked: {fault}", err=True)
    if found.unread or failed:
        click.echo("Call it again when that is mended; the erasure itself stands.", err=True)
        click.get_current_context().exit(3)


@subject.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def verify(file: Path) -> None:
    """Check a receipt: its signature, and that it stands in the audit log of this machine. Exit code 5 if it does not.

    \b
    cleo subject verify ann.receipt.json
    """
    from cleo_core.subject.erase import logged
    from cleo_core.subject.erasures import verify as verified

    found = verified(_receipt(file))
    record = logged(found)
    click.echo(f"✓ signed: {found.subject} was erased on {found.erased_at} ({found.id})")
    if record is None:
        click.echo("– not in the audit log of this machine")
    else:
        click.echo(f"✓ record {record} of the audit log, proven to be in it")


@subject.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def accept(file: Path) -> None:
    """Let an erasure that was made on another machine hold on this one, from its receipt.

    It comes by itself with the registry, as a signed tag of each version that it concerns; this way needs no registry.
    The audit key of the other machine must be trusted here (cleo keys trust audit NAME FILE).

    \b
    cleo subject accept ann.receipt.json
    """
    from cleo_core.subject.erase import accept as accepted

    erasure = accepted(_receipt(file))
    click.echo(f"{erasure.subject}, erased on {erasure.erased_at} ({erasure.id}), is erased here too.")


def _receipt(file: Path) -> Any:
    from cleo_core.errors import InputError

    try:
        return json.loads(file.read_text())
    except ValueError:
        raise InputError(f"{file} is no receipt: it is not JSON.") from None


def _trace(id: str, folders: Iterable[Path]) -> Trace:
    from cleo_core.errors import InputError
    from cleo_core.subject.identity import Pseudonyms
    from cleo_core.subject.trace import trace as traced

    found = Pseudonyms()(sys.stdin.read() if id == "-" else id)
    if not found:
        raise InputError("The id is empty, which is nobody's.", hint="cleo subject --help")
    return traced(found, list(folders))


def _show(found: Trace, *, err: bool = False) -> None:
    from cleo_core.markdown import table

    def say(text: str) -> None:
        click.echo(text, err=err)

    say(f"Keyed hash: {found.subject}")
    if found.corpora:
        rows = [
            [
                one.stage,
                one.digest[:16],
                one.records.get("train", 0),
                one.records.get("heldout", 0),
                one.made_at,
                one.path,
            ]
            for one in found.corpora
        ]
        say("\nCorpora that hold the person's records\n")
        say(table(["stage", "digest", "train", "held out", "made", "folder"], rows, "llrrll"))
    for title, made in (("Copies before masking", found.unmasked), ("Made from those corpora", found.made)):
        if made:
            say(f"\n{title}\n")
            rows = [[one.stage, one.digest[:16], one.made_at, one.path] for one in made]
            say(table(["stage", "digest", "made", "folder"], rows, "llll"))
    if found.versions:
        rows = [
            [str(one.version), one.bundle_digest[:16], one.records, one.review, ", ".join(one.aliases)]
            for one in found.versions
        ]
        say("\nRegistered versions that learned from the person\n")
        say(table(["version", "bundle", "records", "review", "aliases"], rows, "rlrll"))
    if found.served:
        say("\nServed as champion\n")
        say(
            table(
                ["version", "since", "until"],
                [[str(s.version), s.since, s.until or "now"] for s in found.served],
                "rll",
            )
        )
    for fault in found.unread:
        say(f"\nNot looked into: {fault}")
    if not found.found:
        say("Nothing that is known here learned from such a person.")
    if found.erased:
        say(f"\nErased on {found.erased.erased_at} ({found.erased.id}).")
    say("")
