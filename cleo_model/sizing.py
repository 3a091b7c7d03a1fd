"""A recipe for a model that has none, by rules: from its size, the text and this machine. What is chosen is said.

tokens      three times the text, at least twenty steps; on a CPU no more than it trains in some minutes
rows        as long as nearly every record, within what the model can read; on a CPU 512 tokens at most
mixture     one phase, each domain by its share of the text
layers      all, where weights, gradients and optimizer fit the memory; else as many of the last ones as fit
rate        the smaller, the larger the model
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from cleo_core.compute import device_kind
from cleo_core.model_folder import read_config
from cleo_model.base_model import BaseModelSummary
from cleo_model.packing.mixture import Text, read_texts
from cleo_model.recipe import CurriculumRecipe, EngineRecipe, OptimizerRecipe, PhaseRecipe, Recipe

PASSES = 3
CHARACTERS = 4
"""Characters of a token, about: how long the text is need not be known more exactly."""
SHORTEST = 128
LONGEST = {"cpu": 512, "cuda": 2048}
"""Tokens of a row, by device."""
ROWS = {"cpu": 4, "cuda": 16}
"""Rows between two updates, by device."""
FEWEST_STEPS = 20
CPU_WORK = 3e13
"""Operations that two cores get through in some ten minutes; a token takes six for each trained parameter."""
STATE = 16
"""Bytes for each trained parameter: weight, gradient, and two moments, in float32."""
HELD = 4
"""Bytes for each parameter that is not trained."""
OF_MEMORY = 0.6
RATES = ((3e9, 1e-5), (3e8, 2e-5), (3e7, 5e-5), (0.0, 3e-4))
"""Learning rates by the fewest parameters that they are for."""
HELDOUT = 8192


def recipe_for(
    model: str,
    base: Path,
    summary: BaseModelSummary,
    masked: Path,
    *,
    ranks: int = 1,
    adapt: Callable[[Recipe], Recipe] = lambda recipe: recipe,
) -> tuple[Recipe, list[str]]:
    """A recipe for a resolved model and a corpus, and the sentences that state its choices.

    Args:
        adapt: makes of it what a person asked for otherwise.
    """
    texts = read_texts(masked / "train.jsonl")
    config, device = read_config(base), device_kind()
    length = _row(texts, int(config.get("max_position_embeddings") or LONGEST[device]), device)
    step = max(ROWS[device], ranks) // ranks * ranks * length
    layers, trained = _layers(config, summary.parameters, device)
    tokens, limited = _tokens(texts, step, trained, device)
    sizes = {domain: sum(map(_size, found)) for domain, found in texts.items()}
    mixture = {domain: size / sum(sizes.values()) for domain, size in sizes.items()}
    rate = next(rate for least, rate in RATES if summary.parameters >= least)
    phase = PhaseRecipe(
        name="training", tokens=tokens, sequence_length=length, mixture=mixture, focus=max(sizes, key=sizes.__getitem__)
    )
    recipe = Recipe(
        name="by_size",
        base_model=model,
        curriculum=CurriculumRecipe(
            phases=(phase,),
            tokens_per_step=step,
            heldout_tokens=max(HELDOUT, length),
            heldout_length=length,
            # A small text is shown more often for the sake of the fewest steps.
            max_epochs=max(4.0, 4.0 * FEWEST_STEPS * step * CHARACTERS / min(sizes.values())),
        ),
        optimizer=OptimizerRecipe(lr=rate),
        engine=EngineRecipe(micro_batch_tokens=2 * length, trainable_layers=layers),
    )
    recipe = adapt(recipe)
    chosen = recipe.curriculum.total_steps * recipe.curriculum.tokens_per_step
    limited = limited if chosen == tokens else ", as asked"
    total = sum(sizes.values()) / CHARACTERS
    said = [
        f"No recipe is named for {model}: one is made from its {summary.parameters / 1e6:,.0f} million parameters, "
        f"about {total:,.0f} tokens of text, and this machine ({device}).",
        f"It trains on {chosen:,} tokens ({chosen / total:.1f} times the text{limited}), in rows of {length} and "
        f"steps of {step:,}, at a rate of {recipe.optimizer.lr:g}.",
        "All layers are trained."
        if layers is None
        else f"The last {layers} of {config.get('num_hidden_layers')} layers are trained: more do not fit the memory.",
        "Other choices: --tokens, --learning-rate, or --recipe with a name or a JSON file.",
    ]
    return recipe, said


def _size(text: Text) -> int:
    return len(text.text) or sum(len(message["content"]) for message in text.messages)


def _row(texts: dict[str, list[Text]], readable: int, device: str) -> int:
    """Tokens of a row: the least power of two that holds nineteen of twenty records."""
    sizes = sorted(_size(text) / CHARACTERS for found in texts.values() for text in found)
    wanted = sizes[min(len(sizes) - 1, math.ceil(0.95 * len(sizes)))] + 32
    longest = min(readable, LONGEST[device])
    return int(min(2 ** math.floor(math.log2(longest)), max(SHORTEST, 2 ** math.ceil(math.log2(wanted)))))


def _layers(config: dict[str, Any], parameters: int, device: str) -> tuple[int | None, float]:
    """How many of the last layers are trained (None: all), and the parameters in them."""
    memory = psutil.virtual_memory().total * OF_MEMORY
    if device == "cuda":
        import torch

        memory = torch.cuda.get_device_properties(0).total_memory * OF_MEMORY
    if parameters * STATE <= memory:
        return None, float(parameters)
    layers = int(config.get("num_hidden_layers") or 1)
    vocabulary = int(config.get("vocab_size") or 0) * int(config.get("hidden_size") or 0)
    each = max(1.0, (parameters - vocabulary) / layers)
    fitting = int((memory - parameters * HELD) / (each * (STATE - HELD)))
    count = min(layers, max(1, fitting))
    return count, count * each


def _tokens(texts: dict[str, list[Text]], step: int, trained: float, device: str) -> tuple[int, str]:
    """Tokens in all, as whole steps, and what limited them."""
    wanted = PASSES * sum(_size(text) for found in texts.values() for text in found) / CHARACTERS
    steps = max(FEWEST_STEPS, math.ceil(wanted / step))
    most = max(FEWEST_STEPS, int(CPU_WORK / 6 / max(trained, 1.0) / step)) if device == "cpu" else steps
    return min(steps, most) * step, ", which is what this CPU trains in some minutes" if most < steps else ""
