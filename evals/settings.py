"""Settings of evaluation: the rules of the gate, sealed into each task set when it is built."""

from __future__ import annotations

from pydantic_settings import BaseSettings, SettingsConfigDict

from cleo_core.settings import load
from evals.protocol import GateRules, Protocol


class EvalSettings(GateRules, BaseSettings):
    """Variables: ``CLEO_EVALS_MARGIN``, ``CLEO_EVALS_GUARD``, …"""

    model_config = SettingsConfigDict(env_prefix="CLEO_EVALS_", env_file=".env", extra="ignore")


def protocol() -> Protocol:
    """The rules that the next task set is sealed with."""
    return Protocol(**load(EvalSettings).model_dump())
