"""The stages of evaluation, declared: the task set, and the comparison of a candidate with the champion."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field

from cleo_core.compute import compute_dtype, device_kind, kernels
from cleo_core.markdown import table
from cleo_core.stage.declaration import Check, Outcome, Results, Stage, StageSettings, Summary, Work
from cleo_core.stage.execution import StageResult
from cleo_model.choices import Choices
from evals.protocol import Protocol
from evals.verdict import VERDICT, VerdictFile, VerdictName


@dataclass(frozen=True, slots=True)
class Opponent:
    """What a candidate has to match."""

    name: str
    """Its version, or `base model`."""
    path: Path
    digest: str
    reason: str
    """Why it is this one."""


class TaskSettings(StageSettings):
    """The rules that a task set is sealed with."""

    protocol: Protocol


class TaskSetSummary(Summary):
    """A sealed task set."""

    digest: str
    tasks: dict[str, int]
    """Items by task."""


class EvaluationSettings(StageSettings):
    """What a candidate is compared with, and what both are computed in."""

    champion: str
    """Version of the champion, or `base model`."""
    champion_digest: str
    champion_folder: Path = Field(exclude=True)
    reason: str = Field(default="", exclude=True)
    """Why it is this one, for a person."""
    dtype: str
    device: str
    kernels: str


class EvaluationSummary(Summary):
    """The gate's verdict; the whole of it is in verdict.json and report.json."""

    verdict: VerdictName
    passed: bool
    reason: str
    champion: str
    champion_digest: str
    candidate_digest: str
    plan_digest: str


def _task_settings(_: Choices, __: Results) -> TaskSettings:
    from evals.settings import protocol

    return TaskSettings(protocol=protocol())


def _build_tasks(work: Work[TaskSettings]) -> TaskSetSummary:
    from evals.tasks import build

    made = build(work["masked_corpus"], work.out, protocol=work.settings.protocol)
    rows = ([spec.name, spec.form, spec.items, spec.origin] for spec in made.tasks)
    return TaskSetSummary(
        digest=made.digest,
        tasks={spec.name: spec.items for spec in made.tasks},
        markdown={"tasks": table(["task", "form", "items", "made of"], rows, "llrl")},
    )


EVAL_TASKS: Stage[Choices, TaskSettings] = Stage(
    name="eval_tasks",
    group="evaluation",
    description="Our own lm-eval tasks: hand-written items and the corpus's held-out part.",
    kinds=("json",),
    inputs=("masked_corpus",),
    settings=_task_settings,
    build=_build_tasks,
)


def evaluation(opponent: Callable[[Path, StageResult], Opponent]) -> Stage[Choices, EvaluationSettings]:
    """The stage that compares a candidate with the champion.

    Args:
        opponent: finds the champion for the candidate in a folder, or takes the base model. It is handed in, for only
            who knows the registry knows it.
    """

    def settings(_: Choices, inputs: Results) -> EvaluationSettings:
        from evals.settings import protocol

        device = device_kind()
        against = opponent(inputs["advanced"].path / "model", inputs["base_model"])
        return EvaluationSettings(
            champion=against.name,
            champion_digest=against.digest,
            champion_folder=against.path,
            reason=against.reason,
            dtype=str(compute_dtype(device, protocol().dtype)),
            device=device,
            kernels=kernels(),
        )

    return Stage(
        name="evaluation",
        group="evaluation",
        description="Candidate against champion (the base model where there is none yet), with the verdict and its "
        "reasons.",
        kinds=("huggingface",),
        inputs=("advanced", "base_model", "eval_tasks"),
        settings=settings,
        build=_evaluate,
        checks=(
            Check("gate", "Paired comparison with the champion on the same items in the same environment.", _gate),
        ),
    )


def _evaluate(work: Work[EvaluationSettings]) -> EvaluationSummary:
    from evals.evaluate import command

    if work.settings.reason:
        work.report(work.settings.reason)
    candidate, out = work["advanced"] / "model", work.out
    work.launch(command(candidate, work.settings.champion_folder, work["eval_tasks"], out))
    found = VerdictFile.model_validate_json((out / VERDICT).read_text(encoding="utf-8"))
    return EvaluationSummary(
        verdict=found.verdict,
        passed=found.passed,
        reason=found.reason,
        champion=work.settings.champion,
        champion_digest=found.champion_digest,
        candidate_digest=found.candidate_digest,
        plan_digest=found.plan_digest,
        markdown={"report": (out / "report.md").read_text(encoding="utf-8")},
        plots=sorted(file.name for file in out.glob("*.png")),
    )


def _gate(result: StageResult, _: Results) -> Outcome:
    found = EvaluationSummary.of(result)
    return Outcome(found.passed, f"{found.verdict}: {found.reason}", {"verdict": found.verdict, "reason": found.reason})
