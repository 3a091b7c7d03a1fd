"""Training on an accelerator: the same recipes, the same files."""

from __future__ import annotations

import json
import math
import os
import subprocess
from pathlib import Path

import pytest

from cleo_core.progress import silent

pytestmark = pytest.mark.gpu


@pytest.mark.parametrize("stage", [0, 1, 3])
def test_a_tiny_mixture_learns_on_a_gpu(stage: int, tmp_path: Path) -> None:
    import torch

    from cleo_model import recipes
    from cleo_model.base_model import resolve
    from cleo_model.moe.equivalence import same_function
    from cleo_model.moe.upcycle import init_moe
    from cleo_model.packing.pack import build_curriculum
    from cleo_model.recipe import MoERecipe
    from cleo_model.training.launch import command

    assert torch.cuda.is_available()
    corpus, base, moe, curriculum, out = (tmp_path / name for name in ("corpus", "base", "moe", "curriculum", "out"))
    for folder in (corpus, base, moe, curriculum, out):
        folder.mkdir()
    for name, first, last in (("train", 0, 40), ("heldout", 40, 46)):
        lines = [
            json.dumps(
                {"id": f"{domain}{i}", "text": f"Article {i} of the treaty. " * 20, "source": "s", "domain": domain}
            )
            for i in range(first, last)
            for domain in ("prose", "documentation")
        ]
        (corpus / f"{name}.jsonl").write_text("\n".join(lines) + "\n")
    resolve("tiny", base, silent)
    recipe = recipes.tiny()
    recipe = recipe.replace(engine=recipe.engine.replace(zero_stage=stage))
    init_moe(base, moe, recipe.moe or MoERecipe(), silent)
    assert same_function(base, moe).passed
    build_curriculum(corpus, base, recipe.curriculum, curriculum, silent)
    (tmp_path / "recipe.json").write_text(recipe.to_json())
    argv = command(tmp_path / "recipe.json", "foundation", moe, None, curriculum, out)
    done = subprocess.run(argv, env={**os.environ}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    report = json.loads((out / "report.json").read_text())
    assert math.isfinite(report["train_loss"])
    assert report["loss_after"]["prose"] < report["loss_before"]["prose"]
