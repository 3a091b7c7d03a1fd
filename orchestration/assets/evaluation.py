"""Is the candidate at least as good as what is in production? The gate's verdict blocks."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg

from cleo_core.progress import LogReporter
from cleo_core.stage import StageResult, run_stage
from orchestration.code import code_version
from orchestration.process_group import ProcessGroupPipesClient
from orchestration.release import opponent
from orchestration.report import Materialised, clear_errors, materialised

COMMON: dict[str, Any] = {
    "group_name": "evaluation",
    "owners": ["team:ml"],
    "io_manager_key": "stages",
    "dagster_type": dg.Any,
}
CODE = code_version("evals")


@dg.asset(**COMMON, kinds={"json"}, code_version=CODE)
def eval_tasks(context: dg.AssetExecutionContext, masked_corpus: StageResult) -> Materialised:
    """Our own lm-eval tasks: hand-written items and the corpus's held-out part."""
    from evals.settings import protocol
    from evals.tasks import build

    with clear_errors():

        def make(out: Path) -> Mapping[str, Any]:
            build(masked_corpus.path, out)
            return {"files": sorted(file.name for file in out.iterdir())}

        inputs = {"corpus": masked_corpus.digest, "protocol": protocol().to_json(), "code": CODE}
        result = run_stage("eval_tasks", inputs, make)
    return materialised(context, result)


@dg.asset(
    **COMMON,
    kinds={"huggingface"},
    code_version=CODE,
    check_specs=[
        dg.AssetCheckSpec(
            "gate",
            asset="evaluation",
            blocking=True,
            description="Paired comparison with the champion on the same items in the same environment.",
        )
    ],
)
def evaluation(
    context: dg.AssetExecutionContext,
    evaluator: dg.ResourceParam[ProcessGroupPipesClient],
    advanced: StageResult,
    base_model: StageResult,
    eval_tasks: StageResult,
) -> Materialised:
    """Candidate against champion (the base model where there is none yet), with the verdict and its reasons."""
    from evals.evaluate import command

    with clear_errors():
        candidate = advanced.path / "model"
        champion = opponent(candidate, base_model, LogReporter(context.log))

        def build(out: Path) -> Mapping[str, Any]:
            evaluator.run(context=context, command=command(candidate, champion.path, eval_tasks.path, out))
            verdict: dict[str, Any] = json.loads((out / "verdict.json").read_text())
            return {
                **verdict,
                "champion": champion.name,
                "markdown": {"report": (out / "report.md").read_text()},
                "plots": sorted(file.name for file in out.glob("*.png")),
            }

        result = run_stage(
            "evaluation",
            {
                "candidate": advanced.digest,
                "champion": champion.digest,
                "tasks": eval_tasks.digest,
                "code": CODE,
            },
            build,
        )
    verdict = result.summary
    gate = dg.AssetCheckResult(
        check_name="gate",
        passed=bool(verdict["passed"]),
        metadata={"verdict": str(verdict["verdict"]), "reason": str(verdict.get("reason", ""))},
        description=f"{verdict['verdict']}: {verdict.get('reason', '')}",
    )
    return materialised(context, result, [gate])
