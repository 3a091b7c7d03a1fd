"""The bundle, its signature, and its entry in the registry, where a reviewer decides."""

from typing import Any

import dagster as dg

from cleo_core.progress import LogReporter
from cleo_core.settings import CoreSettings, load
from cleo_core.stage import StageResult, run_stage
from orchestration.bundle import assemble
from orchestration.code import code_version
from orchestration.report import Materialised, Registered, clear_errors, materialised
from orchestration.resources import Chain

COMMON: dict[str, Any] = {"group_name": "release", "owners": ["team:platform"]}
CODE = code_version("orchestration.bundle", "cleo_core.provenance")


@dg.asset(**COMMON, io_manager_key="stages", dagster_type=dg.Any, kinds={"safetensors"}, code_version=CODE)
def signed_bundle(
    context: dg.AssetExecutionContext,
    chain: Chain,
    raw_corpus: StageResult,
    curated_corpus: StageResult,
    masked_corpus: StageResult,
    curriculum: StageResult,
    base_model: StageResult,
    moe_init: StageResult,
    foundation: StageResult,
    specialized: StageResult,
    advanced: StageResult,
    evaluation: StageResult,
) -> Materialised:
    """Weights, tokenizer, card, evaluation, corpus manifest, lineage and SBOM in one folder, signed as a whole."""
    stages = {
        stage.name: stage
        for stage in (
            raw_corpus,
            curated_corpus,
            masked_corpus,
            curriculum,
            base_model,
            moe_init,
            foundation,
            specialized,
            advanced,
            evaluation,
        )
    }
    from cleo_core.crypto.keys import bundle_signing_key

    with clear_errors():
        result = run_stage(
            "signed_bundle",
            {
                "stages": {name: stage.digest for name, stage in stages.items()},
                "signer": bundle_signing_key().fingerprint,
                "name": load(CoreSettings).model_name,
                "code": CODE,
            },
            lambda out: assemble(stages, chain.training_recipe(), out, LogReporter(context.log)),
        )
    return materialised(context, result)


@dg.asset(**COMMON, kinds={"mlflow"}, code_version=code_version("orchestration.release"))
def registered_model(
    context: dg.AssetExecutionContext, signed_bundle: StageResult, advanced: StageResult, evaluation: StageResult
) -> Registered:
    """A version in MLflow with the whole decision in its description, alias `candidate`, waiting for a reviewer."""
    from orchestration.release import register

    with clear_errors():
        version = register(signed_bundle, advanced, evaluation, LogReporter(context.log))
    context.log.info(f"version {version.version} waits for review: cleo review show {version.version}")
    return dg.MaterializeResult(
        metadata={
            "version": version.version,
            "bundle_digest": signed_bundle.summary["bundle_digest"],
            "review": dg.MetadataValue.md(f"`cleo review show {version.version}`"),
        },
        data_version=dg.DataVersion(str(signed_bundle.summary["bundle_digest"])),
    )
