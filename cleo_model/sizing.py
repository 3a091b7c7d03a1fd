"""A recipe for a model that has none, by rules: from its size, the text and the machine. What is chosen is said.

tokens      three times the text, at least twenty steps; on a CPU no more than it trains in some minutes
rows        as long as nearly every record, within what the model can read; on a CPU 512 tokens at most
mixture     one phase, each domain by its share of the text
layers      all, where the planner finds that they fit the memory; else as many of the last ones as fit
rate        the smaller, the larger the model
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cleo_model.packing.mixture import Text, read_texts
from cleo_model.planner.division import Way
from cleo_model.planner.machine import Gpus, Machine
from cleo_model.planner.nearest import fits
from cleo_model.planner.plan import check_fits
from cleo_model.planner.shape import Shape, shape_of
from cleo_model.planner.work import token_work
from cleo_model.recipe import CurriculumRecipe, EngineRecipe, OptimizerRecipe, PhaseRecipe, Recipe

PASSES = 3
CHARACTERS = 4
"""Characters of a token, about: how long the text is need not be known more exactly."""
SHORTEST = 128
LONGEST = {"cpu": 512, "cuda": 2048}
"""Tokens of a row, by device."""
ROWS = {"cpu": 4, "cuda": 16}
"""Rows between two updates, by device: of a GPU, and of a whole CPU."""
FEWEST_STEPS = 20
CPU_WORK = 3e13
"""Operations that two cores get through in some ten minutes."""
RATES = ((3e9, 1e-5), (3e8, 2e-5), (3e7, 5e-5), (0.0, 3e-4))
"""Learning rates by the fewest parameters, of those that a token meets, that they are for."""
HELDOUT = 8192


@dataclass(frozen=True)
class TextSize:
    """How much text there is."""

    characters: Mapping[str, int]
    """By domain."""
    lengths: tuple[int, ...]
    """Characters of each record, in order."""

    @property
    def tokens(self) -> float:
        """About."""
        return sum(self.characters.values()) / CHARACTERS


def size_of(corpus: Path) -> TextSize:
    """The size of the training part of a corpus."""
    texts = read_texts(corpus / "train.jsonl")
    return TextSize(
        {domain: sum(map(_size, found)) for domain, found in texts.items()},
        tuple(sorted(_size(text) for found in texts.values() for text in found)),
    )


def recipe_for(
    model: str,
    config: Mapping[str, Any],
    text: TextSize,
    machine: Machine,
    *,
    adapt: Callable[[Recipe], Recipe] = lambda recipe: recipe,
    ways: tuple[Way, ...] = (),
) -> tuple[Recipe, list[str]]:
    """A recipe for a model and a corpus, and the sentences that state its choices.

    Args:
        config: of what is trained: of the mixture, where the model becomes one.
        adapt: makes of it what a person asked for otherwise.
        ways: that the run may be divided over the ranks; none: as the recipe then says.

    Raises:
        DoesNotFit: not even one layer could be trained in the memory; says what fits.
    """
    shape, device = shape_of(config), "cuda" if isinstance(machine, Gpus) else "cpu"
    length = _row(text, shape.longest, device)
    rows = ROWS[device] * (machine.count if device == "cuda" else 1)
    step = max(rows, machine.count) // machine.count * machine.count * length
    total = sum(text.characters.values())
    mixture = {domain: size / total for domain, size in text.characters.items()}
    phase = PhaseRecipe(
        name="training",
        tokens=step,
        sequence_length=length,
        mixture=mixture,
        focus=max(mixture, key=mixture.__getitem__),
    )
    unmeasured = Recipe(
        name="by_size",
        base_model=model,
        curriculum=CurriculumRecipe(
            phases=(phase,),
            tokens_per_step=step,
            heldout_tokens=max(HELDOUT, length),
            heldout_length=length,
            # A small text is shown more often for the sake of the fewest steps.
            max_epochs=max(4.0, 4.0 * FEWEST_STEPS * step * CHARACTERS / min(text.characters.values())),
        ),
        optimizer=OptimizerRecipe(lr=next(rate for least, rate in RATES if shape.active >= least)),
        engine=EngineRecipe(micro_batch_tokens=2 * length),
    )
    layers = _layers(shape, adapt(unmeasured), machine, ways)
    tokens, limited = _tokens(text, step, token_work(shape, length, layers), device)
    recipe = adapt(
        unmeasured.replace(
            curriculum=unmeasured.curriculum.replace(phases=(phase.replace(tokens=tokens),)),
            engine=unmeasured.engine.replace(trainable_layers=layers),
        )
    )
    return recipe, list(_said(recipe, shape, text, device, limited if _all(recipe) == tokens else ", as asked"))


def _said(recipe: Recipe, shape: Shape, text: TextSize, device: str, limited: str) -> Iterator[str]:
    layers, chosen, curriculum = recipe.engine.trainable_layers, _all(recipe), recipe.curriculum
    yield (
        f"No recipe is named for {recipe.base_model}: one is made from {shape.parameters / 1e6:,.0f} million "
        f"parameters, about {text.tokens:,.0f} tokens of text, and this machine ({device})."
    )
    yield (
        f"It trains on {chosen:,} tokens ({chosen / text.tokens:.1f} times the text{limited}), in rows of "
        f"{curriculum.phases[0].sequence_length} and steps of {curriculum.tokens_per_step:,}, at a rate of "
        f"{recipe.optimizer.lr:g}."
    )
    yield (
        "All layers are trained."
        if layers is None
        else f"The last {layers} of {shape.layers} layers are trained: more do not fit the memory."
    )
    yield "Other choices: --tokens, --learning-rate, or --recipe with a name or a file."


def _all(recipe: Recipe) -> int:
    return recipe.curriculum.total_steps * recipe.curriculum.tokens_per_step


def _size(text: Text) -> int:
    return len(text.text) or sum(len(message["content"]) for message in text.messages)


def _row(text: TextSize, readable: int, device: str) -> int:
    """Tokens of a row: the least power of two that holds nineteen of twenty records."""
    count = len(text.lengths)
    wanted = text.lengths[min(count - 1, math.ceil(0.95 * count))] / CHARACTERS + 32
    longest = min(readable, LONGEST[device])
    return int(min(2 ** math.floor(math.log2(longest)), max(SHORTEST, 2 ** math.ceil(math.log2(wanted)))))


def _layers(shape: Shape, recipe: Recipe, machine: Machine, ways: tuple[Way, ...]) -> int | None:
    """How many of the last layers can be trained in the memory; None: all."""
    own: Way = (recipe.engine.zero_stage, recipe.engine.offload)
    ways = ways if own[0] and ways else (own,)
    if fits(shape, recipe, machine, ways):
        return None
    for count in range(shape.layers - 1, 0, -1):
        if fits(shape, recipe.replace(engine=recipe.engine.replace(trainable_layers=count)), machine, ways):
            return count
    check_fits(shape, recipe, machine, ways)
    return 1


def _tokens(text: TextSize, step: int, work: float, device: str) -> tuple[int, str]:
    """Tokens in all, as whole steps, and what limited them."""
    steps = max(FEWEST_STEPS, math.ceil(PASSES * text.tokens / step))
    most = max(FEWEST_STEPS, int(CPU_WORK / work / step)) if device == "cpu" else steps
    return min(steps, most) * step, ", which is what this CPU trains in some minutes" if most < steps else ""
