"""The learning rate as a function of the step, over all phases of a run."""

from __future__ import annotations

import math

from cleo_model.recipe import OptimizerRecipe

__all__ = ["learning_rate"]


def learning_rate(recipe: OptimizerRecipe, step: int, total: int) -> float:
    """Warmup, stable, decay (Hu et al. 2024, arXiv:2404.06395; the 1 - sqrt decay of Hägele et al. 2024).

    Args:
        step: updates made so far, from 0.
        total: updates of the whole run.
    """
    warmup = max(1, round(recipe.warmup * total))
    decay = max(1, round(recipe.decay * total))
    if step < warmup:
        return recipe.lr * (step + 1) / warmup
    if step < total - decay:
        return recipe.lr
    progress = (step + 1 - (total - decay)) / decay
    return recipe.lr * (recipe.final + (1 - recipe.final) * (1 - math.sqrt(min(1.0, progress))))
