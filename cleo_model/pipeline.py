"""The pipeline from text to weights: every stage, declared once. Dagster's assets and `cleo train` run these.

    raw_corpus ─> curated_corpus ─> masked_corpus ─┐                          (text_corpus: a user's own text, as it is)
                        corpus_quality, corpus_version: its checks, and what is new in it
                                                   ├─> curriculum ─┐
    base_model ────────────────────────────────────┘               ├─> foundation ─> specialized ─> advanced
        └────────────> moe_init ───────────────────────────────────┘                              └─> gguf

A stage's `settings` picks what it depends on out of the run's `Choices`; its `build` is handed that and the folders of
its inputs. What is heavy is imported where it is used, so that this list is read in no time.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from pydantic import SecretBytes

from cleo_core.compute import compute_dtype, device_kind, kernels
from cleo_core.errors import InputError
from cleo_core.stage.declaration import Check, Outcome, Results, Stage, Work
from cleo_core.stage.execution import StageResult
from cleo_model.base_model import BaseModelSettings, BaseModelSummary, content_digest, resolve
from cleo_model.choices import Choices
from cleo_model.corpus.curate.curate import CurateSettings, CurationSummary, curate
from cleo_model.corpus.pii.checks import misses_are_known, no_residue, second_agrees
from cleo_model.corpus.pii.manifest import MaskingSummary
from cleo_model.corpus.pii.mask import MaskSettings, mask
from cleo_model.corpus.pii.policy import policy_of
from cleo_model.corpus.quality import EXPECTATIONS, QualityReport, QualitySettings, validate
from cleo_model.corpus.sources.builtin import content_fingerprint
from cleo_model.corpus.sources.collect import CollectSettings, RawSummary, collect
from cleo_model.corpus.sources.folder import TextSettings, TextSummary, read_folder
from cleo_model.corpus.sources.identity import IdSettings
from cleo_model.corpus.subjects import subject_settings
from cleo_model.corpus.versions.version import VersionSettings, VersionSummary, judge
from cleo_model.gguf.stage import GgufSettings, GgufSummary, make_gguf, same_model
from cleo_model.moe.equivalence import same_function
from cleo_model.moe.upcycle import MoESummary, init_moe
from cleo_model.packing.pack import CurriculumSummary, build_curriculum
from cleo_model.recipe import CurriculumRecipe, MoERecipe
from cleo_model.training.phase import RECIPE, REPORT, PhaseReport, PhaseSettings

FORGETTING = 0.02
"""Share of its loss that a domain may lose: what a phase teaches must not cost what the base model knew."""


def _collect(work: Work[CollectSettings]) -> RawSummary:
    return collect(work.settings, work.out, work.report)


def _id_settings() -> IdSettings:
    from cleo_core.crypto.keys import masking_key

    return IdSettings(key=SecretBytes(masking_key()))


def _curate(work: Work[CurateSettings]) -> CurationSummary:
    return curate(work["raw_corpus"], work.settings, work.out, work.report)


def _curate_settings(choices: Choices, _: Results) -> CurateSettings:
    return CurateSettings(
        heldout_share=choices.heldout_share,
        decontaminate=choices.decontaminate,
        languages={source.name: source.language for source in choices.sources if source.language != "en"},
        alike=tuple(source.name for source in choices.sources if source.near_duplicates == "keep"),
        licences=choices.licences,
        workers=choices.workers,
    )


def _mask_settings(choices: Choices, _: Results) -> MaskSettings:
    from cleo_core.crypto.keys import masking_key

    return MaskSettings(
        key=SecretBytes(masking_key()),
        policies={source.name: policy_of(source) for source in choices.sources},
        missed_limit=choices.missed_limit,
        workers=choices.workers,
    )


def _mask(work: Work[MaskSettings]) -> MaskingSummary:
    return mask(work["curated_corpus"], work.settings, work.out, work.report, raw=work["raw_corpus"])


def _quality_settings(choices: Choices, _: Results) -> QualitySettings:
    allowed = sorted({value.lower() for source in choices.sources for value in source.allow})
    return QualitySettings(min_records=choices.min_records, allowed=tuple(allowed))


def _validate(work: Work[QualitySettings]) -> QualityReport:
    work.report("checking the masked corpus with Great Expectations")
    curation = CurationSummary.of(work.inputs["curated_corpus"])
    return validate(work["masked_corpus"], work.settings, work.out, curation)


def _expectation(name: str, result: StageResult, _: Results) -> Outcome:
    report = QualityReport.of(result)
    found = next(each for each in report.results if each.name == name)
    mend = f" To mend it: {found.mend}." if found.mend else ""
    return Outcome(
        found.passed,
        f"Expected: {found.expected}; {found.observed}.{mend}",
        {
            "observed": found.observed,
            "expected": found.expected,
            "records": ", ".join(found.records),
            "report": (result.path / report.html).as_uri(),
        },
    )


def _version_settings(choices: Choices, inputs: Results) -> VersionSettings:
    from cleo_core.settings import CoreSettings, load
    from cleo_model.corpus.versions.baseline import baseline

    return VersionSettings.of(baseline(inputs["masked_corpus"].digest), choices.drift, load(CoreSettings).environment)


def _look_at(work: Work[VersionSettings]) -> VersionSummary:
    from cleo_model.corpus.versions.version import look_at

    masked = work.inputs["masked_corpus"]
    curation = CurationSummary.of(work.inputs["curated_corpus"])
    pii = MaskingSummary.of(masked).pii.replaced
    return look_at(work["raw_corpus"], masked.path, masked.digest, pii, curation, work.settings, work.out, work.report)


def _drift(result: StageResult, _: Results) -> Outcome:
    summary = VersionSummary.of(result)
    passed, reason = judge(summary)
    return Outcome(passed, reason, {each.name: each.value for each in summary.drift})


def _read_text(work: Work[TextSettings]) -> TextSummary:
    return read_folder(work.settings, work.out, work.report)


CORPUS: tuple[Stage[Choices, Any], ...] = (
    Stage(
        name="raw_corpus",
        group="corpus",
        description="Reads the configured sources; every record gets an id, a source, a licence and a sha256.",
        settings=lambda choices, _: CollectSettings(
            sources=choices.sources,
            contents=tuple(map(content_fingerprint, choices.sources)),
            max_record_bytes=choices.max_record_bytes,
            subjects=subject_settings(choices.sources),
            canaries=choices.canaries,
            seed=choices.corpus_seed,
            ids=_id_settings(),
        ),
        build=_collect,
    ),
    Stage(
        name="curated_corpus",
        group="corpus",
        description="In the language of its source, judged by a profile for each kind of text, no exact or near "
        "duplicates, nothing of any evaluation.",
        inputs=("raw_corpus",),
        settings=_curate_settings,
        build=_curate,
    ),
    Stage(
        name="masked_corpus",
        group="corpus",
        description="Personal data replaced by consistent surrogates; with the manifest that a model's proof leads "
        "back to.",
        inputs=("raw_corpus", "curated_corpus"),
        settings=_mask_settings,
        build=_mask,
        checks=(
            Check(
                "no_planted_pii_survives",
                "No personal value that was planted in the sources is left, in any case or spacing.",
                no_residue,
            ),
            Check(
                "what_masking_misses_is_known",
                "Values planted into a copy of a sample of every source say how much of each type comes through.",
                misses_are_known,
            ),
            Check(
                "a_second_detector_finds_little",
                "A detector of another method finds no more in the masked text than the limit allows, in any source.",
                second_agrees,
            ),
        ),
    ),
    Stage(
        name="corpus_quality",
        group="corpus",
        description="The Great Expectations suite; its HTML report is kept and linked.",
        inputs=("curated_corpus", "masked_corpus"),
        settings=_quality_settings,
        build=_validate,
        checks=tuple(Check(name, text, partial(_expectation, name)) for name, text in EXPECTATIONS.items()),
        checks_of="masked_corpus",
    ),
    Stage(
        name="corpus_version",
        group="corpus",
        description="What came, went and changed since the approved version of the corpus (without one, the last), how "
        "far it drifted, and the data card.",
        inputs=("raw_corpus", "curated_corpus", "masked_corpus"),
        settings=_version_settings,
        build=_look_at,
        checks=(
            Check(
                "drift_is_within_limits",
                "Domains, lengths, vocabulary and personal data are about what they were in the version before.",
                _drift,
            ),
        ),
    ),
)
"""From the configured sources to a masked corpus that passed its checks."""

TEXT: Stage[Choices, TextSettings] = Stage(
    name="text_corpus",
    group="corpus",
    description="A user's own text as it is, with a part of it held out.",
    settings=lambda choices, _: TextSettings(
        sources=choices.text,
        contents=tuple(map(content_fingerprint, choices.text)),
        max_record_bytes=choices.max_record_bytes,
        subjects=subject_settings(choices.text),
        heldout_share=choices.heldout_share,
    ),
    build=_read_text,
)
"""Stands for the masked corpus in `cleo train --data`."""


def _resolve(work: Work[BaseModelSettings]) -> BaseModelSummary:
    return resolve(work.settings.model, work.out, work.report)


def _moe_settings(choices: Choices, _: Results) -> MoERecipe:
    if choices.recipe.moe is None:
        raise InputError("This recipe has no experts.", hint="The chain trains mixtures; for dense models: cleo train.")
    return choices.recipe.moe


def _upcycle(work: Work[MoERecipe]) -> MoESummary:
    sizes = init_moe(work["base_model"], work.out, work.settings, work.report)
    work.report("comparing the mixture with the dense model")
    return MoESummary(**sizes.model_dump(), same_function=same_function(work["base_model"], work.out))


def _same_function(result: StageResult, _: Results) -> Outcome:
    same = MoESummary.of(result).same_function
    return Outcome(
        same.passed,
        f"The logits differ by {same.max_abs_diff:.2g} at most over {same.tokens} tokens; "
        f"the likeliest token is {'the same everywhere' if same.argmax_equal else 'another in places'}.",
        same.model_dump(),
    )


def _pack(work: Work[CurriculumRecipe]) -> CurriculumSummary:
    return build_curriculum(work["masked_corpus"], work["base_model"], work.settings, work.out, work.report)


MODEL: tuple[Stage[Choices, Any], ...] = (
    Stage(
        name="base_model",
        group="training",
        description="The dense model that the experts are copied from, resolved by digest, in safetensors.",
        kinds=("huggingface",),
        settings=lambda choices, _: BaseModelSettings(
            model=choices.base_model, content=content_digest(choices.base_model)
        ),
        build=_resolve,
    ),
    Stage(
        name="moe_init",
        group="training",
        description="The base model upcycled: every expert starts as a copy of its dense MLP.",
        kinds=("pytorch",),
        inputs=("base_model",),
        settings=_moe_settings,
        build=_upcycle,
        checks=(
            Check(
                "same_function",
                "The mixture computes what the dense model computes (fp32, max abs logit difference < 1e-3).",
                _same_function,
            ),
        ),
    ),
    Stage(
        name="curriculum",
        group="training",
        description="The corpus tokenised, mixed per phase and packed; with what each source gives to each phase.",
        kinds=("numpy",),
        inputs=("masked_corpus", "base_model"),
        after=("corpus_version",),
        settings=lambda choices, _: choices.recipe.curriculum,
        build=_pack,
    ),
)
"""The model that training starts from, and what it is trained on."""


def _phase_settings(name: str, choices: Choices, _: Results) -> PhaseSettings:
    device = device_kind()
    dtype = str(compute_dtype(device)).removeprefix("torch.")
    return PhaseSettings(phase=name, recipe=choices.recipe, dtype=dtype, device=device, kernels=kernels())


def _train(work: Work[PhaseSettings]) -> PhaseReport:
    from cleo_model.training.launch import command

    (before,) = (path.path for name, path in work.inputs.items() if name != "curriculum")
    # A phase leaves a model and the optimizer's state; what the first one starts from is a model alone.
    model, state = (before / "model", before / "state") if (before / "model").is_dir() else (before, None)
    recipe = work.out / RECIPE
    recipe.write_text(work.settings.recipe.to_json())
    work.launch(command(recipe, work.settings.phase, model, state, work["curriculum"], work.out))
    return PhaseReport.model_validate_json((work.out / REPORT).read_text())


def _no_dead_expert(result: StageResult, _: Results) -> Outcome:
    dead = PhaseReport.of(result).dead_experts
    reason = f"Experts {', '.join(dead)} (layer.expert) get hardly a token." if dead else "Every expert is used."
    return Outcome(not dead, reason, {"dead": ", ".join(dead) or "none"})


def _nothing_forgotten(result: StageResult, _: Results) -> Outcome:
    report = PhaseReport.of(result)
    changes = {domain: report.loss_after[domain] / loss - 1 for domain, loss in report.loss_at_start.items()}
    # Not `change > FORGETTING`: a loss that is not a number compares with nothing.
    forgotten = [domain for domain, change in changes.items() if not change <= FORGETTING]
    told = ", ".join(f"{domain} {100 * changes[domain]:+.2f} %" for domain in forgotten or changes)
    return Outcome(
        bool(changes) and not forgotten,
        f"Held-out loss since the base model: {told}; {100 * FORGETTING:+.0f} % is allowed.",
        {domain: f"{100 * change:+.2f} % since the base model" for domain, change in changes.items()},
    )


CHECKS = (
    Check("no_dead_expert", "Every expert gets a share of the tokens.", _no_dead_expert),
    Check(
        "nothing_forgotten",
        "Held-out loss of no domain rises by more than 2 % over that of the base model.",
        _nothing_forgotten,
    ),
)
DESCRIPTIONS = {
    "foundation": "Phase 1: mostly prose, short sequences; the router learns to route.",
    "specialized": "Phase 2: mostly documentation, with earlier sources replayed.",
    "advanced": "Phase 3: mostly conversation, the longest sequences.",
}


def phases(names: Sequence[str]) -> tuple[Stage[Choices, PhaseSettings], ...]:
    """A stage for each phase, in order: one run of the trainer in a process of its own, from the one before it."""
    return tuple(
        Stage(
            name=name,
            group="training",
            description=DESCRIPTIONS.get(name, f"Phase {number} of the recipe."),
            kinds=("deepspeed", "pytorch"),
            inputs=(before, "curriculum"),
            settings=partial(_phase_settings, name),
            build=_train,
            checks=CHECKS,
            # A phase that was interrupted goes on from its last checkpoint when it is run again.
            resumable=True,
        )
        for number, (before, name) in enumerate(zip(("moe_init", *names), names, strict=False), 1)
    )


PHASES = phases(("foundation", "specialized", "advanced"))


def _gguf_settings(choices: Choices, _: Results) -> GgufSettings:
    from cleo_core.settings import CoreSettings, load
    from cleo_model.gguf.runner import installed_version

    return GgufSettings(
        wanted=choices.gguf,
        name=load(CoreSettings).model_name,
        llama_cpp="" if choices.gguf == "none" else installed_version(),
        kernels=kernels(),
    )


def _gguf(work: Work[GgufSettings]) -> GgufSummary:
    model = work[PHASES[-1].name] / "model"
    return make_gguf(model, work["curriculum"], work.settings, work.out, work.report)


GGUF: Stage[Choices, GgufSettings] = Stage(
    name="gguf",
    group="training",
    description="The trained model as one file for llama.cpp: q8_0 where it is the same model, else bf16.",
    kinds=("llamacpp",),
    inputs=(PHASES[-1].name, "curriculum"),
    settings=_gguf_settings,
    build=_gguf,
    checks=(
        Check(
            "same_model",
            "Held-out loss and greedy tokens in llama.cpp are those of the safetensors in transformers.",
            same_model,
        ),
    ),
)
STAGES: tuple[Stage[Choices, Any], ...] = (*CORPUS, *MODEL, *PHASES, GGUF)
"""The chain, in an order in which it can be run."""
