"""The `cleo` command: loads only the command that is called, and turns every error into one line and an exit code."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint, entry_points
from typing import cast

import click

from cleo_core.errors import CleoError, EnvironmentFault
from cleo_core.extras import installed


class Commands(click.Group):
    """Commands found in the entry-point group ``cleo.commands``."""

    def _entries(self) -> dict[str, EntryPoint]:
        return {entry.name: entry for entry in entry_points(group="cleo.commands") if installed(*entry.extras)}

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *self._entries()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if found := super().get_command(ctx, cmd_name):
            return found
        entry = self._entries().get(cmd_name)
        return cast(click.Command, entry.load()) if entry else None


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="cleoai", prog_name="cleo")
def cleo() -> None:
    """From raw text to a signed, reviewed Mixture-of-Experts assistant that remembers each user.

    \b
    cleo run                     run the chain: corpus, training, evaluation, signed registration
    cleo review show 3           what a reviewer needs to know about version 3
    cleo api                     serve the approved model
    cleo verify champion         walk the proof back to the corpus
    """


def main(argv: list[str] | None = None) -> None:
    """Entry point of `cleo` and of main.py."""
    try:
        code = cleo.main(args=argv, prog_name="cleo", standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except (click.exceptions.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except CleoError as error:
        click.echo(f"Error [{error.code}]: {error.message}", err=True)
        if error.hint:
            click.echo(f"  {error.hint}", err=True)
        sys.exit(error.exit_code)
    except OSError as error:  # click has ended quietly already when the reader of a pipe went away
        from cleo_core.redact import redact

        said = redact(" ".join((error.strerror or str(error) or type(error).__name__).split()))
        where = f": {error.filename}" if error.filename else ""
        click.echo(f"Error [{EnvironmentFault.code}]: {said}{where}", err=True)
        sys.exit(EnvironmentFault.exit_code)
