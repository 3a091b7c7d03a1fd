"""`cleo setup`: what a first run needs beyond the packages: pinned data, development keys, compiled operators."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import TYPE_CHECKING

import click

from cleo_core.extras import installed

if TYPE_CHECKING:
    from cleo_core.progress import ConsoleReporter


@click.command()
def setup() -> None:
    """Fetch the pinned data, make development keys, compile ahead what training needs. Safe to run again.

    \b
    cleo setup
    """
    from cleo_core.progress import ConsoleReporter
    from cleo_core.settings import home

    report = ConsoleReporter()
    home()
    if installed("pipeline"):
        _fetch(report)
    _keys()
    for entry in sorted(entry_points(group="cleo.setup"), key=lambda entry: entry.name):
        if installed(*entry.extras):  # a part whose extra is not installed is passed over
            entry.load()(report)
    click.echo("Set up.")


def _fetch(report: ConsoleReporter) -> None:
    from cleo_core.wheels import PINNED, fetch

    for number, wheel in enumerate(PINNED):
        if not wheel.folder().is_dir():
            report(f"fetching {wheel.name} {wheel.version}: {wheel.what} ({wheel.licence})", number, len(PINNED))
        fetch(wheel)
    report("pinned data", len(PINNED), len(PINNED))


def _keys() -> None:
    from cleo_core.crypto.keys import ensure_development_keys
    from cleo_core.settings import CoreSettings, load

    environment = load(CoreSettings).environment
    if environment != "development":
        click.echo(f"No keys are made in {environment}: cleo keys init --help")
        return
    if made := ensure_development_keys():
        names = ", ".join(f"{key.role} {key.name!r}" for key in made)
        click.secho(
            f"Made DEVELOPMENT keys ({names}), unencrypted on this machine: whoever uses this account can approve a\n"
            "model with them. They are refused in staging and production. Real keys: cleo keys init --help",
            fg="yellow",
            err=True,
        )
