"""`cleo config`: every setting of every installed part, checked and shown."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from cleo_core.redact import names_secret, redact

if TYPE_CHECKING:
    from pydantic_settings import BaseSettings

__all__ = ["config", "unknown_variables"]


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

    faults = 0
    for name, cls in sorted(settings.all_settings().items()):
        try:
            settings.check(cls)
            click.echo(f"✓ {name}")
        except ConfigError as error:
            faults += 1
            click.echo(f"✗ {name}: {error.message}\n  {error.hint or ''}".rstrip())
    if not faults:
        try:
            click.echo(f"✓ home {_own_home()}")
        except ConfigError as error:
            faults += 1
            click.echo(f"✗ home: {error.message}\n  {error.hint}")
    for name, meant in unknown_variables():
        click.echo(f"! {name} is set, but no setting has that name.{f' Did you mean {meant}?' if meant else ''}")
    if faults:
        click.get_current_context().exit(2)


@config.command()
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
def show(as_json: bool) -> None:
    """Show every setting in force. Secrets are never shown.

    \b
    cleo config show --json
    """
    from cleo_core.settings import all_settings, load

    shown: dict[str, dict[str, Any]] = {}
    for _, cls in sorted(all_settings().items()):
        settings = load(cls)
        for name, value in _values(cls, settings):
            shown[name] = value
    if as_json:
        click.echo(json.dumps(shown, indent=1))
        return
    width = max(map(len, shown))
    for name, value in shown.items():
        click.echo(f"{name:{width}}  {value['value']}  ({value['from']})")


def variable(cls: type[BaseSettings], field: str) -> str:
    """The environment variable of a field."""
    return f"{cls.model_config.get('env_prefix', '')}{field}".upper()


def _values(cls: type[BaseSettings], settings: BaseSettings) -> list[tuple[str, dict[str, Any]]]:
    import os

    from pydantic import SecretBytes, SecretStr

    found = []
    in_file = _dotenv()
    for field, info in cls.model_fields.items():
        name, value = variable(cls, field), getattr(settings, field)
        delimiter = str(cls.model_config.get("env_nested_delimiter") or "__").upper()
        names = [known for known in (*os.environ, *in_file) if known.upper().startswith((name + delimiter,))]
        origin = (
            "environment" if any(known.upper() == name or known in names for known in os.environ)
            else ".env" if any(known.upper() == name or known in names for known in in_file)
            else "default"
        )  # fmt: skip
        secret = isinstance(value, SecretStr | SecretBytes) or _is_secret(name, value)
        text = "not set" if value is None else "(hidden)" if secret else str(redact(_plain(value)))
        found.append((name, {"value": text, "from": origin, "what": info.description or ""}))
    return found


def _is_secret(name: str, value: Any) -> bool:
    """The name of a secret hides its value, unless that is a number, a switch or a path."""
    return isinstance(value, str | bytes) and names_secret(name)


def _plain(value: Any) -> Any:
    return value.model_dump(mode="json") if hasattr(value, "model_dump") else value


def _dotenv() -> dict[str, str | None]:
    from dotenv import dotenv_values

    return dotenv_values(".env")


def unknown_variables() -> list[tuple[str, str]]:
    """Variables CLEO_… that no setting reads, each with the name that was probably meant."""
    import difflib
    import os

    from cleo_core.settings import all_settings

    known: set[str] = set()
    nested: list[str] = []
    for cls in all_settings().values():
        delimiter = str(cls.model_config.get("env_nested_delimiter") or "__").upper()
        for field in cls.model_fields:
            known.add(variable(cls, field))
            nested.append(variable(cls, field) + delimiter)
    given = [name for name in {*os.environ, *_dotenv()} if name.upper().startswith("CLEO_")]
    strange = [
        name
        for name in sorted(given)
        if name.upper() not in known and not name.upper().startswith((*nested, "CLEO_TEST_"))
    ]
    return [(name, next(iter(difflib.get_close_matches(name.upper(), known, 1, 0.8)), "")) for name in strange]


def _own_home() -> str:
    """The home folder, which belongs to one environment for good."""
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
    return str(home())
