"""Training without Dagster: the stages of the pipeline in a folder that the user names, one after the other."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from cleo_core.crypto.keys import ensure_development_keys
from cleo_core.errors import Interrupted
from cleo_core.model_folder import read_config
from cleo_core.progress import Reporter
from cleo_core.stage.declaration import Stage
from cleo_core.stage.execution import StageResult
from cleo_model.choices import Choices
from cleo_model.corpus.sources.folder import TextSummary
from cleo_model.errors import CheckFailed, TrainingFailed, UnsupportedArchitecture
from cleo_model.mixtures import DENSE, LAYOUTS
from cleo_model.output_folder import Run, check_run, claim, publish
from cleo_model.packing.mixture import check_domains
from cleo_model.pipeline import CORPUS, MODEL, TEXT, phases
from cleo_model.planner.machine import this_machine
from cleo_model.planner.models import mixture_of
from cleo_model.planner.plan import check_fits
from cleo_model.planner.shape import shape_of
from cleo_model.recipe import Recipe
from cleo_model.sizing import recipe_for, size_of
from cleo_model.training.phase import PhaseReport


@dataclass(frozen=True, slots=True)
class Sized:
    """The recipe is made from the model's size and the text."""

    adapt: Callable[[Recipe], Recipe]
    """Makes of it what a person asked for."""
    ranks: int = 1


@dataclass(frozen=True, slots=True)
class Trained:
    """What was trained by, and the last phase's report."""

    recipe: Recipe
    report: PhaseReport


def train(choices: Choices, out: Path, report: Reporter, *, sized: Sized | None = None) -> Trained:
    """Train by the choices' recipe: `out` becomes the model folder.

    What an interrupted run finished is kept in `out`/.work and not made again. The corpus is the text of the choices,
    used as it is; without any, the sources', curated and masked below CLEO_HOME, where the chain finds it as well.

    Args:
        sized: the model has no recipe; the one that is made is said, and of the choices' recipe only the experts count.

    Raises:
        InputError: `out` holds something else, or another run (OtherRun).
    """
    work = claim(out, choices.base_model)
    made: dict[str, StageResult] = {}
    base, mixture, curriculum = MODEL
    if choices.text:
        # Read first: what is wrong with it is said before a model is fetched.
        run_stages([TEXT], choices, made, report, work)
        made["masked_corpus"] = made["text_corpus"]
    if not sized:
        check_domains(choices.recipe.curriculum, _domains(choices, made))
    run_stages([base], choices, made, report, work)
    if not sized:
        _check_memory(made["base_model"].path, choices.recipe)
    if choices.recipe.moe:
        run_stages([mixture], choices, made, report, work)
    else:
        made["moe_init"] = _trained_as_it_is(made["base_model"])
    if not choices.text:
        ensure_development_keys()
        run_stages(CORPUS, choices, made, report, None)
    if sized:
        choices = _sized(choices, made, sized, report)
    recipe = choices.recipe
    digests = {"model": made["base_model"].digest, "text": made["masked_corpus"].digest}
    check_run(work, Run(recipe=recipe, **digests))
    names = [phase.name for phase in recipe.curriculum.phases]
    run_stages([curriculum], choices, made, report, work)
    # Whoever trains on a text of their own judges the result themselves; the chain, which ends in a release, stops.
    run_stages(phases(names), choices, made, report, work, binding=False)
    last = made[names[-1]]
    publish(last.path / "model", out)
    return Trained(recipe, PhaseReport.of(last))


def _check_memory(base: Path, recipe: Recipe) -> None:
    """Raises: DoesNotFit: this machine has too little memory for the recipe; before anything is written for it."""
    shape, engine = shape_of(mixture_of(read_config(base), recipe.moe)), recipe.engine
    check_fits(shape, recipe, this_machine(engine.ranks), ((engine.zero_stage, engine.offload),))


def _sized(choices: Choices, made: Mapping[str, StageResult], sized: Sized, report: Reporter) -> Choices:
    recipe, said = recipe_for(
        choices.base_model,
        read_config(made["moe_init"].path),
        size_of(made["masked_corpus"].path),
        this_machine(sized.ranks),
        adapt=sized.adapt,
    )
    for sentence in said:
        report(sentence)
    return choices.model_copy(update={"recipe": recipe})


def _domains(choices: Choices, made: Mapping[str, StageResult]) -> set[str]:
    if "text_corpus" in made:
        return set(TextSummary.of(made["text_corpus"]).records["train"])
    return {source.domain for source in choices.sources}


def run_stages(
    stages: Iterable[Stage[Choices, Any]],
    choices: Choices,
    made: dict[str, StageResult],
    report: Reporter,
    root: Path | None,
    *,
    binding: bool = True,
) -> None:
    """Run stages in this order and add their results to `made`, where each finds its inputs.

    Args:
        binding: whether a check that does not pass ends the run, or is only reported.

    Raises:
        CheckFailed: a binding check of a result does not pass; says why.
    """
    for stage in stages:
        result = made[stage.name] = stage.run(choices, made, report, launch, root=root)
        for check in stage.checks:
            outcome = check.judge(result, made)
            if outcome.passed:
                continue
            told = f"Check {check.name} of {stage.checks_of or stage.name} did not pass. {outcome.reason}"
            if binding and not outcome.warns:
                raise CheckFailed(told, hint=check.description)
            report(told)


def _trained_as_it_is(dense: StageResult) -> StageResult:
    """A dense model, or one that is a mixture already, stands for what training starts from."""
    kind = json.loads((dense.path / "config.json").read_text()).get("model_type")
    if kind not in DENSE and kind not in LAYOUTS:
        raise UnsupportedArchitecture(
            f"{kind} models are not trained here.",
            hint=f"Trained are {', '.join(sorted(DENSE))}, and mixtures: {', '.join(LAYOUTS)}.",
        )
    return dense


def launch(argv: Sequence[str]) -> None:
    """Run the launcher in a process group of its own; Ctrl-C and SIGTERM end it and its ranks before we go."""
    # A list built by our own launcher, never a shell string.
    process = subprocess.Popen(list(argv), stderr=subprocess.PIPE, text=True, errors="replace", start_new_session=True)  # noqa: S603

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
        if process.stderr:
            process.stderr.close()
    if code:
        raise TrainingFailed(
            last or f"The trainer ended with exit code {code}.", hint=None if last else "What it said stands above."
        )
