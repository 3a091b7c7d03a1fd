"""The named recipes, and how a run's recipe is found."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from cleo_core.redact import shown
from cleo_model.errors import RecipeError
from cleo_model.recipe import (
    CheckpointRecipe,
    CurriculumRecipe,
    EngineRecipe,
    MoERecipe,
    OptimizerRecipe,
    PhaseRecipe,
    Recipe,
)


def _mix(prose: float, documentation: float, conversation: float) -> dict[str, float]:
    return {"prose": prose, "documentation": documentation, "conversation": conversation}


def _three_phases(tokens: tuple[int, int, int], lengths: tuple[int, int, int]) -> tuple[PhaseRecipe, ...]:
    table = (
        ("foundation", "prose", _mix(0.80, 0.15, 0.05)),
        ("specialized", "documentation", _mix(0.35, 0.55, 0.10)),
        ("advanced", "conversation", _mix(0.20, 0.40, 0.40)),
    )
    return tuple(
        PhaseRecipe(name=name, tokens=count, sequence_length=length, mixture=mixture, focus=focus)
        for (name, focus, mixture), count, length in zip(table, tokens, lengths, strict=True)
    )


def smollm2_demo() -> Recipe:
    """SmolLM2-135M-Instruct to 4 experts, top-2, in a few minutes on two CPU cores."""
    return Recipe(
        name="smollm2_demo",
        base_model="smollm2",
        curriculum=CurriculumRecipe(
            # Twelve steps: enough to lower the held-out loss of every domain, few enough for two cores without AVX-512.
            phases=_three_phases((3 * 1024, 4 * 1024, 5 * 1024), (256, 512, 1024)),
            tokens_per_step=1024,
            heldout_tokens=2048,
        ),
        optimizer=OptimizerRecipe(lr=3e-4),
        engine=EngineRecipe(micro_batch_tokens=1024, trainable_layers=8),
        checkpoints=CheckpointRecipe(keep_final_state=False, compact_state=True),
    )


def tiny() -> Recipe:
    """A model of five million parameters, for tests and for a first look: seconds."""
    return Recipe(
        name="tiny",
        base_model="tiny",
        # Untrained hidden states hardly differ, so the router of this model collapses under the usual weight.
        moe=MoERecipe(load_balance=0.3),
        curriculum=CurriculumRecipe(
            phases=_three_phases((16_384, 16_384, 16_384), (64, 128, 256)),
            tokens_per_step=2048,
            heldout_tokens=4096,
            heldout_length=128,
            max_epochs=1000.0,
        ),
        optimizer=OptimizerRecipe(lr=4e-4),
        engine=EngineRecipe(micro_batch_tokens=1024),
    )


def mistral_7b_8x() -> Recipe:
    """Mistral 7B to 8 experts, top-2, for one node of eight 80 GB GPUs."""
    return Recipe(
        name="mistral_7b_8x",
        base_model="mistralai/Mistral-7B-v0.1",
        moe=MoERecipe(num_experts=8),
        curriculum=CurriculumRecipe(
            phases=_three_phases((2_000_000_000, 2_000_000_000, 1_000_000_000), (1024, 2048, 4096)),
            tokens_per_step=2**20,
            heldout_tokens=2**20,
            heldout_length=4096,
        ),
        optimizer=OptimizerRecipe(lr=1e-5, warmup=0.01, decay=0.2, weight_decay=0.1),
        engine=EngineRecipe(micro_batch_tokens=8192, ranks=8, zero_stage=3, offload=True),
        checkpoints=CheckpointRecipe(seconds=3600.0),
    )


RECIPES: dict[str, Callable[[], Recipe]] = {"smollm2_demo": smollm2_demo, "tiny": tiny, "mistral_7b_8x": mistral_7b_8x}


SUFFIXES = (".json", ".yaml", ".yml")


def get(name: str) -> Recipe:
    """The recipe of this name, or in this JSON or YAML file.

    Raises:
        RecipeError: there is none, or the file is not a recipe.
    """
    if name in RECIPES:
        return RECIPES[name]()
    file = Path(name)
    if file.suffix not in SUFFIXES or not file.is_file():
        raise RecipeError(
            f"There is no recipe {shown(name)}.", hint=f"Known: {', '.join(RECIPES)}; or name a JSON or YAML file."
        )
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise RecipeError(f"{shown(file.name)} is not UTF-8 text.", hint="Write the recipe as JSON or YAML.") from None
    return Recipe.from_json(text if file.suffix == ".json" else _as_json(text, file.name))


def named(name: str | None, model: str) -> Recipe | None:
    """The recipe of this name or file; without one, that of the model, where it has one."""
    if name:
        return get(name)
    return next((recipe for recipe in (make() for make in RECIPES.values()) if recipe.base_model == model), None)


def _as_json(text: str, name: str) -> str:
    import yaml

    try:
        return json.dumps(yaml.safe_load(text))
    except (yaml.YAMLError, TypeError, ValueError, RecursionError) as error:
        first = " ".join(str(error).split())[:160]
        raise RecipeError(
            f"{shown(name)} is not YAML: {first}", hint="Numbers, texts, lists and tables only."
        ) from None
