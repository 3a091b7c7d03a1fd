"""From a declared stage to a Dagster asset, or to the checks of one: the only place that knows both."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dagster as dg

from cleo_core.progress import LogReporter
from cleo_core.stage.declaration import Check, Outcome, Stage
from cleo_core.stage.execution import StageResult
from orchestration.defs.process_group import ProcessGroupPipesClient
from orchestration.defs.report import Materialised, clear_errors, metadata_of
from orchestration.defs.resources import Chain

OWNERS = {"corpus": "team:data", "training": "team:ml", "evaluation": "team:ml", "release": "team:platform"}
Context = dg.AssetExecutionContext | dg.AssetCheckExecutionContext


def stage_asset(stage: Stage[Any, Any]) -> dg.AssetsDefinition:
    """The asset that runs this stage; its code version and its data version are the stage's own digests."""

    @dg.asset(
        name=stage.name,
        group_name=stage.group,
        description=stage.description,
        owners=[OWNERS[stage.group]],
        kinds=set(stage.kinds),
        code_version=stage.code,
        io_manager_key="stages",
        dagster_type=dg.Any,
        ins={name: dg.AssetIn(name) for name in stage.inputs},
        deps=list(stage.after),
        check_specs=[_spec(check, stage.name) for check in stage.checks],
        # Resuming is explicit: what failed goes on, or starts again, when a person runs it again.
        retry_policy=None,
    )
    def asset(
        context: dg.AssetExecutionContext,
        chain: Chain,
        processes: dg.ResourceParam[ProcessGroupPipesClient],
        **inputs: StageResult,
    ) -> Materialised:
        with clear_errors():
            result = _run(stage, context, chain, processes, inputs)
            checks = [_result(check, stage.name, check.judge(result, inputs)) for check in stage.checks]
        if result.reused:
            context.log.info(f"unchanged: reused what {result.seconds:.0f} s of work made ({result.digest[:12]})")
        # Its version is the digest of its content, so that unchanged inputs show as unchanged.
        version = dg.DataVersion(result.digest)
        return dg.MaterializeResult(
            value=result, metadata=metadata_of(result), data_version=version, check_results=checks
        )

    return asset


def stage_checks(stage: Stage[Any, Any]) -> dg.AssetChecksDefinition:
    """The checks of a stage that exists only to judge another one's result."""
    about = stage.checks_of or stage.name

    @dg.multi_asset_check(
        name=stage.name,
        specs=[_spec(check, about, [name for name in stage.inputs if name != about]) for check in stage.checks],
        ins={name: dg.AssetIn(name, input_manager_key="stages") for name in stage.inputs},
        can_subset=False,
    )
    def checks(
        context: dg.AssetCheckExecutionContext,
        chain: Chain,
        processes: dg.ResourceParam[ProcessGroupPipesClient],
        **inputs: StageResult,
    ) -> Iterator[dg.AssetCheckResult]:
        with clear_errors():
            result = _run(stage, context, chain, processes, inputs)
            for check in stage.checks:
                yield _result(check, about, check.judge(result, inputs))

    return checks


def _run(
    stage: Stage[Any, Any],
    context: Context,
    chain: Chain,
    processes: ProcessGroupPipesClient,
    inputs: Mapping[str, StageResult],
) -> StageResult:
    def launch(command: Sequence[str]) -> None:
        if isinstance(context, dg.AssetCheckExecutionContext):
            raise TypeError(f"{stage.name}: what only makes checks starts no process")
        processes.run(context=context, command=command)

    return stage.run(chain.choices(), inputs, LogReporter(context.log), launch)


def _spec(check: Check, asset: str, also: Sequence[str] = ()) -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(
        check.name, asset=asset, additional_deps=list(also), blocking=True, description=check.description
    )


def _result(check: Check, asset: str, outcome: Outcome) -> dg.AssetCheckResult:
    figures = {
        name: dg.MetadataValue.url(value) if isinstance(value, str) and value.startswith("file:") else value
        for name, value in outcome.figures.items()
    }
    return dg.AssetCheckResult(
        asset_key=asset,
        check_name=check.name,
        passed=outcome.passed,
        # A blocking check stops what comes after it only when it fails as an error.
        severity=dg.AssetCheckSeverity.WARN if outcome.warns else dg.AssetCheckSeverity.ERROR,
        metadata=figures,
        description=outcome.reason,
    )
