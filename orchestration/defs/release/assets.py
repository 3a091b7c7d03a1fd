"""The bundle, its signature, and its entry in the registry, where a reviewer decides."""

import dagster as dg

from cleo_core.progress import LogReporter
from cleo_core.stage.code import code_version
from cleo_core.stage.execution import StageResult
from orchestration.defs.release.bundle import SIGNED_BUNDLE, BundleSummary
from orchestration.defs.release.promote import register
from orchestration.defs.report import Registered, clear_errors
from orchestration.defs.stage_asset import OWNERS, stage_asset


# No stage: what it makes is not a folder but an entry in the registry, which says itself whether it is there already.
@dg.asset(
    group_name="release",
    owners=[OWNERS["release"]],
    kinds={"mlflow"},
    code_version=code_version(register),
    ins={name: dg.AssetIn(name) for name in ("signed_bundle", "evaluation")},
)
def registered_model(
    context: dg.AssetExecutionContext, signed_bundle: StageResult, evaluation: StageResult
) -> Registered:
    """A version in MLflow with the whole decision in its description, alias `candidate`, waiting for a reviewer."""
    with clear_errors():
        version = register(signed_bundle, evaluation, LogReporter(context.log))
    context.log.info(f"version {version.version} waits for review: cleo review show {version.version}")
    digest = BundleSummary.of(signed_bundle).bundle_digest
    return dg.MaterializeResult(
        metadata={
            "review": dg.MetadataValue.md(f"`cleo review show {version.version}`"),
            "version": version.version,
            "bundle_digest": digest,
        },
        data_version=dg.DataVersion(digest),
    )


assets = [stage_asset(SIGNED_BUNDLE), registered_model]
