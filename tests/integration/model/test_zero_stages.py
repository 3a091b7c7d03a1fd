"""Every stage of ZeRO trains the same model: what is divided over ranks changes no number but its rounding."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cleo_model.recipe import Recipe

from .conftest import Setup, start

pytestmark = pytest.mark.integration


def trained(setup: Setup, stage: int, folder: Path) -> dict[str, Any]:
    """The report of a phase trained with this stage."""
    recipe = Recipe.from_json(setup.recipe.read_text())
    file = folder / f"stage{stage}.json"
    file.write_text(recipe.replace(engine=recipe.engine.replace(zero_stage=stage)).to_json())
    process = start(Setup(file, setup.moe, setup.curriculum).argv(folder / f"out{stage}"))
    _, said = process.communicate(timeout=300)
    assert process.returncode == 0, said[-2000:]
    found: dict[str, Any] = json.loads((folder / f"out{stage}" / "report.json").read_text())
    return found


@pytest.fixture(scope="module")
def first(one_rank: Setup, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    found = trained(one_rank, 1, tmp_path_factory.mktemp("first"))
    recipe = Recipe.from_json(one_rank.recipe.read_text())
    # Several micro batches a step: their gradients must add up.
    assert recipe.curriculum.tokens_per_step > recipe.engine.micro_batch_tokens
    return found


@pytest.mark.parametrize("stage", [2, 3])
def test_a_stage_trains_what_stage_one_trains(
    first: dict[str, Any], one_rank: Setup, tmp_path: Path, stage: int
) -> None:
    other = trained(one_rank, stage, tmp_path)
    # In float32 they agree to 1e-4; bfloat16, where the processor has it, is rounded at other places.
    for when in ("loss_before", "loss_after"):
        assert other[when] == pytest.approx(first[when], abs=0.02)
    for figure, tolerance in (("norm", 0.05), ("loss", 2e-3)):
        one, two = ([step[figure] for step in report["history"]] for report in (first, other))
        assert two == pytest.approx(one, rel=tolerance)
