"""The order of a curriculum is what the recipe says: pacing, sources, warm-up, the average of the last moments."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from cleo_core.progress import silent
from cleo_model import recipes
from cleo_model.errors import EmptyCorpus, RecipeError
from cleo_model.moe.upcycle import init_moe
from cleo_model.packing import difficulty
from cleo_model.packing.mixture import Draw, Text
from cleo_model.packing.pack import build_curriculum
from cleo_model.recipe import CurriculumRecipe, MoERecipe, PhaseRecipe, Recipe, SourceRecipe
from cleo_model.training.average import moments
from cleo_model.training.data import Phase
from cleo_model.training.trainer import Job, Trainer

pytestmark = pytest.mark.unit


def one_phase(**changes: Any) -> PhaseRecipe:
    mixture = {"prose": 0.5, "documentation": 0.5}
    return PhaseRecipe(
        **{"name": "only", "tokens": 2048, "sequence_length": 64, "mixture": mixture, "focus": "prose", **changes}
    )


def curriculum(**changes: Any) -> CurriculumRecipe:
    known = {"phases": (one_phase(),), "tokens_per_step": 256, "heldout_tokens": 256, "heldout_length": 64}
    return CurriculumRecipe(**{**known, **changes})


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus whose records are of very different difficulty."""
    folder = tmp_path_factory.mktemp("graded")
    rng = np.random.default_rng(0)
    for part, first, last in (("train", 0, 60), ("heldout", 60, 64)):
        with (folder / f"{part}.jsonl").open("w") as lines:
            for number in range(first, last):
                for domain in ("prose", "documentation"):
                    words = ["the"] * (60 - number % 60) + [
                        f"{value:x}" for value in rng.integers(0, 9**9, number % 60)
                    ]
                    record = {"id": f"{domain}{number}", "text": " ".join(words), "source": domain, "domain": domain}
                    lines.write(json.dumps(record) + "\n")
    return folder


def packed(graded: Path, base: Path, out: Path, **changes: Any) -> Phase:
    out.mkdir()
    build_curriculum(graded, base, curriculum(**changes), out, silent)
    return Phase(out, "only")


