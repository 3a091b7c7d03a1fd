"""`cleo doctor`: what is missing on this machine, and the command that fixes it."""

from __future__ import annotations

import json
from dataclasses import asdict

import click


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
def doctor(as_json: bool) -> None:
    """Look at Python, compiler, disk, memory, ports, packages, data, keys and settings. Exit code 3 on a fault.

    \b
    cleo doctor
    """
    from cleo_core.diagnosis import diagnose

    findings = diagnose()
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=1))
    else:
        width = max(len(finding.name) for finding in findings)
        for finding in findings:
            colour = {"ok": "green", "warning": "yellow", "fault": "red"}[finding.state]
            mark = {"ok": "✓", "warning": "!", "fault": "✗"}[finding.state]
            click.echo(f"{click.style(mark, fg=colour)} {finding.name:{width}}  {finding.found}")
            if finding.hint:
                click.echo(f"  {'':{width}}  fix: {finding.hint}")
    if any(finding.state == "fault" for finding in findings):
        click.get_current_context().exit(3)
