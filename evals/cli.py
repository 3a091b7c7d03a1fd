"""`cleo evaluate`: score a model, and compare it with a champion."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import click

from cleo_core.errors import InputError, UnusableModel
from cleo_core.progress import ConsoleReporter, Reporter


def locate(model: str, report: Reporter) -> Path:
    """The folder of a local model, of a built-in one, or of a Hugging Face id after it was fetched once.

    Raises:
        UnusableModel: it is a path, but no folder is there.
        UnavailableSource: the id cannot be reached.
    """
    folder = Path(model).expanduser()
    if folder.is_dir():
        return folder.resolve()
    if folder.exists() or model.startswith((".", "~", os.sep)) or model.count("/") > 1:
        raise UnusableModel(f"{model} is not a model folder.", hint="Give a folder with config.json and safetensors.")
    from cleo_model.base_model import BaseModelSettings, content_digest
    from cleo_model.pipeline import MODEL
    from cleo_model.train import launch

    settings = BaseModelSettings(model=model, content=content_digest(model))
    return MODEL[0].make(settings, {}, report, launch).path


@click.command()
@click.option("--model", required=True, metavar="DIR_OR_ID", help="Model folder (dense or MoE), or a Hugging Face id.")
@click.option("--dataset", default="all", show_default=True, metavar="NAME", help="A task of the set, or all.")
@click.option("--output-dir", type=click.Path(file_okay=False, path_type=Path), required=True)
@click.option("--champion", metavar="DIR_OR_ID", help="Compare with this model and let the gate judge.")
@click.option("--limit", type=click.IntRange(min=1), help="Only the first N items of each task; decides nothing.")
@click.option(
    "--data",
    "files",
    type=click.Path(path_type=Path),
    multiple=True,
    help="Score the items of a JSON Lines file instead: HellaSwag, ARC, PIQA, OpenBookQA, WinoGrande (raw lines, "
    "too), LAMBADA, or text.",
)
@click.option(
    "--corpus",
    type=click.Path(path_type=Path),
    help="Folder of the masked corpus: adds the tasks made from its held-out part; with --data, tells which items "
    "stand in its training part.",
)
@click.option("--tasks", type=click.Path(path_type=Path), help="A sealed task set instead of the built-in one.")
def evaluate(
    model: str,
    dataset: str,
    output_dir: Path,
    champion: str | None,
    limit: int | None,
    files: tuple[Path, ...],
    corpus: Path | None,
    tasks: Path | None,
) -> None:
    """Score a model on multiple-choice, last-word and perplexity tasks.

    \b
    cleo evaluate --model outputs/model --dataset all --output-dir outputs/eval
    cleo evaluate --model outputs/model --champion smollm2 --output-dir outputs/eval
    cleo evaluate --model outputs/model --data arc_easy.jsonl --output-dir outputs/eval
    """
    if tasks and (files or corpus):
        raise click.UsageError("Give --tasks, or --data and --corpus.")
    from cleo_core.settings import home
    from evals.evaluate import run
    from evals.tasks import build, load
    from evals.tasks.imported import build_imported

    report = ConsoleReporter()
    with tempfile.TemporaryDirectory(dir=home("tmp"), prefix="tasks-") as scratch:
        if tasks:
            task_set = load(tasks)
        elif files:
            task_set = build_imported(list(files), Path(scratch), report, corpus)
        else:
            task_set = build(corpus, Path(scratch))
        chosen = task_set.select(dataset)
        if champion and chosen is not task_set:
            raise InputError("A champion is compared on the whole set.", hint="Leave --dataset at all.")
        candidate = locate(model, report)
        against = locate(champion, report) if champion else None
        verdict = run(candidate, against, chosen, output_dir, report, limit=limit)
    click.echo((output_dir / "report.md").read_text(encoding="utf-8"))
    if verdict is not None and not verdict.passed and limit is None:
        raise click.exceptions.Exit(1)
