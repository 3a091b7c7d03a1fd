"""`cleo train --dry-run`: the recipe that would be used, and what it needs and takes, before anything is made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from cleo_core.progress import silent
from cleo_model.corpus.sources.folder import TextSettings, read_folder
from cleo_model.corpus.sources.source import Source
from cleo_model.corpus.subjects import subject_settings
from cleo_model.planner.division import WAYS
from cleo_model.planner.machine import Machine
from cleo_model.planner.models import config_of, mixture_of
from cleo_model.planner.page import lines
from cleo_model.planner.plan import plan
from cleo_model.recipe import MoERecipe, Recipe
from cleo_model.settings import ModelSettings
from cleo_model.sizing import CHARACTERS, TextSize, recipe_for, size_of

UNREAD = 1_000_000_000
"""Tokens that are planned for where neither a recipe nor a text says how many."""


def dry_run(
    model: str,
    recipe: Recipe | None,
    moe: MoERecipe | None,
    machine: Machine,
    *,
    adapt: Callable[[Recipe], Recipe],
    text: tuple[Source, ...],
    settings: ModelSettings,
    price: float | None,
) -> Iterator[str]:
    """What a person reads, line by line; nothing is downloaded or kept.

    Args:
        recipe: None: one is made by the model's size and the text, and may be divided over the ranks in any way.

    Raises:
        DoesNotFit: says what would.
    """
    config = mixture_of(config_of(model), moe)
    ways = [(recipe.engine.zero_stage, recipe.engine.offload)] if recipe else list(WAYS)
    if recipe is None:
        size = _read(text, settings) if text else TextSize({"text": UNREAD * CHARACTERS}, (1 << 20,))
        recipe, said = recipe_for(model, config, size, machine, adapt=adapt, ways=tuple(ways))
        yield from said
        if not text:
            yield f"No text is named (--data): planned for {UNREAD:,} tokens of it."
        if not recipe.engine.zero_stage:
            ways = [(0, False)]
    else:
        curriculum = recipe.curriculum
        tokens = curriculum.total_steps * curriculum.tokens_per_step
        yield f"Recipe {recipe.name}: {tokens:,} tokens in steps of {curriculum.tokens_per_step:,}."
    yield from lines(plan(config, recipe, machine, ways), machine, price)


def _read(text: tuple[Source, ...], settings: ModelSettings) -> TextSize:
    with TemporaryDirectory(prefix="cleo-plan-") as folder:
        read_folder(
            TextSettings(
                sources=text,
                contents=(),
                max_record_bytes=settings.max_record_bytes,
                subjects=subject_settings(text),
                heldout_share=settings.heldout_share,
            ),
            Path(folder),
            silent,
        )
        return size_of(Path(folder))
