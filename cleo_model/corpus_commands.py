"""`cleo corpus`: the versions of the corpus on this machine, what is in each, and what is new in one."""

from __future__ import annotations

import click


@click.group()
def corpus() -> None:
    """The versions of the corpus on this machine.

    \b
    cleo corpus list
    cleo corpus show latest              its data card
    cleo corpus diff                     what came, went, changed and drifted; cleo corpus diff approved 3
    """


@corpus.command("list")
def list_versions() -> None:
    """Every masked corpus, the oldest first."""
    from rich.console import Console
    from rich.table import Table

    from cleo_model.corpus.versions.baseline import approved, versions

    known, behind = versions(), approved()
    if not known:
        click.echo("There is no corpus yet. Make one: cleo run --job refresh_corpus")
        return
    shown = Table()
    for name in ("no.", "corpus", "made", "records", "sources", ""):
        shown.add_column(name, justify="right" if name in ("no.", "records") else "left")
    for each in known:
        sources = ", ".join(name for name in sorted(each.sources) if name != "canaries")
        mark = "behind the champion" if each.digest == behind else ""
        shown.add_row(str(each.number), each.name, each.made_at, f"{each.records:,}", sources, mark)
    Console().print(shown)


@corpus.command()
@click.argument("version", default="latest")
def show(version: str) -> None:
    """The data card of VERSION: a number or digest of `cleo corpus list`, `latest` or `approved`."""
    from cleo_model.corpus.versions.baseline import card_of, find

    click.echo(card_of(find(version)))


@corpus.command()
@click.argument("old", default="before")
@click.argument("new", default="latest")
def diff(old: str, new: str) -> None:
    """What came, went, changed and drifted from version OLD to version NEW.

    OLD is by default what NEW was compared with when it was made: the approved version, else the one before.
    """
    from cleo_core.settings import load
    from cleo_model.corpus.versions.baseline import baseline, find
    from cleo_model.corpus.versions.difference import difference, difference_table
    from cleo_model.corpus.versions.drift import drift, drift_table
    from cleo_model.corpus.versions.profile import profile_of
    from cleo_model.settings import ModelSettings

    after = find(new)
    known = baseline(after.digest) if old == "before" else None
    if old == "before" and known is None:
        click.echo("This is the first version of the corpus, or the approved one: there is nothing to compare it with.")
        return
    before = known.version if known else find(old)
    found = difference(before.folder, after.folder)
    measures = drift(
        profile_of(before.folder, before.pii), profile_of(after.folder, after.pii), load(ModelSettings).drift
    )
    click.echo(f"From {before.name} ({before.made_at}) to {after.name} ({after.made_at}): {found.sentence()}.\n")
    click.echo(f"{difference_table(found)}\n\n{drift_table(measures)}")
