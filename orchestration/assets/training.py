"""From a dense base model to a trained mixture of experts, phase by phase."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import dagster as dg

from cleo_core.errors import InputError
from cleo_core.progress import LogReporter
from cleo_core.stage import StageResult, run_stage
from orchestration.code import code_version
from orchestration.process_group import ProcessGroupPipesClient
from orchestration.report import Materialised, clear_errors, materialised
from orchestration.resources import Chain

COMMON: dict[str, Any] = {
    "group_name": "training",
    "owners": ["team:ml"],
    "io_manager_key": "stages",
    "dagster_type": dg.Any,
}
PACKING = code_version("cleo_model.packing.mixture", "cleo_model.packing.pack")
MOE = code_version("cleo_model.base_model", "cleo_model.moe")
TRAINING = code_version("cleo_model.training")

# Prose may lose this share of its loss at most: what a phase teaches must not cost what the base model knew.
FORGETTING = 0.02


@dg.asset(**COMMON, kinds={"huggingface"}, code_version=MOE)
def base_model(context: dg.AssetExecutionContext, chain: Chain) -> Materialised:
    """The dense model that the experts are copied from, resolved by digest, in safetensors."""
    from cleo_model.base_model import fingerprint, resolve

    with clear_errors():
        name = chain.base()
        result = run_stage(
            "base_model",
            {"model": fingerprint(name), "code": MOE},
            lambda out: resolve(name, out, LogReporter(context.log)),
        )
    return materialised(context, result)


@dg.asset(
    **COMMON,
    kinds={"pytorch"},
    code_version=MOE,
    check_specs=[
        dg.AssetCheckSpec(
            "same_function",
            asset="moe_init",
            blocking=True,
            description="The mixture computes what the dense model computes (fp32, max abs logit difference < 1e-3).",
        )
    ],
)
def moe_init(context: dg.AssetExecutionContext, chain: Chain, base_model: StageResult) -> Materialised:
    """The base model upcycled: every expert starts as a copy of its dense MLP."""
    from cleo_model.moe.equivalence import same_function
    from cleo_model.moe.upcycle import init_moe

    report = LogReporter(context.log)
    with clear_errors():
        experts = chain.training_recipe().moe
        if experts is None:
            raise InputError(
                "This recipe has no experts.", hint="The chain trains mixtures; for dense models: cleo train."
            )

        def build(out: Path) -> Mapping[str, Any]:
            summary = init_moe(base_model.path, out, experts, report)
            report("comparing the mixture with the dense model")
            return {**summary, "same_function": same_function(base_model.path, out)}

        result = run_stage("moe_init", {"base": base_model.digest, "recipe": asdict(experts), "code": MOE}, build)
    same = result.summary["same_function"]
    check = dg.AssetCheckResult(check_name="same_function", passed=bool(same["passed"]), metadata={**same})
    return materialised(context, result, [check])


@dg.asset(**COMMON, kinds={"numpy"}, code_version=PACKING)
def curriculum(
    context: dg.AssetExecutionContext, chain: Chain, masked_corpus: StageResult, base_model: StageResult
) -> Materialised:
    """The corpus tokenised, mixed per phase and packed; with what each source gives to each phase."""
    from cleo_model.packing.pack import build_curriculum

    with clear_errors():
        recipe = chain.training_recipe()
        result = run_stage(
            "curriculum",
            {
                "corpus": masked_corpus.digest,
                "tokenizer": base_model.digest,
                "recipe": json.loads(recipe.to_json()),
                "code": PACKING,
            },
            lambda out: build_curriculum(masked_corpus.path, base_model.path, recipe, out, LogReporter(context.log)),
        )
    return materialised(context, result)


def _phase(name: str, before: str, description: str) -> dg.AssetsDefinition:
    """One phase of the curriculum: one DeepSpeed run in a process group of its own."""

    @dg.asset(
        **COMMON,
        name=name,
        description=description,
        kinds={"deepspeed", "pytorch"},
        code_version=TRAINING,
        ins={"start": dg.AssetIn(before), "curriculum": dg.AssetIn("curriculum")},
        # Resuming is explicit: a phase that failed goes on from its last checkpoint when it is run again.
        retry_policy=None,
        check_specs=[
            dg.AssetCheckSpec("finite_loss", asset=name, blocking=True),
            dg.AssetCheckSpec("no_dead_expert", asset=name, blocking=True),
            dg.AssetCheckSpec(
                "nothing_forgotten", asset=name, blocking=True, description="Held-out prose loss rises by 2 % at most."
            ),
        ],
    )
    def phase(
        context: dg.AssetExecutionContext,
        chain: Chain,
        trainer: dg.ResourceParam[ProcessGroupPipesClient],
        start: StageResult,
        curriculum: StageResult,
    ) -> Materialised:
        from cleo_model.training.launch import command

        recipe = chain.training_recipe()
        first = before == "moe_init"
        model_in = start.path if first else start.path / "model"
        state_in = None if first else start.path / "state"

        def build(out: Path) -> Mapping[str, Any]:
            recipe_file = out / "recipe.json"
            recipe_file.write_text(recipe.to_json())
            trainer.run(context=context, command=command(recipe_file, name, model_in, state_in, curriculum.path, out))
            report: dict[str, Any] = json.loads((out / "report.json").read_text())
            return {**report, "plots": sorted(file.name for file in out.glob("*.png"))}

        with clear_errors():
            result = run_stage(
                name,
                {
                    "start": start.digest,
                    "curriculum": curriculum.digest,
                    "recipe": json.loads(recipe.to_json()),
                    "code": TRAINING,
                },
                build,
                resumable=True,
            )
        return materialised(context, result, _phase_checks(result.summary))

    return phase


def _phase_checks(report: Mapping[str, Any]) -> list[dg.AssetCheckResult]:
    dead = report["dead_experts"]
    before, after = report["loss_at_start"], report["loss_after"]
    change = after["prose"] / before["prose"] - 1
    return [
        dg.AssetCheckResult(check_name="finite_loss", passed=bool(report["finite"])),
        dg.AssetCheckResult(check_name="no_dead_expert", passed=not dead, metadata={"dead": str(dead)}),
        dg.AssetCheckResult(
            check_name="nothing_forgotten",
            passed=change <= FORGETTING,
            metadata={"prose": f"{100 * change:+.2f} % since the base model", "allowed": f"+{100 * FORGETTING:.0f} %"},
        ),
    ]


foundation = _phase("foundation", "moe_init", "Phase 1: mostly prose, short sequences; the router learns to route.")
specialized = _phase("specialized", "foundation", "Phase 2: mostly domain text, with earlier sources replayed.")
advanced = _phase("advanced", "specialized", "Phase 3: mostly conversation, the longest sequences.")
