"""Layers that two models have in common are computed once, and the scores are those of either model alone."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cleo_core.progress import silent
from cleo_model.moe.upcycle import init_moe
from cleo_model.recipe import MoERecipe
from evals.leading_layers import LeadingLayers

pytestmark = pytest.mark.integration
PAIRS = [
    (f"The {word} of the valley said", f" {answer}") for word in ("baker", "girl") for answer in ("yes", "no", "fi")
]


def with_changed(folder: Path, out: Path, *layers: int, part: str = "experts") -> Path:
    """The same model with other weights in a part of these layers."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model: Any = AutoModelForCausalLM.from_pretrained(folder)
    torch.manual_seed(3)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if any(f".layers.{layer}." in name for layer in layers) and part in name:
                parameter.add_(0.3 * torch.randn_like(parameter))
    model.save_pretrained(out)
    AutoTokenizer.from_pretrained(folder).save_pretrained(out)
    return out


@pytest.fixture(scope="module")
def upcycled(llama: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("upcycled") / "model"
    out.mkdir()
    init_moe(llama, out, MoERecipe(num_experts=4, top_k=2), silent)
    return out


@pytest.fixture(scope="module")
def trained(upcycled: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A mixture of which only the last of two layers was trained."""
    return with_changed(upcycled, tmp_path_factory.mktemp("trained") / "model", 1)


def answers(folder: Path, leading: LeadingLayers | None = None) -> tuple[list[float], int]:
    """Log-likelihoods of the pairs, and how often the first layer ran."""
    from evals.harness import load_model

    loaded, runs = load_model(folder, "float32"), []
    loaded.lm.leading = leading
    loaded.lm.model.get_decoder().layers[0].register_forward_pre_hook(lambda *_: runs.append(1))
    return loaded.answers(PAIRS), len(runs)


def test_the_second_model_goes_on_from_the_layers_in_common_with_its_own_scores(llama: Path, trained: Path) -> None:
    (alone, often), (base, _) = answers(trained), answers(llama)
    leading = LeadingLayers.of(llama, trained)
    assert leading.count == 1
    assert answers(llama, leading)[0] == pytest.approx(base, abs=1e-5)
    shared, runs = answers(trained, leading)
    assert shared == pytest.approx(alone, abs=1e-5)
    assert (runs, often > 0) == (0, True)
    assert max(abs(one - other) for one, other in zip(shared, base, strict=True)) > 1e-2


@pytest.mark.parametrize("part", ["experts", "q_proj", "gate.weight"])
def test_only_layers_that_compute_the_same_are_in_common(
    llama: Path, upcycled: Path, tmp_path: Path, part: str
) -> None:
    assert LeadingLayers.of(llama, upcycled).count == 2
    changed = with_changed(upcycled, tmp_path / "changed", 0, part=part)
    # A router says nothing where all experts are equal, and everything where they are not.
    assert LeadingLayers.of(llama, changed).count == (2 if part == "gate.weight" else 0)
    other = with_changed(with_changed(upcycled, tmp_path / "first", 0), tmp_path / "second", 0, part=part)
    assert LeadingLayers.of(tmp_path / "first", other).count == 0


def test_models_of_another_shape_have_nothing_in_common(llama: Path, make: Callable[..., Path], tmp_path: Path) -> None:
    assert LeadingLayers.of(llama, make(tmp_path / "longer", "llama", window=256)).count == 0
    assert LeadingLayers.of(llama, make(tmp_path / "other", "llama", seed=5)).count == 0
    assert LeadingLayers.of(llama, llama).count == 2
    copied, _ = answers(llama, leading := LeadingLayers.of(llama, llama))
    assert answers(llama, leading)[0] == pytest.approx(copied, abs=1e-6)


def test_a_configuration_in_an_older_form_is_read_as_transformers_reads_it(llama: Path, tmp_path: Path) -> None:
    def with_theta(name: str, theta: float) -> Path:
        folder = Path(shutil.copytree(llama, tmp_path / name))
        config = json.loads((folder / "config.json").read_text())
        del config["rope_parameters"]
        (folder / "config.json").write_text(json.dumps({**config, "rope_theta": theta}))
        return folder

    usual = json.loads((llama / "config.json").read_text())["rope_parameters"]["rope_theta"]
    assert LeadingLayers.of(llama, with_theta("same", usual)).count == 2
    assert LeadingLayers.of(with_theta("one", 1e4), with_theta("other", 1e6)).count == 0
