"""A mixture computes what its dense model computes, or is refused by name."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cleo_core.progress import silent
from cleo_model.errors import RecipeError, UnsupportedArchitecture
from cleo_model.moe.equivalence import same_function
from cleo_model.moe.layout import choose
from cleo_model.moe.upcycle import init_moe
from cleo_model.recipe import MoERecipe

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(("experts", "top_k"), [(2, 1), (4, 2), (8, 3)])
def test_any_number_of_experts_computes_the_dense_function(
    llama: Callable[..., Path], tmp_path: Path, experts: int, top_k: int
) -> None:
    dense = llama()
    summary = init_moe(dense, tmp_path, MoERecipe(num_experts=experts, top_k=top_k), silent)
    found = same_function(dense, tmp_path)
    assert found.passed, found
    assert found.max_abs_diff < 1e-4
    config = json.loads((tmp_path / "config.json").read_text())
    assert config["architectures"] == ["MixtralForCausalLM"]
    assert (config["num_local_experts"], config["num_experts_per_tok"]) == (experts, top_k)
    assert summary.active_parameters < summary.parameters


def test_an_untied_head_and_a_longer_rope_are_kept(llama: Callable[..., Path], tmp_path: Path) -> None:
    dense = llama(tie_word_embeddings=False, rope_parameters={"rope_type": "default", "rope_theta": 5e5})
    init_moe(dense, tmp_path, MoERecipe(), silent)
    assert same_function(dense, tmp_path).passed


def test_the_same_function_check_sees_a_changed_expert(llama: Callable[..., Path], tmp_path: Path) -> None:
    from cleo_model.weights import read_tensors, write_tensors

    dense = llama()
    init_moe(dense, tmp_path, MoERecipe(), silent)
    tensors = {name: tensor.clone() for name, tensor in read_tensors(tmp_path).items()}
    name = next(name for name in tensors if ".experts.1.w2" in name)
    tensors[name] *= 1.5
    (tmp_path / "model.safetensors").unlink()
    write_tensors(tensors, tmp_path)
    assert not same_function(dense, tmp_path).passed


def test_experts_start_equal_and_routers_differ_by_seed(llama: Callable[..., Path], tmp_path: Path) -> None:
    from cleo_model.weights import read_tensors

    routers: list[Any] = []
    for seed in (0, 0, 1):
        folder = tmp_path / str(len(routers))
        folder.mkdir()
        init_moe(llama(), folder, MoERecipe(seed=seed), silent)
        tensors = read_tensors(folder)
        prefix = "model.layers.0.block_sparse_moe"
        first, second = (tensors[f"{prefix}.experts.{i}.w1.weight"] for i in (0, 3))
        assert first.equal(second)
        routers.append(tensors[f"{prefix}.gate.weight"])
    assert routers[0].equal(routers[1])
    assert not routers[0].equal(routers[2])


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"]}, "learned positions"),
        ({"model_type": "llama", "architectures": ["LlamaForCausalLM"], "attention_bias": True}, "biases"),
        ({"model_type": "llama", "architectures": ["LlamaForCausalLM"], "mlp_bias": True}, "biases in the MLP"),
        ({"model_type": "mistral", "architectures": ["MistralForCausalLM"], "hidden_act": "gelu"}, "activation gelu"),
        ({"model_type": "mixtral", "architectures": ["MixtralForCausalLM"]}, "already"),
        ({"model_type": "mamba", "architectures": ["MambaForCausalLM"]}, "MambaForCausalLM"),
        ({}, "unknown"),
    ],
)
def test_an_architecture_that_no_layout_can_express_is_refused_by_name(config: dict[str, object], reason: str) -> None:
    with pytest.raises(UnsupportedArchitecture) as caught:
        choose(config, MoERecipe())
    assert reason in caught.value.message
    fits = {"model_type": "mistral", "architectures": ["MistralForCausalLM"], "hidden_act": "silu"}
    assert choose(fits, MoERecipe()).model_type == "mixtral"


@pytest.mark.parametrize(
    ("kind", "recipe", "lacks", "nearest"),
    [
        ("qwen3", {"layout": "mixtral"}, "no query and key norms", "qwen3_moe"),
        ("qwen2", {"layout": "mixtral"}, "no biases in attention", "qwen2_moe"),
        ("llama", {"layout": "qwen3_moe"}, "no attention without query and key norms", "mixtral, qwen2_moe"),
        ("llama", {"layout": "mixtral", "every": 2}, "no dense layers between", "qwen2_moe"),
        ("llama", {"layout": "mixtral", "shared": 0.5}, "no shared expert", "qwen2_moe"),
        ("qwen3", {"shared": 0.5}, "no shared expert", "Leave that out"),
    ],
)
def test_what_a_layout_lacks_is_named_with_the_nearest_that_can(
    kind: str, recipe: dict[str, Any], lacks: str, nearest: str
) -> None:
    with pytest.raises(UnsupportedArchitecture) as caught:
        choose({"model_type": kind}, MoERecipe(**recipe))
    assert lacks in caught.value.message
    assert nearest in str(caught.value.hint)


@pytest.mark.parametrize(
    ("recipe", "layout"),
    [
        (MoERecipe(num_experts=4, top_k=2, granularity=2), "mixtral"),
        (MoERecipe(num_experts=64, top_k=8, granularity=8), "mixtral"),
        (MoERecipe(num_experts=4, top_k=1, every=2), "qwen2_moe"),
        (MoERecipe(num_experts=8, top_k=2, shared=0.5), "qwen2_moe"),
        (MoERecipe(num_experts=8, top_k=4, granularity=2, shared=0.3, dense_layers=(0,)), "qwen2_moe"),
    ],
)
def test_narrow_experts_shared_ones_and_dense_layers_compute_the_same(
    recipe: MoERecipe, layout: str, llama: Callable[..., Path], tmp_path: Path
) -> None:
    from cleo_model.weights import Checkpoint

    dense = llama(intermediate_size=256)
    init_moe(dense, tmp_path, recipe, silent)
    assert json.loads((tmp_path / "config.json").read_text())["model_type"] == layout
    found = same_function(dense, tmp_path)
    assert found.passed, found
    assert found.max_abs_diff < 1e-5
    assert logits_differ_by(dense, tmp_path) < 1e-5
    routed = {name for name in Checkpoint.of(tmp_path).forms if ".experts." in name}
    sparse = [at for at in range(2) if (at + 1) % recipe.every == 0 and at not in recipe.dense_layers]
    assert len(routed) == len(sparse) * recipe.num_experts * 3


@pytest.mark.parametrize(
    ("kind", "changes", "recipe"),
    [
        ("Mistral", {"sliding_window": 8}, MoERecipe()),
        ("Mistral", {"sliding_window": 8}, MoERecipe(layout="qwen2_moe")),
        ("Qwen2", {}, MoERecipe()),
        ("Qwen2", {"use_sliding_window": True, "sliding_window": 8, "max_window_layers": 1}, MoERecipe(every=2)),
        ("Qwen3", {"head_dim": 32}, MoERecipe()),
        ("Qwen3", {"attention_bias": True}, MoERecipe(granularity=2, num_experts=8, top_k=4, every=2)),
    ],
)
def test_each_dense_architecture_becomes_a_stock_mixture_that_transformers_loads(
    kind: str, changes: dict[str, Any], recipe: MoERecipe, small: Callable[..., Path], tmp_path: Path
) -> None:
    dense = small(kind, intermediate_size=128, **changes)
    init_moe(dense, tmp_path, recipe, silent)
    found = same_function(dense, tmp_path)
    assert found.passed, found
    assert logits_differ_by(dense, tmp_path) < 1e-4


@pytest.mark.parametrize(("recipe", "told"), [({"granularity": 3}, "power of two"), ({"granularity": 4}, "top_k=8")])
def test_a_granularity_that_would_change_the_function_is_refused(recipe: dict[str, Any], told: str) -> None:
    with pytest.raises(RecipeError) as caught:
        MoERecipe(num_experts=6, top_k=2, **recipe)
    assert told in f"{caught.value.message} {caught.value.hint}"
    assert MoERecipe(num_experts=8, top_k=4, granularity=2).granularity == 2


def test_a_width_or_layers_that_cannot_be_divided_are_refused(llama: Callable[..., Path], tmp_path: Path) -> None:
    dense = llama(intermediate_size=36)
    with pytest.raises(UnsupportedArchitecture, match="36 units of an MLP cannot be divided into 8"):
        init_moe(dense, tmp_path, MoERecipe(num_experts=16, top_k=8, granularity=8), silent)
    with pytest.raises(UnsupportedArchitecture, match="No layer of 2 would be a mixture"):
        init_moe(dense, tmp_path, MoERecipe(every=3), silent)
    assert not list(tmp_path.iterdir())
    init_moe(dense, tmp_path, MoERecipe(num_experts=8, top_k=4, granularity=4), silent)
    assert same_function(dense, tmp_path).passed


def logits_differ_by(dense: Path, moe: Path) -> float:
    """In plain transformers, both models whole."""
    import torch
    from transformers import AutoModelForCausalLM

    ids = torch.arange(3, 75).reshape(2, 36)
    models: list[Any] = [AutoModelForCausalLM.from_pretrained(each, dtype=torch.float32) for each in (dense, moe)]
    with torch.inference_mode():
        first, second = (model(ids).logits for model in models)
    return float((first - second).abs().max())
