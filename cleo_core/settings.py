"""Settings: one pydantic class per package, read from ``CLEO_…`` variables and ``.env``.

Each package registers its class in the entry-point group ``cleo.settings``, so `cleo config check` can validate all
of them without importing a package that is not installed.
"""

from __future__ import annotations

import os
from functools import cache
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from cleo_core.errors import ConfigError

__all__ = ["CoreSettings", "all_settings", "home", "load"]

Environment = Literal["development", "staging", "production"]
S = TypeVar("S", bound=BaseSettings)


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
    model_name: str = "cleo"
    """Name of the registered model in MLflow."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @property
    def tracking_uri(self) -> str:
        return self.mlflow_uri or f"sqlite:///{(self.home.resolve() / 'mlflow' / 'mlflow.db')}"


def load(cls: type[S]) -> S:
    """Read settings of one class.

    Raises:
        ConfigError: names the variable, what is wrong with its value, and the mend.
    """
    try:
        return cls()
    except ValidationError as error:
        prefix = str(cls.model_config.get("env_prefix", ""))
        delimiter = str(cls.model_config.get("env_nested_delimiter") or "__")
        faults = []
        for fault in error.errors(include_url=False):
            name = (prefix + delimiter.join(str(part) for part in fault["loc"])).upper()
            secret = any(word in name for word in ("KEY", "SECRET", "PASSWORD", "TOKEN"))
            value = "(hidden)" if secret else repr(fault.get("input"))
            faults.append(f"{name} is {value}: {fault['msg']}.")
        raise ConfigError(" ".join(faults), hint="Mend the variable, or the line in .env.") from None


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
