"""How a run may be divided over ranks, and the largest micro batch that fits each way."""

from __future__ import annotations

from cleo_model.planner.machine import Gpus, Machine
from cleo_model.planner.memory import Division, Memory, memory_of
from cleo_model.planner.shape import Shape
from cleo_model.recipe import Recipe
from cleo_model.training.step import rows_of

Way = tuple[int, bool]
"""A ZeRO stage, and whether the optimizer lies in the memory of the host."""
WAYS: tuple[Way, ...] = ((1, False), (2, False), (3, False), (2, True), (3, True))
"""From the least exchange to the least memory."""


def way_in_words(stage: int, offload: bool) -> str:
    """As a person says it."""
    return f"ZeRO {stage}{' and the optimizer in the host' if offload else ''}" if stage else "no ZeRO"


def division_of(recipe: Recipe, machine: Machine, way: Way) -> Division:
    """How this way lays the state of a run over the ranks of a machine."""
    return Division(
        device="cuda" if isinstance(machine, Gpus) else "cpu",
        ranks=machine.count,
        stage=way[0],
        offload=way[1] and isinstance(machine, Gpus),
        half=True if isinstance(machine, Gpus) else machine.half,
        trained_layers=recipe.engine.trainable_layers,
    )


def need(shape: Shape, recipe: Recipe, division: Division, micro_batch_tokens: int) -> Memory:
    """The memory of a rank in the phase that needs most."""
    lengths = {phase.sequence_length for phase in recipe.curriculum.phases}
    found = (
        memory_of(shape, division, rows_of(recipe, length, division.ranks, micro_batch_tokens)[0], length)
        for length in lengths
    )
    return max(found, key=lambda memory: memory.total)


def fitted(shape: Shape, recipe: Recipe, machine: Machine, division: Division) -> tuple[int, Memory]:
    """The largest micro batch, by halves of the recipe's, that fits; else that of one row. In tokens."""
    micro = recipe.engine.micro_batch_tokens
    shortest = min(phase.sequence_length for phase in recipe.curriculum.phases)
    while (memory := need(shape, recipe, division, micro)).total > machine.memory and micro > shortest:
        micro = max(shortest, micro // 2)
    return micro, memory
