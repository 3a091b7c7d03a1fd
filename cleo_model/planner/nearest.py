"""What would fit, where a run does not: single changes, the smallest of each kind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from cleo_model.errors import RecipeError
from cleo_model.planner.division import WAYS, Way, division_of, fitted, way_in_words
from cleo_model.planner.machine import Gpus, Machine
from cleo_model.planner.shape import Shape
from cleo_model.recipe import Recipe

MOST_RANKS = 1024


def nearest(shape: Shape, recipe: Recipe, machine: Machine, ways: tuple[Way, ...]) -> list[str]:
    """Changes after which the run fits: another way, more GPUs, fewer experts, more memory, fewer trained layers."""
    changes = (_way, _ranks, _experts, _memory, _layers)
    return [told for change in changes for told in change(shape, recipe, machine, ways)]


def fits(shape: Shape, recipe: Recipe, machine: Machine, ways: tuple[Way, ...]) -> Way | None:
    """The first of the ways that does."""
    for way in ways:
        if fitted(shape, recipe, machine, division_of(recipe, machine, way))[1].total <= machine.memory:
            return way
    return None


def _way(shape: Shape, recipe: Recipe, machine: Machine, ways: tuple[Way, ...]) -> Iterator[str]:
    others = tuple(way for way in WAYS if way not in ways and (isinstance(machine, Gpus) or not way[1]))
    if found := fits(shape, recipe, machine, others):
        yield f"{way_in_words(*found)} on the same"


def _ranks(shape: Shape, recipe: Recipe, machine: Machine, ways: tuple[Way, ...]) -> Iterator[str]:
    count = machine.count
    while isinstance(machine, Gpus) and (count := 2 * count) <= MOST_RANKS:
        more = replace(machine, count=count)
        try:
            shared = recipe.replace(engine=recipe.engine.replace(ranks=count))
        except RecipeError:
            return
        if found := fits(shape, shared, more, ways):
            yield f"{count} of these GPUs with {way_in_words(*found)}"
            return


def _experts(shape: Shape, recipe: Recipe, machine: Machine, ways: tuple[Way, ...]) -> Iterator[str]:
    if recipe.moe is None:
        return
    for count in range(shape.experts - 1, max(1, shape.top_k - 1), -1):
        if found := fits(replace(shape, experts=count), recipe, machine, ways):
            yield f"{count} experts with {way_in_words(*found)}"
            return
    dense = replace(shape, sparse=(False,) * shape.layers, experts=0)
    if found := fits(dense, recipe, machine, ways):
        yield f"no experts, with {way_in_words(*found)}"


def _memory(shape: Shape, recipe: Recipe, machine: Machine, ways: tuple[Way, ...]) -> Iterator[str]:
    needed = min(fitted(shape, recipe, machine, division_of(recipe, machine, way))[1].total for way in ways)
    if isinstance(machine, Gpus):
        yield f"{machine.count} GPUs of {-(-needed // 1e9):.0f} GB"
    else:
        yield f"a machine with {-(-needed * machine.count // 1e9):.0f} GB of memory"


def _layers(shape: Shape, recipe: Recipe, machine: Machine, ways: tuple[Way, ...]) -> Iterator[str]:
    most = shape.layers if recipe.engine.trainable_layers is None else recipe.engine.trainable_layers
    for count in range(most - 1, 0, -1):
        fewer = recipe.replace(engine=recipe.engine.replace(trainable_layers=count))
        if fits(shape, fewer, machine, ways):
            yield f"training the last {count} of {shape.layers} layers alone (trainable_layers of a recipe)"
            return
