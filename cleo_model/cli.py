"""`cleo train` and `cleo mask`."""

from __future__ import annotations

from pathlib import Path

import click

from cleo_core.progress import ConsoleReporter
from cleo_model.corpus.pii.languages import LANGUAGES


@click.command()
@click.option(
    "--model", required=True, help="smollm2, tiny, a local folder, or a Hugging Face id (owner/name@revision)."
)
@click.option(
    "--output-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="The model folder to make; needed but for --dry-run.",
)
@click.option(
    "--data",
    type=click.Path(path_type=Path, exists=True),
    help="A file or folder of text or conversations, in any format of docs/corpus.md; default: the built-in corpus.",
)
@click.option("--subject", default="", help="Field of --data that says whose a record is; kept as a keyed hash.")
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
    "--recipe",
    "recipe_name",
    help="smollm2_demo, tiny, mistral_7b_8x or a file (JSON, YAML); default: this model's, or one made by its size.",
)
@click.option("--tokens", type=click.IntRange(1), help="Tokens to train on in all; default: what the recipe says.")
@click.option(
    "--order",
    type=click.Choice(["curriculum", "random"]),
    help="random: a control run, in which every phase gets the average mixture; default: what the recipe says.",
)
@click.option("--learning-rate", type=click.FloatRange(0, min_open=True), help="Default: what the recipe says.")
@click.option("--dry-run", is_flag=True, help="Only say what the run needs and takes: memory, time, what would fit.")
@click.option(
    "--gpus", type=click.IntRange(1, 1024), help="Plan for so many GPUs (with --dry-run); default: this machine."
)
@click.option("--gpu-memory", type=click.FloatRange(4, 1024), help="GB of each GPU (with --gpus); default: 80.")
@click.option("--gpu-tflops", type=click.FloatRange(1), help="Of each GPU in bfloat16; default: by its memory.")
@click.option("--gpu-hour-price", type=click.FloatRange(0), help="Price of one GPU for an hour (with --gpus).")
def train(
    model: str,
    output_dir: Path | None,
    data: Path | None,
    subject: str,
    use_moe: bool,
    num_experts: int | None,
    top_k: int | None,
    deepspeed: bool,
    ranks: int | None,
    recipe_name: str | None,
    tokens: int | None,
    order: str | None,
    learning_rate: float | None,
    dry_run: bool,
    gpus: int | None,
    gpu_memory: float | None,
    gpu_tflops: float | None,
    gpu_hour_price: float | None,
) -> None:
    """Train a model, without Dagster: OUTPUT_DIR becomes the model, in safetensors.

    \b
    cleo train --model smollm2 --output-dir out --use-moe --num-experts 8 --deepspeed
    cleo train --model ./mistral-7b --output-dir out --data ./handbook --deepspeed --ranks 8
    cleo train --model tiny --output-dir out --data notes.txt --tokens 20480
    cleo train --model ./my-model --output-dir out --recipe recipe.yaml --data ./texts
    cleo train --model mistralai/Mistral-7B-v0.1 --use-moe --num-experts 8 --deepspeed --dry-run --gpus 8

    The result is what `cleo infer`, `interactive` and `evaluate` take as --model; the run's work, from which an
    interrupted run goes on when it is started again with the same options, lies in OUTPUT_DIR/.work. The text of
    --data is used as it is: to have it curated and masked, name it as a source of the chain (CLEO_MODEL_SOURCES).
    """
    from cleo_core.settings import load
    from cleo_model import dry_run as planning
    from cleo_model import recipes
    from cleo_model.asked import Asked
    from cleo_model.choices import Choices
    from cleo_model.corpus.sources.folder import sources_of
    from cleo_model.planner.machine import machine_of
    from cleo_model.settings import ModelSettings
    from cleo_model.train import Sized
    from cleo_model.train import train as run

    if (num_experts or top_k) and not use_moe:
        raise click.UsageError("--num-experts and --top-k need --use-moe.")
    if subject and not data:
        raise click.UsageError("--subject needs --data; a source of the chain names its own field.")
    if ranks and not deepspeed:
        raise click.UsageError("--ranks needs --deepspeed.")
    if (gpus or gpu_memory or gpu_tflops or gpu_hour_price) and not dry_run:
        raise click.UsageError("--gpus, --gpu-memory, --gpu-tflops and --gpu-hour-price need --dry-run.")
    if (gpu_memory or gpu_tflops or gpu_hour_price) and not gpus:
        raise click.UsageError("--gpu-memory, --gpu-tflops and --gpu-hour-price need --gpus.")
    if gpus and ranks and gpus != ranks:
        raise click.UsageError(f"--gpus {gpus} and --ranks {ranks}: a rank has one GPU. Give one of the two.")
    if gpus and gpus > 1 and not deepspeed:
        raise click.UsageError(f"--gpus {gpus} needs --deepspeed: without it there is one process.")
    if output_dir is None and not dry_run:
        raise click.UsageError("--output-dir is missing: where does the model go?")

    asked = Asked(
        model=model, use_moe=use_moe, num_experts=num_experts, top_k=top_k, deepspeed=deepspeed,
        ranks=gpus or ranks, tokens=tokens, order=order, learning_rate=learning_rate,
    )  # fmt: skip
    named = recipes.named(recipe_name, model)
    recipe = asked.of(named) if named else None
    settings, text = load(ModelSettings), tuple(sources_of(data, subject)) if data else ()
    if dry_run or output_dir is None:
        machine = machine_of(recipe.engine.ranks if recipe else asked.ranks or 1, gpus, gpu_memory, gpu_tflops)
        told = planning.dry_run(
            model, recipe, asked.moe(named), machine, adapt=asked.of, text=text, settings=settings, price=gpu_hour_price
        )
        for sentence in told:
            click.echo(sentence)
        return
    # Until the model and the text are known, only the experts of a recipe matter.
    known = recipe or recipes.get("smollm2_demo").replace(moe=asked.moe(None))
    choices = Choices.of(settings, recipe=known, base_model=model, text=text)
    sized = None if recipe else Sized(asked.of, asked.ranks or 1)
    done = run(choices, output_dir, ConsoleReporter(), sized=sized)
    curriculum = done.recipe.curriculum
    click.echo(f"Trained on {curriculum.total_steps * curriculum.tokens_per_step:,} tokens.")
    for domain, after in done.report.loss_after.items():
        click.echo(f"  held-out loss, {domain}: {done.report.loss_at_start[domain]:.4f} -> {after:.4f}")
    click.echo(f"The model is in {output_dir}")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="A new folder, outside of FOLDER.")
