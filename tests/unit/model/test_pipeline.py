"""A stage runs again when anything that its result depends on has changed, and only then.

Fingerprints are computed, nothing is trained: every setting and every module is changed in turn.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from cleo_core.settings import load
from cleo_core.stage import code
from cleo_core.stage.code import code_version, modules_behind
from cleo_core.stage.declaration import Stage
from cleo_core.stage.execution import StageResult
from cleo_model import recipes
from cleo_model.choices import Choices
from cleo_model.corpus.sources.source import Source
from cleo_model.errors import LlamaCppFailed
from cleo_model.pipeline import GGUF, PHASES, STAGES, TEXT
from cleo_model.settings import ModelSettings
from evals.stages import EVAL_TASKS, Opponent, evaluation

pytestmark = pytest.mark.unit

TRAINED = frozenset(phase.name for phase in PHASES)
# The longest prefix of a choice's name says which stages take it; whoever adds a choice says so here.
TAKEN_BY: dict[str, frozenset[str]] = {
    "base_model": frozenset({"base_model"}),
    "sources": frozenset({"raw_corpus", "masked_corpus"}),
    "text": frozenset({"text_corpus"}),
    "decontaminate": frozenset({"curated_corpus"}),
    "max_record_bytes": frozenset({"raw_corpus", "text_corpus"}),
    "heldout_share": frozenset({"curated_corpus", "text_corpus"}),
    "canaries": frozenset({"raw_corpus"}),
    "corpus_seed": frozenset({"raw_corpus"}),
    "min_records": frozenset({"corpus_quality"}),
    "licences": frozenset({"curated_corpus"}),
    "drift": frozenset({"corpus_version"}),
    "gguf": frozenset({"gguf"}),
    "missed_limit": frozenset({"masked_corpus"}),
    "workers": frozenset(),
    "recipe": TRAINED,
    "recipe.moe": TRAINED | {"moe_init"},
    "recipe.curriculum": TRAINED | {"curriculum"},
}


class Anything(dict[str, StageResult]):
    """Results for every name, each with a digest of its own."""

    def __missing__(self, name: str) -> StageResult:
        return StageResult(name=name, path=Path("/nowhere") / name, digest=name, fingerprint=name)


def against_base(candidate: Path, base: StageResult) -> Opponent:
    return Opponent("base model", base.path, base.digest, "")


ALL: tuple[Stage[Choices, Any], ...] = (*STAGES, TEXT, EVAL_TASKS, evaluation(against_base))


@pytest.fixture
def choices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Choices:
    monkeypatch.setattr("cleo_core.crypto.keys.masking_key", lambda: b"0123456789abcdef")
    (tmp_path / "a.txt").write_text("text")
    own = Source(name="own", domain="tickets", kind="text", location=str(tmp_path / "a.txt"), licence="ours")
    made = Choices.of(load(ModelSettings), recipe=recipes.tiny(), text=(own,))
    return made.model_copy(update={"sources": (own,)})


def prints(choices: Choices) -> dict[str, str]:
    """The fingerprint of every stage, its inputs left as they are."""
    found = {}
    for stage in ALL:
        inputs = {name: Anything()[name] for name in stage.inputs}
        found[stage.name] = str(stage.fingerprint(stage.settings(choices, inputs), inputs))
    return found


def changed(before: Mapping[str, str], after: Mapping[str, str]) -> set[str]:
    return {name for name in before if before[name] != after[name]}


def variants(value: BaseModel, prefix: str = "") -> Iterator[tuple[str, BaseModel]]:
    """For every field of a nested value its name, and the value with only that field changed (and not checked)."""
    for name in type(value).model_fields:
        old = getattr(value, name)
        if isinstance(old, BaseModel):
            for below, new in variants(old, f"{prefix}{name}."):
                yield below, value.model_copy(update={name: new})
        else:
            yield f"{prefix}{name}", value.model_copy(update={name: other(old)})


def other(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if isinstance(value, str):
        # Some stages check theirs.
        return "none" if value == "auto" else f"{value}x"
    if value is None:
        return 1
    if isinstance(value, tuple) and value and isinstance(value[0], float):
        return (0.5, *value[1:])
    return value[1:] if isinstance(value, tuple) and value else ("more",)


def test_every_choice_makes_the_stages_that_take_it_run_again_and_no_other(choices: Choices) -> None:
    before = prints(choices)
    assert prints(choices) == before
    seen = set()
    for name, variant in variants(choices):
        assert isinstance(variant, Choices)
        prefix = max((known for known in TAKEN_BY if f"{name}.".startswith(f"{known}.")), key=len)
        assert changed(before, prints(variant)) == set(TAKEN_BY[prefix]), name
        seen.add(prefix)
    assert seen == set(TAKEN_BY)


def test_the_masking_key_the_dtype_and_the_content_of_a_source_count(
    choices: Choices, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = prints(choices)
    with monkeypatch.context() as patch:
        patch.setattr("cleo_core.crypto.keys.masking_key", lambda: b"another key, sir")
        assert changed(before, prints(choices)) == {"raw_corpus", "masked_corpus"}
        assert "another key" not in str(prints(choices))
    for what, other in (("compute_dtype", "torch.float16"), ("device_kind", "other"), ("kernels", "SVE")):
        with monkeypatch.context() as patch:
            for module in ("cleo_model.pipeline", "evals.stages"):
                patch.setattr(f"{module}.{what}", lambda *_, other=other: other)
            # A GGUF is compared in float32 on the processor, whatever else there is.
            assert changed(before, prints(choices)) - {"gguf"} == {*TRAINED, "evaluation"}, what
            assert ("gguf" in changed(before, prints(choices))) == (what == "kernels")
    (tmp_path / "a.txt").write_text("other text")
    assert changed(before, prints(choices)) == {"raw_corpus", "text_corpus"}


def test_the_rules_of_the_gate_and_the_champion_count(choices: Choices, monkeypatch: pytest.MonkeyPatch) -> None:
    before = prints(choices)
    with monkeypatch.context() as patch:
        patch.setenv("CLEO_EVALS_MARGIN", "0.03")
        assert changed(before, prints(choices)) == {"eval_tasks"}
    other = evaluation(lambda candidate, base: Opponent("3", base.path, "another", "since it is there"))
    inputs = {name: Anything()[name] for name in other.inputs}
    assert str(other.fingerprint(other.settings(choices, inputs), inputs)) != before["evaluation"]


def test_an_input_of_other_content_makes_a_stage_run_again(choices: Choices) -> None:
    for stage in ALL:
        inputs = {name: Anything()[name] for name in stage.inputs}
        settings = stage.settings(choices, inputs)
        for name in inputs:
            moved = {**inputs, name: StageResult(name, inputs[name].path, "other", "other")}
            assert stage.fingerprint(settings, moved) != stage.fingerprint(settings, inputs)


# What must be behind a stage, and what must not: written down, so that the derivation itself is held.
BEHIND = {
    "raw_corpus": {"cleo_model.corpus.sources.readers", "cleo_model.corpus.sources.personas", "cleo_core.wheels"},
    "curated_corpus": {"cleo_model.corpus.curate.screening", "cleo_model.corpus.profiles"},
    "masked_corpus": {"cleo_model.corpus.pii.detect", "cleo_model.corpus.pii.surrogates"},
    "corpus_quality": {"cleo_model.corpus.quality"},
    "base_model": {"cleo_model.tiny_model", "cleo_model.weights"},
    "moe_init": {"cleo_model.moe.upcycle", "cleo_model.moe.equivalence", "cleo_model.weights"},
    "curriculum": {"cleo_model.packing.pack", "cleo_model.packing.mixture"},
    "foundation": {
        "cleo_model.moe.load_balance",
        "cleo_model.training.checkpoint",
        "cleo_model.training.engine",
        "cleo_model.training.loss",
        "cleo_model.training.rank",
        "cleo_model.training.trainer",
        "cleo_model.weights",
    },
    "gguf": {
        "cleo_model.gguf.compare",
        "cleo_model.gguf.layout",
        "cleo_model.gguf.runner",
        "cleo_model.gguf.vocabulary",
    },
    "text_corpus": {"cleo_model.corpus.sources.folder"},
    "eval_tasks": {"evals.tasks.heldout", "evals.tasks.forms"},
    "evaluation": {"evals.gate", "evals.harness", "evals.scorer", "evals.statistics"},
}
NOT_BEHIND = {
    "raw_corpus": {"cleo_model.training.trainer", "evals.gate", "cleo_model.corpus.curate.filters"},
    "curated_corpus": {"cleo_model.training.trainer", "evals.gate", "cleo_model.recipes"},
    "masked_corpus": {"cleo_model.training.trainer", "evals.gate", "cleo_model.corpus.quality"},
    "curriculum": {"cleo_model.training.trainer", "cleo_model.corpus.pii.detect", "cleo_model.moe.upcycle"},
    "foundation": {"cleo_model.recipes", "cleo_model.packing.pack", "cleo_model.corpus.record", "evals.gate"},
    "gguf": {"cleo_model.training.trainer", "cleo_model.moe.upcycle", "evals.gate"},
    "evaluation": {"cleo_model.training.trainer", "cleo_model.corpus.curate.curate"},
}


def test_every_module_behind_a_stage_makes_it_run_again_and_no_other_does(monkeypatch: pytest.MonkeyPatch) -> None:
    behind = {stage.name: modules_behind(code._of_function(stage.build)[1])[0] for stage in ALL}
    for name, modules in BEHIND.items():
        assert modules <= behind[name], (name, modules - behind[name])
    for name, modules in NOT_BEHIND.items():
        assert not modules & behind[name], (name, modules & behind[name])
    before = {stage.name: code_version(stage.build) for stage in ALL}
    digest = code._module_digest
    for module in sorted(frozenset().union(*behind.values())):
        with monkeypatch.context() as patch:
            patch.setattr(code, "_module_digest", lambda name, module=module: digest(name) + "!" * (name == module))
            after = {stage.name: code_version(stage.build) for stage in ALL}
        assert changed(before, after) == {name for name, modules in behind.items() if module in modules}, module


def test_every_stage_says_what_it_is_and_comes_after_its_inputs() -> None:
    made: set[str] = set()
    for stage in STAGES:
        assert stage.description.endswith(".")
        assert set(stage.inputs) <= made, stage.name
        made.add(stage.name)


def test_the_code_behind_a_stage_has_one_version_in_every_process() -> None:
    # What holds an address would make the stage run again in the next process.
    code = (
        "from cleo_core.stage.code import code_version\n"
        "from orchestration.defs.release.bundle import SIGNED_BUNDLE\n"
        "from cleo_model.pipeline import STAGES, TEXT\n"
        "from evals.stages import EVAL_TASKS, evaluation\n"
        "stages = (*STAGES, TEXT, EVAL_TASKS, evaluation(lambda *_: None), SIGNED_BUNDLE)\n"
        "print([code_version(stage.build) for stage in stages])"
    )
    said = {
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    }
    assert len(said) == 1
    assert "[" in said.pop()


def test_a_chain_without_a_gguf_asks_for_no_llama_cpp(choices: Choices, monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib import metadata

    def missing(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", missing)
    assert GGUF.settings(choices.model_copy(update={"gguf": "none"}), {}).llama_cpp == ""
    with pytest.raises(LlamaCppFailed, match="xllamacpp"):
        GGUF.settings(choices, {})
