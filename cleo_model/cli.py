"""`cleo train`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cleo_core.progress import ConsoleReporter

if TYPE_CHECKING:
    from cleo_model.recipe import Recipe

__all__ = ["train"]


@click.command()
@click.option(
    "--model", required=True, help="smollm2, tiny, a local folder, or a Hugging Face id (owner/name@revision)."
)
@click.option(
    "--output-dir", type=click.Path(path_type=Path, file_okay=False), required=True, help="Where the result goes."
)
@click.option(
    "--data", type=click.Path(path_type=Path, exists=True), help="Text or JSON Lines; default: the built-in corpus."
)
@click.option("--use-moe", is_flag=True, help="Turn the dense model into a mixture of experts first.")
@click.option("--num-experts", type=click.IntRange(2, 256), help="Experts per layer (with --use-moe); default: 4.")
@click.option("--top-k", type=click.IntRange(1, 64), help="Experts per token (with --use-moe); default: 2.")
@click.option(
    "--deepspeed", is_flag=True, help="DeepSpeed ZeRO in bfloat16; without it, a plain torch loop in one process."
)
@click.option(
    "--ranks", type=click.IntRange(1, 1024), help="Processes that share the optimizer state (with --deepspeed)."
)
@click.option(
    "--recipe", "recipe_name", help="smollm2_demo, tiny or mistral_7b_8x; default: the one made for the model."
)
@click.option("--tokens", type=click.IntRange(1), help="Tokens to train on in all; default: what the recipe says.")
@click.option("--learning-rate", type=click.FloatRange(0, min_open=True), help="Default: what the recipe says.")
def train(
    model: str,
    output_dir: Path,
    data: Path | None,
    use_moe: bool,
    num_experts: int | None,
    top_k: int | None,
    deepspeed: bool,
    ranks: int | None,
    recipe_name: str | None,
    tokens: int | None,
    learning_rate: float | None,
) -> None:
    """Train a model, without Dagster: the result is OUTPUT_DIR/model, in safetensors.

    \b
    cleo train --model smollm2 --output-dir out --use-moe --num-experts 8 --deepspeed
    cleo train --model ./mistral-7b --output-dir out --data ./handbook --deepspeed --ranks 8

    An interrupted run goes on where it stopped when it is started again with the same options. The text of --data is
    used as it is: to have it curated and masked, name it as a source of the chain (CLEO_MODEL_SOURCES).
    """
    from cleo_model import recipe as recipes
    from cleo_model.recipe import MoERecipe
    from cleo_model.training.standalone import train as run

    known = {made().base_model: name for name, made in recipes.RECIPES.items()}
    recipe = recipes.get(recipe_name or known.get(model, "smollm2_demo"))
    if (num_experts or top_k) and not use_moe:
        raise click.UsageError("--num-experts and --top-k need --use-moe.")
    moe = replace(recipe.moe or MoERecipe(), num_experts=num_experts or 4, top_k=top_k or 2) if use_moe else None
    recipe = replace(recipe, base_model=model, moe=moe, zero_stage=(recipe.zero_stage or 1) if deepspeed else 0)
    recipe = replace(recipe, ranks=(ranks or recipe.ranks) if deepspeed else 1)
    if ranks and not deepspeed:
        raise click.UsageError("--ranks needs --deepspeed.")
    if tokens:
        recipe = _with_tokens(recipe, tokens)
    if learning_rate:
        recipe = replace(recipe, optimizer=replace(recipe.optimizer, lr=learning_rate))
    done = run(model, recipe, data, output_dir, ConsoleReporter())
    click.echo(f"Trained on {sum(recipe.steps(p.name) for p in recipe.phases) * recipe.tokens_per_step:,} tokens.")
    for domain, after in done["loss_after"].items():
        click.echo(f"  held-out loss, {domain}: {done['loss_at_start'][domain]:.4f} -> {after:.4f}")
    click.echo(f"The model is in {output_dir / 'model'}")


def _with_tokens(recipe: Recipe, tokens: int) -> Recipe:
    """The recipe with so many tokens, divided over its phases as before; a phase has at least one step."""
    total = sum(phase.tokens for phase in recipe.phases)
    step = recipe.tokens_per_step
    phases = tuple(
        replace(phase, tokens=max(1, round(tokens * phase.tokens / total / step)) * step) for phase in recipe.phases
    )
    return replace(recipe, phases=phases)