def test_pacing_goes_from_easy_to_hard_over_the_same_rows_and_keeps_the_mixture(
    graded: Path, llama: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLEO_HOME", str(tmp_path / "home"))
    base = llama(initializer_range=0.2)
    plain = packed(graded, base, tmp_path / "plain")
    assert not (tmp_path / "home" / "difficulty").exists()
    paced = packed(graded, base, tmp_path / "paced", pacing=1.0)
    hard_first = packed(graded, base, tmp_path / "hard", pacing=-1.0)
    (kept,) = (tmp_path / "home" / "difficulty").glob("*.jsonl")
    assert "the the" not in kept.read_text()

    def rows(phase: Phase) -> list[bytes]:
        return [row.tobytes() for row in phase.tokens]

    def of_source(phase: Phase, source: int) -> list[bytes]:
        return [row for row, origin in zip(rows(phase), phase.sources[:, 0], strict=True) if origin == source]

    assert sorted(rows(paced)) == sorted(rows(plain)) == sorted(rows(hard_first))
    assert (paced.sources[:, 0] == plain.sources[:, 0]).all()
    assert rows(paced) != rows(plain)
    for source in (0, 1):
        assert of_source(paced, source) == of_source(hard_first, source)[::-1]
    # The control knows no pacing.
    control = packed(graded, base, tmp_path / "control", shuffled_order=True)
    assert rows(packed(graded, base, tmp_path / "both", pacing=1.0, shuffled_order=True)) == rows(control)


def test_a_record_is_measured_once_for_each_model(
    graded: Path, llama: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLEO_HOME", str(tmp_path / "home"))
    base = llama()
    measured: list[int] = []
    measure = difficulty.Difficulty._measure

    def counted(self: difficulty.Difficulty, new: Mapping[str, Any]) -> None:
        measured.append(len(new))
        measure(self, dict(new))

    monkeypatch.setattr(difficulty.Difficulty, "_measure", counted)
    packed(graded, base, tmp_path / "a", pacing=1.0)
    assert sum(measured) > 10
    before = len(measured)
    packed(graded, base, tmp_path / "b", pacing=0.5)
    assert len(measured) == before
    packed(graded, llama(vocab_size=4096, hidden_size=32), tmp_path / "c", pacing=1.0)
    assert len(measured) > before


def text(number: int, source: str, length: int = 100) -> Text:
    return Text(id=f"{source}{number}", text="x" * length, messages=(), source=source, domain="prose")


TEXTS = [*(text(number, "books") for number in range(30)), *(text(number, "web") for number in range(60))]


def drawn(count: int, **sources: SourceRecipe) -> list[str]:
    draw = iter(Draw(TEXTS, curriculum(sources=sources, max_epochs=4.0)))
    return [next(draw).source for _ in range(count)]


def test_a_source_gives_its_share_and_no_more_often_than_it_may() -> None:
    plain = drawn(90)
    assert plain.count("books") == 30
    assert drawn(40, books=SourceRecipe(share=0.75)).count("books") == 30
    # Shown once: then the web takes its place.
    assert drawn(80, books=SourceRecipe(share=0.9, max_epochs=1)).count("books") == 30
    with pytest.raises(EmptyCorpus, match="used up"):
        drawn(91, books=SourceRecipe(max_epochs=1), web=SourceRecipe(max_epochs=1))


def test_a_phase_goes_on_where_the_one_before_stopped_in_every_source() -> None:
    draw = Draw(TEXTS, curriculum(sources={"books": SourceRecipe(share=0.5)}))
    first, second = iter(draw), iter(draw)
    seen = [next(first).id for _ in range(20)] + [next(second).id for _ in range(20)]
    assert len(set(seen)) == 40


def test_a_source_that_is_not_there_is_named(graded: Path, tiny_base: Path, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="no source handbok, which the recipe names; it has documentation, prose"):
        build_curriculum(graded, tiny_base, curriculum(sources={"handbok": SourceRecipe()}), tmp_path, silent)


def test_rows_of_the_warm_up_are_cut_and_hold_the_same_tokens(graded: Path, tiny_base: Path, tmp_path: Path) -> None:
    phase = packed(graded, tiny_base, tmp_path / "plain")
    whole, cut = phase.rows(0, 4, torch.device("cpu")), phase.rows(0, 4, torch.device("cpu"), 16)
    assert cut.tokens.shape == (16, 16)
    assert cut.tokens.flatten().equal(whole.tokens.flatten())
    # Each row begins with a token that nothing stands before.
    assert phase.target_count(0, 4) - phase.target_count(0, 4, 16) == 12
    with pytest.raises(RecipeError, match="rows of 64 tokens cannot be cut into ones of 48"):
        one_phase(warmup=0.5, warmup_length=48)


@pytest.fixture(scope="module")
def ground(graded: Path, llama: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    moe, folder = tmp_path_factory.mktemp("moe"), tmp_path_factory.mktemp("curriculum")
    base = llama()
    init_moe(base, moe, MoERecipe(), silent)
    build_curriculum(graded, base, curriculum(), folder, silent)
    return moe, folder


def recipe(average: int, **phase: Any) -> Recipe:
    plain = recipes.tiny()
    return plain.replace(
        curriculum=curriculum(phases=(one_phase(**phase),)),
        optimizer=plain.optimizer.replace(lr=1e-2),
        engine=plain.engine.replace(micro_batch_tokens=256, zero_stage=0),
        checkpoints=plain.checkpoints.replace(average=average),
    )


def test_the_result_is_the_mean_of_the_last_moments_also_after_a_stop(
    ground: tuple[Path, Path], tmp_path: Path
) -> None:
    def job(average: int, out: str) -> Job:
        return Job(recipe(average, warmup=0.5), "only", ground[0], None, ground[1], tmp_path / out)

    assert moments(recipe(2)) == [7, 8]
    plain, seen = Trainer(job(0, "plain"), silent), []
    for _ in range(8):
        plain._step()
        seen.append({name: value.float().clone() for name, value in plain.engine.tensors().items()})
    whole = Trainer(job(2, "whole"), silent)
    whole.run()
    mean = {name: (value + seen[7][name]) / 2 for name, value in seen[6].items()}
    result = whole.engine.tensors()
    assert all(torch.allclose(result[name].float(), value, atol=1e-3, rtol=1e-2) for name, value in mean.items())
    assert any(not result[name].equal(value) for name, value in plain.engine.tensors().items())
    stopped = Trainer(job(2, "stopped"), silent)
    for _ in range(7):
        stopped._step()
    stopped._snapshot()
    stopped.save()
    resumed = Trainer(job(2, "stopped"), silent)
    assert resumed.run().loss_after == whole.cursor.loss_after
    assert all(resumed.engine.tensors()[name].equal(value) for name, value in result.items())


def test_an_average_is_refused_where_no_rank_holds_the_weights() -> None:
    plain = recipe(2)
    assert plain.replace(engine=plain.engine.replace(zero_stage=2))
    with pytest.raises(RecipeError, match="ZeRO stage 3 and an average"):
        plain.replace(engine=plain.engine.replace(zero_stage=3))
