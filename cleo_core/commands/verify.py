"""`cleo verify`: walk the proof from a reply or a version back to the corpus."""

from __future__ import annotations

import json

import click


@click.command()
@click.argument("about")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
def verify(about: str, as_json: bool) -> None:
    """Walk the proof: reply, model version, signature, approval, lineage, corpus manifest.

    ABOUT is the id of a reply, a version number, or an alias. Every link is checked here and now: ✓ holds, ✗ does not,
    – cannot be checked on this machine. Exit code 5 when one does not hold.

    \b
    cleo verify champion
    cleo verify 3 --json
    cleo verify 5f0c9a3e7b2d4c18
    """
    from cleo_core.proof.walk import walk

    proof = walk(about)
    if as_json:
        click.echo(json.dumps(proof.to_json(), indent=1, ensure_ascii=False))
    else:
        width = max(len(link.name) for link in proof.links)
        for link in proof.links:
            colour = {True: "green", False: "red", None: "yellow"}[link.holds]
            click.echo(f"{click.style(link.mark, fg=colour)} {link.name:{width}}  {link.detail}")
        click.echo("The proof holds." if proof.holds else "THE PROOF DOES NOT HOLD.")
    if not proof.holds:
        click.get_current_context().exit(5)
