"""From sources to a masked corpus that passed its checks."""

from pathlib import Path
from typing import Any

import dagster as dg

from cleo_core.progress import LogReporter
from cleo_core.settings import load
from cleo_core.stage import StageResult, run_stage
from orchestration.code import code_version
from orchestration.report import Materialised, clear_errors, materialised
from orchestration.resources import Chain

COMMON: dict[str, Any] = {
    "group_name": "corpus",
    "owners": ["team:data"],
    "io_manager_key": "stages",
    "dagster_type": dg.Any,
}
CODE = code_version("cleo_model.corpus")


@dg.asset(**COMMON, kinds={"python"}, code_version=CODE)
def raw_corpus(context: dg.AssetExecutionContext, chain: Chain) -> Materialised:
    """Reads the configured sources; every record gets an id, a source, a licence and a sha256."""
    from cleo_model.corpus.sources.collect import collect
    from cleo_model.corpus.sources.source import source_fingerprint
    from cleo_model.settings import ModelSettings

    with clear_errors():
        sources = chain.source_list()
        result = run_stage(
            "raw_corpus",
            {
                "sources": [source_fingerprint(source) for source in sources],
                "settings": load(ModelSettings).corpus_inputs(),
                "code": CODE,
            },
            lambda out: collect(sources, out, LogReporter(context.log)),
        )
    return materialised(context, result)


@dg.asset(**COMMON, kinds={"python"}, code_version=CODE)
def curated_corpus(context: dg.AssetExecutionContext, raw_corpus: StageResult) -> Materialised:
    """English only, a quality profile per domain, no exact or near duplicates, nothing of our own evaluation."""
    from cleo_model.corpus.curate.curate import curate
    from cleo_model.settings import ModelSettings
    from evals.tasks import decontamination_texts

    with clear_errors():
        texts = decontamination_texts()
        result = run_stage(
            "curated_corpus",
            {
                "raw": raw_corpus.digest,
                "decontaminate": texts,
                "settings": load(ModelSettings).corpus_inputs(),
                "code": CODE,
            },
            lambda out: curate(raw_corpus.path, out, texts, LogReporter(context.log)),
        )
    return materialised(context, result)


@dg.asset(
    **COMMON,
    kinds={"python"},
    code_version=CODE,
    check_specs=[
        dg.AssetCheckSpec(
            "no_planted_pii_survives",
            asset="masked_corpus",
            blocking=True,
            description="No personal value that was planted in the sources is left, in any case or spacing.",
        )
    ],
)
def masked_corpus(
    context: dg.AssetExecutionContext, raw_corpus: StageResult, curated_corpus: StageResult
) -> Materialised:
    """Personal data replaced by consistent surrogates; with the manifest that a model's proof leads back to."""
    from cleo_core.crypto.keys import masking_key
    from cleo_core.digest import digest_json
    from cleo_model.corpus.pii.mask import mask, residue
    from cleo_model.corpus.pii.planted import read_planted

    with clear_errors():
        key = masking_key()
        result = run_stage(
            "masked_corpus",
            {"curated": curated_corpus.digest, "key": digest_json({"masking key": key.hex()}), "code": CODE},
            lambda out: mask(curated_corpus.path, out, key, LogReporter(context.log)),
        )
        planted = read_planted(raw_corpus.path)
        left = residue(result.path, planted)
    check = dg.AssetCheckResult(
        check_name="no_planted_pii_survives",
        passed=not left,
        metadata={"found": len(left), "planted": len(planted)},
        description=f"{len(left)} planted values survived masking." if left else "None survived.",
    )
    return materialised(context, result, [check])


def corpus_quality() -> dg.AssetChecksDefinition:
    """One blocking check per expectation of the Great Expectations suite; the HTML report is kept and linked."""
    from cleo_model.corpus.quality import EXPECTATIONS

    specs = [
        dg.AssetCheckSpec(name, asset="masked_corpus", blocking=True, description=text)
        for name, text in EXPECTATIONS.items()
    ]

    @dg.multi_asset_check(
        name="corpus_quality",
        specs=specs,
        ins={"masked_corpus": dg.AssetIn(input_manager_key="stages")},
        can_subset=False,
    )
    def check(context: dg.AssetCheckExecutionContext, masked_corpus: StageResult):  # type: ignore[no-untyped-def]
        from cleo_model.corpus.quality import validate

        def build(out: Path) -> dict[str, Any]:
            context.log.info("checking the masked corpus with Great Expectations")
            report = validate(masked_corpus.path, out)
            return {"results": report.results, "html": report.html.relative_to(out).as_posix()}

        with clear_errors():
            result = run_stage("corpus_quality", {"corpus": masked_corpus.digest, "code": CODE}, build)
        for found in result.summary["results"]:
            yield dg.AssetCheckResult(
                asset_key="masked_corpus",
                check_name=found["name"],
                passed=bool(found["passed"]),
                metadata={
                    "observed": str(found["observed"]),
                    "expected": str(found["expected"]),
                    "report": dg.MetadataValue.url((result.path / result.summary["html"]).as_uri()),
                },
            )

    return check
