"""Training without Dagster: the same stages, in a folder that the user names, one after the other."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import Any

from cleo_core.errors import InputError, Interrupted
from cleo_core.progress import Reporter
from cleo_core.settings import home
from cleo_core.stage import StageResult, read_stage, run_stage
from cleo_model import base_model as base
from cleo_model.errors import TrainingFailed, UnsupportedArchitecture
from cleo_model.recipe import Recipe
from cleo_model.training.launch import command

__all__ = ["train"]

# Raise it when one of the functions below makes other bytes of the same inputs.
VERSION = 1


def train(model: str, recipe: Recipe, data: Path | None, out: Path, report: Reporter) -> dict[str, Any]:
    """Train `model` by the recipe into `out`/model; returns the last phase's report.

    What an interrupted run finished is kept in `out`/work and not made again.

    Args:
        data: a folder of text, or of JSON Lines with `text` or `messages`, or one such file; it is used as it is,
            without curation or masking. None takes the default corpus, curated and masked.
    """
    work = out / "work"
    work.mkdir(parents=True, exist_ok=True)
    dense = run_stage(
        "base_model",
        {"model": base.fingerprint(model), "v": VERSION},
        lambda to: base.resolve(model, to, report),
        root=work,
    )
    start = _mixture(dense, recipe, work, report) if recipe.moe else _dense(dense)
    corpus = _user_corpus(data, work, report) if data else _default_corpus(report)
    from cleo_model.packing.pack import build_curriculum

    whole = json.loads(recipe.to_json())
    curriculum = run_stage(
        "curriculum",
        {"corpus": corpus.digest, "tokenizer": dense.digest, "recipe": whole, "v": VERSION},
        lambda to: build_curriculum(corpus.path, dense.path, recipe, to, report),
        root=work,
    )
    model_in, state_in, before = start.path, None, start.digest
    for phase in recipe.phases:

        def run(
            to: Path, name: str = phase.name, first: Path = model_in, state: Path | None = state_in
        ) -> Mapping[str, Any]:
            (to / "recipe.json").write_text(recipe.to_json())
            _launch(command(to / "recipe.json", name, first, state, curriculum.path, to))
            found: dict[str, Any] = json.loads((to / "report.json").read_text())
            return found

        done = run_stage(
            phase.name,
            {"start": before, "curriculum": curriculum.digest, "recipe": whole, "v": VERSION},
            run,
            resumable=True,
            root=work,
        )
        model_in, state_in, before = done.path / "model", done.path / "state", done.digest
    _publish(model_in, out / "model")
    return done.summary


def _mixture(dense: StageResult, recipe: Recipe, work: Path, report: Reporter) -> StageResult:
    from cleo_model.moe.equivalence import same_function
    from cleo_model.moe.upcycle import init_moe

    moe = recipe.moe
    if moe is None:
        return dense

    def build(to: Path) -> Mapping[str, Any]:
        summary = init_moe(dense.path, to, moe, report)
        report("comparing the mixture with the dense model")
        same = same_function(dense.path, to)
        if not same["passed"]:
            raise UnsupportedArchitecture(
                f"The mixture differs from the dense model by {same['max_abs_diff']:.2g} in its logits.",
                hint="Train it dense (without --use-moe), and tell us which model it was.",
            )
        return {**summary, "same_function": same}

    inputs = {"base": dense.digest, "recipe": json.loads(recipe.to_json())["moe"], "v": VERSION}
    return run_stage("moe_init", inputs, build, root=work)


def _dense(dense: StageResult) -> StageResult:
    """A dense model, or one that is a mixture already, is trained as it is."""
    kind = json.loads((dense.path / "config.json").read_text()).get("model_type")
    if kind not in ("llama", "mistral", "mixtral"):
        raise UnsupportedArchitecture(
            f"{kind} models are not trained here.", hint="Use a model of the Llama, Mistral or Mixtral architecture."
        )
    return dense


def _user_corpus(data: Path, work: Path, report: Reporter) -> StageResult:
    from cleo_model.corpus.sources.folder import read_folder, sources_of
    from cleo_model.corpus.sources.source import source_fingerprint

    sources = sources_of(data)
    inputs = {"sources": [source_fingerprint(source) for source in sources], "v": VERSION}
    return run_stage("corpus", inputs, lambda to: read_folder(sources, to, report), root=work)


def _default_corpus(report: Reporter) -> StageResult:
    """The masked corpus that the chain made last, or one made now from the default sources."""
    made = sorted(home("data").glob("masked_corpus/*/stage.json"), key=lambda file: file.stat().st_mtime)
    if made:
        return read_stage(made[-1].parent)
    from cleo_core.crypto.keys import ensure_development_keys, masking_key
    from cleo_model.corpus.curate.curate import curate
    from cleo_model.corpus.pii.mask import mask
    from cleo_model.corpus.sources.collect import collect
    from cleo_model.corpus.sources.source import default_sources, source_fingerprint

    ensure_development_keys()
    sources, key = default_sources(), masking_key()
    prints = {"sources": [source_fingerprint(source) for source in sources], "v": VERSION}
    raw = run_stage("train_raw", prints, lambda to: collect(sources, to, report))
    curated = run_stage("train_curated", {"raw": raw.digest}, lambda to: curate(raw.path, to, [], report))
    return run_stage("train_masked", {"curated": curated.digest}, lambda to: mask(curated.path, to, key, report))


def _launch(argv: list[str]) -> None:
    """Run the launcher in a process group of its own; Ctrl-C and SIGTERM end it and its ranks before we go."""
    process = subprocess.Popen(argv, stderr=subprocess.PIPE, text=True, errors="replace", start_new_session=True)  # noqa: S603

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    last = ""
    try:
        for line in process.stderr or ():
            if line.startswith("Error ["):
                last = line.strip().partition(": ")[2]
            else:
                os.write(2, line.encode())
        code = process.wait()
    except KeyboardInterrupt:
        process.terminate()
        process.wait()
        raise Interrupted(
            "Training was interrupted.", hint="The same command goes on from the last checkpoint."
        ) from None
    finally:
        signal.signal(signal.SIGTERM, before)
    if code:
        raise TrainingFailed(
            last or f"The trainer ended with exit code {code}.", hint=None if last else "What it said stands above."
        )


def _publish(model: Path, out: Path) -> None:
    """Put the model in its place in one step."""
    draft = out.with_name(f"{out.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    for file in sorted(model.iterdir()):
        shutil.copyfile(file, draft / file.name)
    if out.is_dir():
        if not (out / "config.json").is_file() and any(out.iterdir()):
            raise InputError(f"{out} holds something that is not a model.", hint="Choose another --output-dir.")
        shutil.rmtree(out)
    draft.rename(out)
