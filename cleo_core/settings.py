"""Settings: one pydantic class per package, read from ``CLEO_…`` variables and ``.env``.

Each package registers its class in the entry-point group ``cleo.settings``, so `cleo config check` can validate all
of them without importing a package that is not installed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from cleo_core.errors import ConfigError
from cleo_core.redact import names_secret, redact, shown

Environment = Literal["development", "staging", "production"]
S = TypeVar("S", bound=BaseSettings)
TRACKING = ("http", "https", "sqlite", "postgresql", "mysql", "mssql", "file", "databricks")
LOOPBACK = {"127.0.0.1", "::1", "localhost"}


class CoreSettings(BaseSettings):
    """What every part needs to know. Variables: ``CLEO_HOME``, ``CLEO_ENVIRONMENT``, …"""

    model_config = SettingsConfigDict(env_prefix="CLEO_", env_file=".env", extra="ignore")

    home: Path = Path(".cleo")
    """Everything that CleoAI writes goes below this folder (mode 0700)."""
    assets: Path | None = None
    """Folder of the pinned downloads, which several homes may share; by default ``<home>/assets``."""
    environment: Environment = "development"
    """development, staging or production; the three never share a home folder or a database."""
    mlflow_uri: str | None = None
    """MLflow tracking and registry; by default an SQLite store below the home folder."""
    model_name: str = Field("cleo", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    """Name of the registered model in MLflow; part of queries and addresses."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    compute: Literal["local", "ray"] = "local"
    """Where the corpus is worked on: processes of this machine, or the Ray cluster of RAY_ADDRESS (without it one of
    this machine)."""

    def problems(self) -> Iterator[str]:
        """See `check`."""
        scheme = (self.mlflow_uri or "sqlite:").partition(":")[0]
        if scheme.partition("+")[0] not in TRACKING:
            yield f"CLEO_MLFLOW_URI is {shown(self.mlflow_uri)}: no http://, https:// or database that MLflow knows."

    @property
    def tracking_uri(self) -> str:
        return self.mlflow_uri or f"sqlite:///{(self.home.resolve() / 'mlflow' / 'mlflow.db')}"


def load(cls: type[S]) -> S:
    """Read settings of one class.

    Raises:
        ConfigError: names the variable, what is wrong with its value, and what it may be.
    """
    try:
        return cls()
    except ValidationError as error:
        faults = [_fault(cls, fault["loc"], fault.get("input"), fault["msg"]) for fault in error.errors()]
        raise ConfigError(" ".join(faults), hint="Change the variable, or the line in .env.") from None
    except SettingsError as error:  # its message names the field and never the value
        raise ConfigError(
            f"{cls.model_config.get('env_prefix', '')}…: {error}.", hint='A list or table is JSON: \'["a", "b"]\'.'
        ) from None


def check(cls: type[S]) -> S:
    """Read settings and look whether what they name is there, which `load` leaves to the part that needs it: a
    reviewer's key on a stick that is not plugged in stops reviews, not the audit log.

    Raises:
        ConfigError: as `load`, and for each of the class's `problems`.
    """
    settings = load(cls)
    if found := list(getattr(settings, "problems", tuple)()):
        raise ConfigError(" ".join(found), hint="Change the variable, or the line in .env.")
    return settings


def _fault(cls: type[BaseSettings], loc: tuple[int | str, ...], given: object, message: str) -> str:
    if not loc:  # a rule about several settings: what was given are all of them, the secret ones too
        return f"{redact(message)}."
    prefix = str(cls.model_config.get("env_prefix", ""))
    delimiter = str(cls.model_config.get("env_nested_delimiter") or "__")
    name = (prefix + delimiter.join(str(part) for part in loc)).upper()
    field = cls.model_fields.get(str(loc[0]))
    # A field typed SecretStr or SecretBytes is hidden whatever its name is.
    secret = names_secret(name) or (field is not None and "Secret" in str(field.annotation))
    return f"{name} is {'(hidden)' if secret else shown(given)}: {redact(message)}."


def unread(url: str) -> bool:
    """Whether nobody on the way can read what is sent there: https, or this very machine."""
    address = urlsplit(url)
    return address.scheme == "https" or address.hostname in LOOPBACK


def all_settings() -> dict[str, type[BaseSettings]]:
    """The settings class of each installed package, by its name in the entry-point group ``cleo.settings``."""
    found: dict[str, type[BaseSettings]] = {}
    for entry in entry_points(group="cleo.settings"):
        # An image may carry a part of the packages only; a package that is there must load.
        if find_spec(entry.module.split(".")[0]):
            found[entry.name] = entry.load()
    return found


@cache
def _prepared(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.chmod(path, 0o700)
    return path


def home(*parts: str) -> Path:
    """A folder below ``CLEO_HOME``, made with mode 0700 when it is not there."""
    root = _prepared(load(CoreSettings).home.resolve())
    folder = root.joinpath(*parts)
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder
