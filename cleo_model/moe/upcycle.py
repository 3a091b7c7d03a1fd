"""Sparse upcycling: a dense Llama or Mistral becomes a Mixtral that computes the same function."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from cleo_core.progress import Reporter
from cleo_core.stage.declaration import Summary
from cleo_model.errors import UnsupportedArchitecture
from cleo_model.moe.equivalence import SameFunction
from cleo_model.recipe import MoERecipe

if TYPE_CHECKING:
    from torch import Tensor

# What Mixtral computes just as Llama and Mistral do, and so takes over unchanged.
KEPT = (
    "vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads",
    "head_dim", "hidden_act", "max_position_embeddings", "initializer_range", "rms_norm_eps", "pad_token_id",
    "bos_token_id", "eos_token_id", "tie_word_embeddings", "rope_parameters", "attention_dropout", "sliding_window",
)  # fmt: skip


PROJECTIONS = {"gate_proj": "w1", "down_proj": "w2", "up_proj": "w3"}
"""The stock layout on disk, which vLLM and llama.cpp read as well: one tensor per expert and projection."""


def check_architecture(config: Mapping[str, Any]) -> None:
    """Accept a dense model that Mixtral can express exactly.

    Raises:
        UnsupportedArchitecture: names the architecture and what Mixtral lacks.
    """
    name = (config.get("architectures") or [config.get("model_type", "unknown")])[0]
    kind = config.get("model_type")
    if kind in ("mixtral", "qwen2_moe", "qwen3_moe", "deepseek_v3", "olmoe") or config.get("num_local_experts"):
        raise UnsupportedArchitecture(f"{name} is a mixture of experts already.", hint="Train it without --use-moe.")
    lacking = {
        "gemma": "scaled embeddings",
        "gemma2": "logit soft-capping",
        "gemma3_text": "query and key norms",
        "qwen2": "biases in attention",
        "qwen3": "query and key norms",
        "olmo2": "query and key norms",
        "phi3": "partial rotary embeddings and fused projections",
        "gpt2": "learned positions",
        "gpt_neox": "parallel residuals",
    }
    why = lacking.get(str(kind))
    if kind in ("llama", "mistral"):
        if config.get("attention_bias") or config.get("mlp_bias"):
            why = "biases in attention or MLP"
        elif config.get("hidden_act", "silu") != "silu":
            why = f"activation {config['hidden_act']}"
        else:
            return
    raise UnsupportedArchitecture(
        f"{name} cannot become a mixture of experts that computes the same function"
        + (f": Mixtral has no {why}." if why else "."),
        hint="Use a Llama or Mistral model, or train it dense (without --use-moe).",
    )


def mixtral_config(dense: Any, recipe: MoERecipe) -> Any:
    """The `MixtralConfig` that goes with a dense configuration."""
    from transformers import MixtralConfig

    have = dense.to_dict()
    config = MixtralConfig(
        **{key: have[key] for key in KEPT if key in have},
        num_local_experts=recipe.num_experts,
        num_experts_per_tok=recipe.top_k,
        router_aux_loss_coef=recipe.load_balance,
        output_router_logits=False,
    )
    # Mixtral's own default would be a window that Llama does not have.
    config.sliding_window = have.get("sliding_window")
    config.dtype = dense.dtype
    config.architectures = ["MixtralForCausalLM"]
    return config


def upcycled(dense: Mapping[str, Tensor], config: Any, recipe: MoERecipe) -> Iterator[tuple[str, Tensor]]:
    """The mixture's tensors, under the names that its checkpoint on disk has.

    Every expert starts as a copy of the dense MLP, so for any router the renormalised top-k mixture equals the
    dense output (Komatsuzaki et al. 2022, arXiv:2212.05055).
    """
    import torch

    generator = torch.Generator().manual_seed(recipe.seed)
    for name, tensor in dense.items():
        if ".mlp." not in name:
            yield name, tensor
            continue
        prefix, _, projection = name.partition(".mlp.")
        short = PROJECTIONS[projection.removesuffix(".weight")]
        for expert in range(recipe.num_experts):
            yield f"{prefix}.block_sparse_moe.experts.{expert}.{short}.weight", tensor.clone()
    for layer in range(config.num_hidden_layers):
        router = torch.randn(recipe.num_experts, config.hidden_size, generator=generator) * recipe.router_std
        yield f"model.layers.{layer}.block_sparse_moe.gate.weight", router.to(config.dtype)


class MoESizes(BaseModel):
    """How large a mixture is."""

    parameters: int
    active_parameters: int
    """Used for one token."""
    num_experts: int
    top_k: int
    digest: str


class MoESummary(Summary, MoESizes):
    """The sizes of a mixture, and whether it computes what the dense model does."""

    same_function: SameFunction


def init_moe(base: Path, out: Path, recipe: MoERecipe, report: Reporter) -> MoESizes:
    """Write the upcycled model of folder `base` into folder `out`.

    Raises:
        UnsupportedArchitecture: Mixtral cannot express the dense model exactly.
    """
    from transformers import AutoConfig, GenerationConfig

    from cleo_core.digest import tree_digest
    from cleo_model.weights import copy_tokenizer, read_tensors, write_tensors

    check_architecture(json.loads((base / "config.json").read_text()))
    dense = AutoConfig.from_pretrained(base)
    config = mixtral_config(dense, recipe)
    report("upcycling", 0, 1, experts=recipe.num_experts, top_k=recipe.top_k)
    tensors = dict(upcycled(read_tensors(base), config, recipe))
    write_tensors(tensors, out)
    config.save_pretrained(out)
    if (base / "generation_config.json").is_file():
        GenerationConfig.from_pretrained(base).save_pretrained(out)
    copy_tokenizer(base, out)
    total = sum(tensor.numel() for tensor in tensors.values())
    experts = sum(tensor.numel() for name, tensor in tensors.items() if ".experts." in name)
    report("upcycling", 1, 1, parameters=total)
    return MoESizes(
        parameters=total,
        active_parameters=total - experts + experts * recipe.top_k // recipe.num_experts,
        num_experts=recipe.num_experts,
        top_k=recipe.top_k,
        digest=tree_digest(out)[0],
    )
