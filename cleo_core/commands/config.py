"""`cleo config`: every setting of every installed part, checked and shown."""

from __future__ import annotations

import difflib
import json
import os
import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from cleo_core.redact import names_secret, redact

if TYPE_CHECKING:
    from pydantic_settings import BaseSettings


@click.group()
def config() -> None:
    """Settings: environment variables CLEO_… and the file .env.

    \b
    cleo config check      are all of them right?
    cleo config show       what is in force, and where it comes from
    """


@config.command()
def check() -> None:
    """Check every setting; each fault names the variable, its value and what it may be. Exit code 2 on a fault.

    \b
    CLEO_ENVIRONMENT=prod cleo config check
    """
    from cleo_core import settings
    from cleo_core.errors import ConfigError

    def holds(name: str, look: Callable[[], object]) -> bool:
        try:
            look()
        except ConfigError as error:
            click.echo(f"✗ {name}: {error.message}\n  {error.hint or ''}".rstrip())
            return False
        click.echo(f"✓ {name}")
        return True

    told = [holds(name, partial(settings.check, cls)) for name, cls in sorted(settings.all_settings().items())]
    good = all(told) and holds(f"home {settings.home()}", _check_home)
    for name, meant in unknown_variables():
        click.echo(f"! {name} is set, but no setting has that name.{f' Did you mean {meant}?' if meant else ''}")
    if not good:
        click.get_current_context().exit(2)


@config.command()
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
def show(as_json: bool) -> None:
    """Show every setting in force. Secrets are never shown.

    \b
    cleo config show --json
    """
    from cleo_core.settings import all_settings

    shown = {name: value for _, cls in sorted(all_settings().items()) for name, value in _values(cls)}
    if as_json:
        click.echo(json.dumps(shown, indent=1))
        return
    width = max(map(len, shown))
    for name, value in shown.items():
        click.echo(f"{name:{width}}  {value['value']}  ({value['from']})")


def variable(cls: type[BaseSettings], field: str) -> str:
    """The environment variable of a field."""
    return f"{cls.model_config.get('env_prefix', '')}{field}".upper()


def _values(cls: type[BaseSettings]) -> Iterator[tuple[str, dict[str, Any]]]:
    from pydantic import SecretBytes, SecretStr

    from cleo_core.settings import load

    settings = load(cls)
    sources = (("environment", os.environ), (".env", _dotenv()))
    for field, info in cls.model_fields.items():
        name, value = variable(cls, field), getattr(settings, field)
        ours = re.compile(f"{name}({re.escape(_delimiter(cls))}.*)?", re.IGNORECASE)
        origin = next((where for where, given in sources if any(map(ours.fullmatch, given))), "default")
        # The name of a secret hides its value, unless that is a number, a switch or a path.
        hidden = isinstance(value, SecretStr | SecretBytes) or (isinstance(value, str | bytes) and names_secret(name))
        plain = value.model_dump(mode="json") if hasattr(value, "model_dump") else value
        text = "not set" if value is None else "(hidden)" if hidden else str(redact(plain))
        yield name, {"value": text, "from": origin, "what": info.description or ""}


def _delimiter(cls: type[BaseSettings]) -> str:
    """What stands between the name of a variable and that of a value within it."""
    return str(cls.model_config.get("env_nested_delimiter") or "__").upper()


def _dotenv() -> dict[str, str | None]:
    from dotenv import dotenv_values

    return dotenv_values(".env")


def unknown_variables() -> list[tuple[str, str]]:
    """Variables CLEO_… that no setting reads, each with the name that was probably meant."""
    from cleo_core.settings import all_settings

    names = {variable(cls, field): _delimiter(cls) for cls in all_settings().values() for field in cls.model_fields}
    nested = (*map("".join, names.items()), "CLEO_TEST_")
    given = (name for name in {*os.environ, *_dotenv()} if name.upper().startswith("CLEO_"))
    strange = sorted(name for name in given if name.upper() not in names and not name.upper().startswith(nested))
    return [(name, next(iter(difflib.get_close_matches(name.upper(), names, 1, 0.8)), "")) for name in strange]


def _check_home() -> None:
    """The home folder belongs to one environment for good."""
    from cleo_core.errors import ConfigError
    from cleo_core.settings import CoreSettings, home, load

    environment = load(CoreSettings).environment
    marker = home() / "environment"
    if not marker.exists():
        marker.write_text(environment + "\n")
    if (found := marker.read_text().strip()) != environment:
        raise ConfigError(
            f"CLEO_HOME {home()} belongs to {found[:32]!r}, but CLEO_ENVIRONMENT is {environment!r}.",
            hint="Each environment has a home folder of its own: set CLEO_HOME.",
        )
