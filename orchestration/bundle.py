"""The folder that is signed: what is served, and everything that a proof about it needs."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cleo_core.digest import tree_digest
from cleo_core.progress import Reporter
from cleo_core.stage import StageResult
from orchestration.sbom import sbom

if TYPE_CHECKING:
    from cleo_model.recipe import Recipe

__all__ = ["assemble", "weights_digest"]

PHASES = ("foundation", "specialized", "advanced")


def weights_digest(model: Path) -> str:
    """Digest of a model folder: weights, config and tokenizer, whatever else is written about them."""
    return tree_digest(model)[0]


def assemble(stages: Mapping[str, StageResult], recipe: Recipe, out: Path, report: Reporter) -> dict[str, Any]:
    """Fill `out/bundle` and sign it; the signature lies beside it in `out/bundle.sig`."""
    from cleo_core.crypto.keys import bundle_signing_key
    from cleo_core.provenance.bundle import bundle_digest, check_contents, sign

    bundle = out / "bundle"
    report("copying weights and tokenizer")
    model = stages["advanced"].path / "model"
    shutil.copytree(model, bundle)
    lineage = _lineage(stages, recipe)
    corpus = stages["masked_corpus"].path
    evaluation = stages["evaluation"]
    shutil.copyfile(corpus / "manifest.json", bundle / "corpus_manifest.json")
    shutil.copyfile(stages["raw_corpus"].path / "data_card.md", bundle / "data_card.md")
    shutil.copyfile(evaluation.path / "report.json", bundle / "eval_report.json")
    _write(bundle / "lineage.json", lineage)
    (bundle / "card.md").write_text(_card(stages, lineage))
    report("listing the software (SBOM)")
    sbom(bundle / "sbom.cdx.json")
    report("signing")
    check_contents(bundle)
    sign(bundle, out / "bundle.sig", bundle_signing_key())
    digest = bundle_digest(bundle)
    return {
        "bundle_digest": digest,
        "weights_digest": weights_digest(model),
        "champion_digest": str(evaluation.summary.get("champion_digest", "")),
        "markdown": {"card": (bundle / "card.md").read_text()},
    }


def _lineage(stages: Mapping[str, StageResult], recipe: Recipe) -> dict[str, Any]:
    return {
        "stages": {name: {"digest": stage.digest, "fingerprint": stage.fingerprint} for name, stage in stages.items()},
        "recipe": json.loads(recipe.to_json()),
        "base_model": {
            "digest": stages["base_model"].digest,
            "resolved": {k: v for k, v in stages["base_model"].summary.items() if isinstance(v, str | int | float)},
        },
        "software": {name: version(name) for name in ("cleoai", "torch", "transformers", "deepspeed", "dagster")},
    }


def _card(stages: Mapping[str, StageResult], lineage: Mapping[str, Any]) -> str:
    from cleo_core.settings import CoreSettings, load
    from evals.card import render

    evaluation = stages["evaluation"].path
    return render(
        name=load(CoreSettings).model_name,
        lineage=dict(lineage),
        corpus=json.loads((stages["masked_corpus"].path / "manifest.json").read_text()),
        phases=[json.loads((stages[phase].path / "report.json").read_text()) for phase in PHASES],
        evaluation=json.loads((evaluation / "report.json").read_text()),
        verdict=json.loads((evaluation / "verdict.json").read_text()),
    )


def _write(file: Path, value: Any) -> None:
    file.write_text(json.dumps(value, indent=1, sort_keys=True) + "\n")
