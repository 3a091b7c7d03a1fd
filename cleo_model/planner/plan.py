"""A plan: the division of a run over ranks that fits and is the fastest, or why none fits and what would."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel

from cleo_model.errors import DoesNotFit
from cleo_model.planner.division import WAYS, Way, division_of, fitted, way_in_words
from cleo_model.planner.machine import Gpus, Machine, Processors
from cleo_model.planner.memory import Memory
from cleo_model.planner.nearest import nearest
from cleo_model.planner.probe import Probe, probe
from cleo_model.planner.shape import Shape, shape_of
from cleo_model.planner.speed import step_seconds
from cleo_model.planner.work import useful_work
from cleo_model.recipe import Recipe
from cleo_model.training.step import rows_of


class Option(BaseModel):
    """One way to divide the run."""

    stage: int
    offload: bool
    micro_batch_tokens: int
    memory: Memory
    tokens_per_second: float
    """Of all ranks, over all phases."""
    seconds: float
    """Of the whole run."""
    fits: bool

    @property
    def way(self) -> str:
        return way_in_words(self.stage, self.offload)


class Plan(BaseModel):
    """What a run needs and takes."""

    parameters: int
    active: int
    ranks: int
    available: float
    """Bytes of one rank."""
    tokens: int
    options: tuple[Option, ...]
    """Every way that was looked at."""
    chosen: Option
    utilisation: float
    """Of the machine's peak in matrix products, as a share (model FLOPs utilisation)."""

    @property
    def hours(self) -> float:
        return self.chosen.seconds / 3600


def plan(config: Mapping[str, Any], recipe: Recipe, machine: Machine, ways: Iterable[Way] = WAYS) -> Plan:
    """The fastest of the ways that fit.

    Args:
        config: of the model that is trained, experts and all.
        recipe: its number of ranks is the machine's.
        ways: that may be taken.

    Raises:
        DoesNotFit: none fits; says what it needs, and the nearest changes that do.
    """
    shape = shape_of(config)
    taken = tuple(dict.fromkeys((stage, offload and isinstance(machine, Gpus)) for stage, offload in ways))
    check_fits(shape, recipe, machine, taken)
    measured = _probe(config, shape, recipe, machine) if isinstance(machine, Processors) else None
    options = tuple(_option(shape, recipe, machine, measured, way) for way in taken)
    chosen = min((option for option in options if option.fits), key=lambda option: (option.seconds, option.stage))
    peak = machine.tflops * 1e12 if isinstance(machine, Gpus) else measured.flops if measured else 0.0
    return Plan(
        parameters=shape.parameters,
        active=shape.active,
        ranks=machine.count,
        available=machine.memory,
        tokens=recipe.curriculum.total_steps * recipe.curriculum.tokens_per_step,
        options=options,
        chosen=chosen,
        utilisation=_useful(shape, recipe) / chosen.seconds / machine.count / peak,
    )


def check_fits(shape: Shape, recipe: Recipe, machine: Machine, ways: tuple[Way, ...]) -> None:
    """Raises: DoesNotFit: by none of the ways; says what the least of them needs, and the nearest changes that fit."""
    least = {way: fitted(shape, recipe, machine, division_of(recipe, machine, way))[1].total for way in ways}
    way = min(least, key=least.__getitem__)
    if least[way] <= machine.memory:
        return
    ranks = f"{machine.count} GPU{'s' * (machine.count > 1)}" if isinstance(machine, Gpus) else "this machine"
    raise DoesNotFit(
        f"{shape.parameters / 1e9:.2f} billion parameters do not fit {ranks}: with {way_in_words(*way)} each of "
        f"{machine.count} rank{'s' * (machine.count > 1)} needs {least[way] / 1e9:.1f} GB and has "
        f"{machine.memory / 1e9:.1f} GB.",
        hint=f"What fits: {'; or '.join(nearest(shape, recipe, machine, ways))}.",
    )


def _option(shape: Shape, recipe: Recipe, machine: Machine, measured: Probe | None, way: Way) -> Option:
    division = division_of(recipe, machine, way)
    micro, memory = fitted(shape, recipe, machine, division)
    curriculum, seconds = recipe.curriculum, 0.0
    for phase in curriculum.phases:
        length = phase.sequence_length
        _, batches = rows_of(recipe, length, division.ranks, micro)
        each = step_seconds(shape, division, machine, measured, length, curriculum.tokens_per_step, batches)
        seconds += curriculum.steps(phase.name) * each
    return Option(
        stage=way[0],
        offload=way[1],
        micro_batch_tokens=micro,
        memory=memory,
        seconds=seconds,
        tokens_per_second=curriculum.total_steps * curriculum.tokens_per_step / seconds,
        fits=memory.total <= machine.memory,
    )


def _useful(shape: Shape, recipe: Recipe) -> float:
    """Operations of the whole run, without what is computed twice."""
    curriculum = recipe.curriculum
    return sum(
        curriculum.steps(phase.name) * curriculum.tokens_per_step * useful_work(shape, phase.sequence_length)
        for phase in curriculum.phases
    )


def _probe(config: Mapping[str, Any], shape: Shape, recipe: Recipe, machine: Processors) -> Probe:
    import torch

    longest = max(phase.sequence_length for phase in recipe.curriculum.phases)
    rows, _ = rows_of(recipe, longest, machine.count, recipe.engine.micro_batch_tokens)
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(machine.threads)
        return probe(config, shape, rows, longest, half=machine.half, clock=time.perf_counter)
    finally:
        torch.set_num_threads(before)