@click.option(
    "--profile",
    type=click.Choice(["direct", "strict"]),
    default="direct",
    show_default=True,
    help="direct: what identifies by itself; strict: also places, organisations, peoples, titles, dates, ages.",
)
@click.option(
    "--replace",
    type=click.Choice(["surrogate", "placeholder", "drop"]),
    default="surrogate",
    show_default=True,
    help="An invented value, [PERSON_1], or the record is left out.",
)
@click.option("--language", type=click.Choice(LANGUAGES), default="en", show_default=True, help="Of the text.")
@click.option("--keep-names", is_flag=True, help="Leave names of people, as where they are public figures.")
@click.option(
    "--key-file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Secret bytes: the same file gives the same surrogates again. Without it each run draws others.",
)
@click.option("--workers", type=click.IntRange(1, 64), help="Processes; default: CLEO_MODEL_CORPUS_WORKERS.")
def mask(
    folder: Path,
    out: Path,
    profile: str,
    replace: str,
    language: str,
    keep_names: bool,
    key_file: Path | None,
    workers: int | None,
) -> None:
    """Mask the personal data in a folder (or file), without the chain.

    Text and markup keep their form, JSON Lines and CSV their fields; JSON, Parquet, Arrow and mail become JSON Lines,
    PDF becomes text. Dot-folders and what holds no text are skipped and named. OUT gets the masked files,
    masking-report.md and masking-report.json; FOLDER is only read. An interrupted run leaves nothing.

    \b
    cleo mask ./tickets --out ./tickets-masked
    cleo mask ./tickets --out ./shared --profile strict --replace placeholder
    cleo mask ./akten --out ./akten-maskiert --language de --key-file ./masking.key
    """
    import secrets

    from cleo_core.settings import load
    from cleo_model.corpus.pii.folder.report import MARKDOWN
    from cleo_model.corpus.pii.folder.run import FolderSettings, mask_folder
    from cleo_model.settings import ModelSettings

    known = load(ModelSettings)
    settings = FolderSettings.model_validate(
        {
            "masking": profile, "language": language, "replace": replace, "keep_names": keep_names,
            "workers": workers or known.corpus_workers, "limit": known.max_record_bytes,
            "missed_limit": known.missed_limit,
        }
    )  # fmt: skip
    key = key_file.read_bytes() if key_file else secrets.token_bytes(32)
    made = mask_folder(folder, out, key, settings, ConsoleReporter())
    for line in made.account.lines():
        click.echo(line)
    found = sum(made.replaced.values())
    click.echo(f"{found:,} places replaced in {len(made.files):,} files.")
    click.echo(f"Of {made.missed.overall.planted} planted values were missed: {made.missed.overall}.")
    for source, each in made.missed.above().items():
        click.echo(f"A second detector found more than it should in {source}: {each.finds}.", err=True)
    click.echo(f"The report is {out / MARKDOWN}")
