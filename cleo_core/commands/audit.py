"""`cleo audit`: read the audit log, check all of it, prove one record."""

from __future__ import annotations

import json
from pathlib import Path

import click


@click.group()
def audit() -> None:
    """The append-only log of who did what.

    \b
    cleo audit list
    cleo audit verify                  compute the whole tree anew, compare with every signed checkpoint
    cleo audit prove 17 > proof.json   a proof of record 17 that needs no log to check
    """


@audit.command("list")
@click.option("--start", default=0, show_default=True, type=click.IntRange(min=0), help="First record.")
@click.option("--count", default=50, show_default=True, type=click.IntRange(1, 10_000), help="How many.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
def list_records(start: int, count: int, as_json: bool) -> None:
    """List records.

    \b
    cleo audit list --start 100 --count 10
    """
    from cleo_core.audit.log import open_log

    for record in open_log().read(start, count):
        if as_json:
            click.echo(json.dumps(record, sort_keys=True))
            continue
        told = record.get("details", {})
        details = " ".join(f"{name}={value}" for name, value in told.items() if not isinstance(value, dict))
        click.echo(f"{record['seq']:6} {record['at']}  {record['event']:20} {record['actor']:16} {record['subject']}"
                   f"  {details}".rstrip())  # fmt: skip


@audit.command()
@click.option("--proof", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Check this proof instead.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
def verify(proof: Path | None, as_json: bool) -> None:
    """Check the whole log, or one proof. Exit code 5 when something does not hold.

    \b
    cleo audit verify
    cleo audit verify --proof proof.json
    """
    from dataclasses import asdict

    from cleo_core.audit.log import check_proof, open_log
    from cleo_core.errors import InputError

    if proof:
        try:
            value = json.loads(proof.read_text())
        except ValueError:
            raise InputError(f"{proof} is no proof.", hint="cleo audit prove SEQ > proof.json") from None
        record = check_proof(value)
        click.echo(json.dumps(record, sort_keys=True) if as_json else f"✓ record {record['seq']} is in the log.")
        return
    report = open_log().verify()
    if as_json:
        click.echo(json.dumps(asdict(report) | {"holds": report.holds}, indent=1))
    else:
        for fault in report.faults:
            click.echo(f"✗ {fault}")
        if report.holds:
            click.echo(f"✓ {report.size} records, {report.checkpoints} signed checkpoints, {report.copied} copied")
            click.echo(f"  head {report.root}")
    if not report.holds:
        click.get_current_context().exit(5)


@audit.command()
@click.argument("seq", type=int)
def prove(seq: int) -> None:
    """Print a proof that a record is in the log: the record, its path in the tree, and a signed head.

    \b
    cleo audit prove 17 > proof.json
    """
    from cleo_core.audit.log import open_log

    click.echo(json.dumps(open_log().prove(seq), indent=1, sort_keys=True))
