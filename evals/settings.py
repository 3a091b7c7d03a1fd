"""Settings of evaluation: the rules of the gate, sealed into each task set when it is built."""

from __future__ import annotations

from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict

from cleo_core.settings import load
from evals.protocol import GateRules, Protocol


class EvalSettings(GateRules, BaseSettings):
    """Variables: ``CLEO_EVALS_MARGIN``, ``CLEO_EVALS_GUARD``, …"""

    model_config = SettingsConfigDict(env_prefix="CLEO_EVALS_", env_file=".env", extra="ignore")

    items: tuple[Path, ...] = ()
    """JSON Lines files of items that models will be asked (as for `cleo evaluate --data`): no corpus may hold them."""


def protocol() -> Protocol:
    """The rules that the next task set is sealed with."""
    return Protocol(**load(EvalSettings).model_dump(include=set(GateRules.model_fields)))
