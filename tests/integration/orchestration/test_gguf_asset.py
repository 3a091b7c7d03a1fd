"""The GGUF's asset in Dagster: its report is what the UI shows, and its check is judged there."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import numpy as np
import pytest

from cleo_core.files import write_json
from cleo_core.progress import silent
from cleo_core.settings import home
from orchestration.definitions import defs
from orchestration.defs.process_group import ProcessGroupPipesClient
from orchestration.defs.resources import Chain, StageIOManager

pytestmark = pytest.mark.integration


def test_the_report_of_a_gguf_is_shown_with_the_asset_and_its_check(tmp_path: Path) -> None:
    from cleo_model.moe.upcycle import init_moe
    from cleo_model.recipe import MoERecipe
    from cleo_model.tiny_model import make_tiny

    dense, trained, curriculum = (tmp_path / name for name in ("dense", "trained/model", "curriculum"))
    for folder in (dense, trained, curriculum):
        folder.mkdir(parents=True)
    make_tiny(dense)
    init_moe(dense, trained, MoERecipe(), silent)
    tokens = np.random.default_rng(0).integers(3, 4096, (6, 128), dtype=np.uint16)
    np.save(curriculum / "heldout.prose.tokens.npy", tokens)
    np.save(curriculum / "heldout.prose.targets.npy", np.ones((6, 128), dtype=np.bool_))
    for name, path in {"advanced": trained.parent, "curriculum": curriculum}.items():
        known = {"name": name, "path": str(path), "digest": name, "fingerprint": name}
        write_json(home("dagster", "refs", "latest") / f"{name}.json", known)
    resources = {"chain": Chain(recipe="tiny"), "stages": StageIOManager(), "processes": ProcessGroupPipesClient()}
    done = dg.materialize(list(defs.assets or ()), selection=["gguf"], resources=resources)
    shown = done.asset_materializations_for_node("gguf")[0].metadata
    assert shown["precision"].value == "q8_0"
    assert "| q8_0 | 16 |" in str(shown["GGUF beside safetensors"].value)
    (check,) = done.get_asset_check_evaluations()
    assert check.check_name == "same_model"
    assert check.passed
    assert "computes the same: loss" in str(check.description)
