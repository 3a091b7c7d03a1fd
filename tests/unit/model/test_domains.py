"""A domain is a name that the sources choose: any number of them, none of them needed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cleo_core.progress import silent
from cleo_core.stage.execution import StageResult
from cleo_model import recipes
from cleo_model.corpus.sources.source import Source
from cleo_model.domain import is_domain
from cleo_model.errors import EmptyCorpus, RecipeError, SourceError
from cleo_model.packing.mixture import check_domains
from cleo_model.packing.pack import CurriculumSummary, build_curriculum
from cleo_model.pipeline import PHASES
from cleo_model.recipe import CurriculumRecipe, PhaseRecipe
from cleo_model.training.data import heldout_domains
from cleo_model.training.phase import PhaseReport
from evals.tasks import build

pytestmark = pytest.mark.unit

Pack = Callable[..., CurriculumSummary]


def recipe_of(*mixtures: dict[str, float]) -> CurriculumRecipe:
    """A phase for each mixture, about its largest domain."""
    phases = tuple(
        PhaseRecipe(
            name=f"phase{number}",
            tokens=2048,
            sequence_length=64,
            mixture=mixture,
            focus=max(mixture, key=lambda name: mixture[name]),
        )
        for number, mixture in enumerate(mixtures, 1)
    )
    return recipes.tiny().curriculum.replace(phases=phases, heldout_tokens=512, heldout_length=64)


@pytest.fixture
def pack(tiny_base: Path, tmp_path: Path) -> Pack:
    """Packs a corpus of these domains, each record of its own words."""

    def make(recipe: CurriculumRecipe, *domains: str) -> CurriculumSummary:
        for part, first, last in (("train", 0, 40), ("heldout", 40, 60)):
            lines = [
                {
                    "id": f"{domain}{number}",
                    "domain": domain,
                    "source": f"all {domain}",
                    "profile": "general",
                    "text": f"In {domain} number {number} the printer was moved and the invoice was sent again. " * 6,
                }
                for domain in domains
                for number in range(first, last)
            ]
            (tmp_path / f"{part}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        (tmp_path / "packed").mkdir()
        return build_curriculum(tmp_path, tiny_base, recipe, tmp_path / "packed", silent)

    return make


def test_a_corpus_of_one_domain_trains_every_phase_on_it(pack: Pack, tmp_path: Path) -> None:
    summary = pack(recipe_of({"tickets": 1.0}, {"tickets": 1.0}), "tickets")
    assert summary.notes == []
    assert [phase.shares for phase in summary.phases.values()] == [{"tickets": 1.0}] * 2
    assert set(heldout_domains(tmp_path / "packed")) == {"tickets"}


def test_four_domains_are_mixed_as_the_recipe_says(pack: Pack, tmp_path: Path) -> None:
    names = ("laws", "letters", "poems", "tickets")
    summary = pack(recipe_of({"laws": 0.25, "letters": 0.25, "poems": 0.25, "tickets": 0.25}), *names)
    assert summary.notes == []
    assert summary.phases["phase1"].shares == dict.fromkeys(names, 0.25)
    assert set(heldout_domains(tmp_path / "packed")) == set(names)
    sources = np.load(tmp_path / "packed" / "phase1.sources.npy")
    assert set(np.unique(sources)) >= {0, 1, 2, 3}


def test_what_a_corpus_lacks_is_spread_and_said_aloud(pack: Pack) -> None:
    summary = pack(recipes.tiny().curriculum, "documentation", "conversation", "recipes_of_cakes")
    assert len(summary.notes) == 4
    assert summary.notes[0] == "Phase foundation finds no prose: it trains on documentation 75%, conversation 25%."
    assert "recipes_of_cakes" in summary.notes[3]
    assert set(summary.phases["foundation"].shares) == {"documentation", "conversation"}
    assert sum(summary.phases["foundation"].shares.values()) == pytest.approx(1)


def test_a_phase_without_any_of_its_domains_is_refused_before_anything_trains(pack: Pack) -> None:
    recipe = recipe_of({"tickets": 1.0}, {"tickets": 0.5, "poems": 0.5}, {"laws": 0.5, "poems": 0.5})
    with pytest.raises(EmptyCorpus, match=r"Phase phase3 trains on laws, poems; the corpus has tickets"):
        pack(recipe, "tickets")
    assert check_domains(recipe, {"tickets", "poems", "laws"}) == []


@pytest.mark.parametrize("name", ["", "two words", "../up", "a-b", "ünï", "1st", "a" * 41, "last_word"])
def test_a_domain_is_a_plain_name(name: str, tmp_path: Path) -> None:
    def source(domain: str) -> Source:
        return Source(name="s", domain=domain, kind="text", location=str(tmp_path), licence="ours")

    assert not is_domain(name)
    with pytest.raises(SourceError, match="domain"):
        source(name)
    with pytest.raises(RecipeError):
        recipe_of({name: 1.0})
    assert source("tickets_2026").domain == "tickets_2026"
    assert recipe_of({"tickets_2026": 1.0}).domains == ["tickets_2026"]


def report(tmp_path: Path, at_start: dict[str, float], after: dict[str, float]) -> StageResult:
    made = PhaseReport(
        phase="foundation", recipe="tiny", steps=1, tokens=1, ranks=1, zero_stage=0, seconds=1, tokens_per_second=1,
        peak_memory_bytes=1, train_loss=1, loss_at_start=at_start, loss_before=at_start, loss_after=after,
        dead_experts=[], expert_load=[], history=[],
    )  # fmt: skip
    return StageResult("foundation", tmp_path, "", "", made.model_dump(mode="json"))


@pytest.mark.parametrize("lost", ["tickets", "poems"])
def test_no_domain_that_the_base_model_was_measured_on_may_be_forgotten(lost: str, tmp_path: Path) -> None:
    (check,) = (check for check in PHASES[0].checks if check.name == "nothing_forgotten")
    start = {"tickets": 3.0, "poems": 4.0}
    kept = check.judge(report(tmp_path, start, {"tickets": 3.05, "poems": 3.5}), {})
    assert kept.passed
    outcome = check.judge(report(tmp_path, start, {**start, lost: start[lost] * 1.03}), {})
    assert not outcome.passed
    assert f"{lost} +3.00 %" in outcome.reason
    assert not check.judge(report(tmp_path, start, {**start, lost: float("nan")}), {}).passed


def test_evaluation_makes_a_task_of_every_domain(pack: Pack, tmp_path: Path) -> None:
    pack(recipe_of({"tickets": 0.5, "laws": 0.5}), "tickets", "laws")
    (tmp_path / "tasks").mkdir()
    made = build(tmp_path, tmp_path / "tasks")
    assert {spec.name for spec in made.tasks if spec.form == "perplexity"} == {"heldout_tickets", "heldout_laws"}
