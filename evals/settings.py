"""Settings of evaluation: the rules of the gate, sealed into each task set when it is built."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from cleo_core.settings import load
from evals.protocol import Protocol

__all__ = ["EvalSettings", "protocol"]


class EvalSettings(BaseSettings):
    """Variables: ``CLEO_EVALS_MARGIN``, ``CLEO_EVALS_GUARD``, …"""

    model_config = SettingsConfigDict(env_prefix="CLEO_EVALS_", env_file=".env", extra="ignore")

    margin: float = Field(default=0.02, gt=0, lt=0.5)
    """How much the mean score over tasks may fall before a candidate is refused; 0.02 is two points."""
    guard: float = Field(default=0.05, gt=0, lt=0.5)
    """How much the accuracy of one task may fall."""
    perplexity_guard: float = Field(default=0.03, gt=0, lt=0.5)
    """How much the bits per byte of one domain may rise, relative."""
    dtype: Literal["auto", "bfloat16", "float32"] = "auto"
    """Dtype of the weights while scoring; auto is bfloat16 where the processor computes in it."""


def protocol() -> Protocol:
    """The rules that the next task set is sealed with."""
    settings = load(EvalSettings)
    return Protocol(
        margin=settings.margin,
        guard=settings.guard,
        perplexity_guard=settings.perplexity_guard,
        dtype=settings.dtype,
    )
