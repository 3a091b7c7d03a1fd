"""A mixture computes what its dense model computes, or is refused by name."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from cleo_core.progress import silent
from cleo_model.errors import UnsupportedArchitecture
from cleo_model.moe.equivalence import same_function
from cleo_model.moe.upcycle import check_architecture, init_moe
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

    routers = []
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
        ({"model_type": "qwen3", "architectures": ["Qwen3ForCausalLM"]}, "query and key norms"),
        ({"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"]}, "learned positions"),
        ({"model_type": "llama", "architectures": ["LlamaForCausalLM"], "attention_bias": True}, "biases"),
        ({"model_type": "mixtral", "architectures": ["MixtralForCausalLM"]}, "already"),
        ({"model_type": "mamba", "architectures": ["MambaForCausalLM"]}, "MambaForCausalLM"),
        ({}, "unknown"),
    ],
)
def test_an_architecture_that_mixtral_cannot_express_is_refused_by_name(config: dict[str, object], reason: str) -> None:
    with pytest.raises(UnsupportedArchitecture) as caught:
        check_architecture(config)
    assert reason in caught.value.message
    check_architecture({"model_type": "mistral", "architectures": ["MistralForCausalLM"], "hidden_act": "silu"})
