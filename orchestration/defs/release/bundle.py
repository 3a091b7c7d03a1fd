"""The folder that is signed: what is served, and everything that a proof about it needs."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from cleo_core.digest import digest_json, tree_digest
from cleo_core.files import write_atomic, write_json
from cleo_core.stage.declaration import Results, Stage, StageSettings, Summary, Work
from cleo_core.subject.index import BUNDLED, SUBJECTS
from cleo_model.base_model import BaseModelSummary
from cleo_model.choices import Choices
from cleo_model.gguf import NAME
from cleo_model.pipeline import PHASES
from cleo_model.recipe import Recipe
from evals.stages import EvaluationSummary

NAMED = ("cleoai", "torch", "transformers", "deepspeed", "dagster")
CORPUS = ("raw_corpus", "curated_corpus", "masked_corpus", "corpus_version")
MADE_OF = (*CORPUS, "curriculum", "base_model", "moe_init", *(phase.name for phase in PHASES), "gguf", "evaluation")


class BundleSettings(StageSettings):
    """Who signs, what the model is called, and what is installed."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    name: str
    recipe: Recipe
    software: dict[str, str]
    """Versions of what matters most, for the card."""
    installed: str
    """Digest of the names and versions of all that is installed: the SBOM lists it."""
    signer: str
    """Fingerprint of the key."""
    key: Any = Field(exclude=True, repr=False)


class BundleSummary(Summary):
    """A signed bundle."""

    bundle_digest: str
    weights_digest: str
    """Of the model folder: weights, config and tokenizer, whatever else is written about or made of them."""
    champion_digest: str


class StageTrace(BaseModel):
    """How a stage's result is found again."""

    digest: str
    fingerprint: str


class BaseTrace(BaseModel):
    """The base model, by digest and by origin."""

    digest: str
    resolved: BaseModelSummary


class Lineage(BaseModel):
    """lineage.json: from what, and with what, a model was made."""

    version: int = 1
    stages: dict[str, StageTrace]
    recipe: Recipe
    base_model: BaseTrace
    software: dict[str, str]


def _settings(choices: Choices, _: Results) -> BundleSettings:
    from importlib.metadata import distributions, version

    from cleo_core.crypto.keys import machine_key
    from cleo_core.settings import CoreSettings, load

    key = machine_key("bundle")
    return BundleSettings(
        name=load(CoreSettings).model_name,
        recipe=choices.recipe,
        software={name: version(name) for name in NAMED},
        installed=digest_json(sorted({f"{each.name} {each.version}" for each in distributions()})),
        signer=key.fingerprint,
        key=key,
    )


def _assemble(work: Work[BundleSettings]) -> BundleSummary:
    """Fill `out/bundle` and sign it; the signature lies beside it in `out/bundle.sig`."""
    from cleo_core.provenance.bundle import bundle_digest, sign
    from cleo_core.provenance.contents import check_contents
    from orchestration.defs.release.sbom import sbom

    bundle, settings = work.out / "bundle", work.settings
    work.report("copying weights and tokenizer")
    model = work[PHASES[-1].name] / "model"
    shutil.copytree(model, bundle)
    if (gguf := work["gguf"] / NAME).is_file():
        shutil.copyfile(gguf, bundle / NAME)
    copy_corpus_facts(work["masked_corpus"], bundle)
    shutil.copyfile(work["corpus_version"] / "data_card.md", bundle / "data_card.md")
    shutil.copyfile(work["evaluation"] / "report.json", bundle / "eval_report.json")
    base = work.inputs["base_model"]
    lineage = Lineage(
        stages={
            name: StageTrace(digest=made.digest, fingerprint=made.fingerprint) for name, made in work.inputs.items()
        },
        recipe=settings.recipe,
        base_model=BaseTrace(digest=base.digest, resolved=BaseModelSummary.of(base)),
        software=settings.software,
    )
    write_json(bundle / "lineage.json", lineage.model_dump(mode="json"))
    card = _card(work, lineage)
    write_atomic(bundle / "card.md", card)
    work.report("listing the software (SBOM)")
    sbom(bundle / "sbom.cdx.json")
    work.report("signing")
    check_contents(bundle)
    sign(bundle, work.out / "bundle.sig", settings.key)
    return BundleSummary(
        bundle_digest=bundle_digest(bundle),
        weights_digest=tree_digest(model)[0],
        champion_digest=EvaluationSummary.of(work.inputs["evaluation"]).champion_digest,
        markdown={"card": card},
    )


def copy_corpus_facts(corpus: Path, bundle: Path) -> None:
    """Put into a bundle what is stated of its corpus: the manifest, and whose records it holds, where it knows."""
    shutil.copyfile(corpus / "manifest.json", bundle / "corpus_manifest.json")
    if (subjects := corpus / SUBJECTS).is_file():
        shutil.copyfile(subjects, bundle / BUNDLED)


def _card(work: Work[BundleSettings], lineage: Lineage) -> str:
    from cleo_model.corpus.pii.manifest import CorpusManifest
    from cleo_model.gguf.stage import REPORT as GGUF_REPORT
    from cleo_model.gguf.stage import GgufSummary
    from cleo_model.training.phase import REPORT, PhaseReport
    from evals import report
    from evals.card import render
    from evals.verdict import VERDICT, VerdictFile

    def read(stage: str, name: str, form: type[BaseModel]) -> dict[str, Any]:
        return form.model_validate_json((work[stage] / name).read_text(encoding="utf-8")).model_dump(mode="json")

    return render(
        name=work.settings.name,
        lineage=lineage.model_dump(mode="json"),
        corpus=read("masked_corpus", "manifest.json", CorpusManifest),
        phases=[read(phase.name, REPORT, PhaseReport) for phase in PHASES],
        evaluation=read("evaluation", report.REPORT, report.EvaluationReport),
        verdict=read("evaluation", VERDICT, VerdictFile),
        gguf=read("gguf", GGUF_REPORT, GgufSummary),
    )


SIGNED_BUNDLE: Stage[Choices, BundleSettings] = Stage(
    name="signed_bundle",
    group="release",
    description="Weights and their GGUF, tokenizer, card, evaluation, corpus manifest, lineage and SBOM in one folder, "
    "signed as a whole.",
    kinds=("safetensors",),
    inputs=MADE_OF,
    settings=_settings,
    build=_assemble,
)
