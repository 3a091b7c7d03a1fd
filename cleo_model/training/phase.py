"""One phase of training as a stage: what it is set to, and what it reports."""

from __future__ import annotations

from pydantic import BaseModel

from cleo_core.routing import RoutingSummary
from cleo_core.stage.declaration import StageSettings, Summary
from cleo_model.recipe import Recipe

RECIPE, REPORT = "recipe.json", "report.json"


class PhaseSettings(StageSettings):
    """Everything that decides what a phase computes."""

    phase: str
    recipe: Recipe
    dtype: str
    """What this machine computes in, on which device, with which kernels: each gives other bits."""
    device: str = "cpu"
    kernels: str = ""


class RouterFigures(BaseModel):
    """The router's state at a step."""

    balance: float
    z: float
    entropy: float
    largest: float
    """Load of the busiest expert of any layer."""
    experts_per_token: float = 0.0
    over_capacity: float = 0.0
    """Share of the assignments that a capacity limit would have dropped."""


class StepFigures(BaseModel):
    """One step of training."""

    step: int
    loss: float
    rate: float
    norm: float
    """Of the gradient."""
    seconds: float
    router: RouterFigures | None = None


class PhaseReport(Summary):
    """report.json of a phase. Losses are in nats per target, by domain of the held-out part."""

    phase: str
    recipe: str
    steps: int
    tokens: int
    ranks: int
    zero_stage: int
    seconds: float
    tokens_per_second: float
    peak_memory_bytes: int
    train_loss: float
    loss_at_start: dict[str, float]
    """Of the model that training began with."""
    loss_before: dict[str, float]
    loss_after: dict[str, float]
    dead_experts: list[str]
    """As ``layer.expert``."""
    router: RouterFigures | None = None
    expert_load: list[list[float]]
    """Share of the tokens by layer and expert."""
    routing: RoutingSummary | None = None
    """Of held-out text by the trained model; of a dense model there is none."""
    history: list[StepFigures]
