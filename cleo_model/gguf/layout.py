"""What a model is in a GGUF: its tensors by name, and the facts about it.

llama.cpp knows Llama, Mistral and Mixtral as `llama`: a mixture is one whose file says how many experts it has, and its
experts lie in one tensor for each projection. Qwen models have names of their own, and heads in transformers' order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cleo_core.errors import UnusableModel
from cleo_core.model_folder import read_config
from cleo_model.errors import UnsupportedArchitecture
from cleo_model.mixtures import LAYOUTS, PROJECTIONS
from cleo_model.mixtures import Layout as Mixture

if TYPE_CHECKING:
    from gguf import GGUFWriter

NAMES = {
    "llama": "llama", "mistral": "llama", "mixtral": "llama", "qwen2": "qwen2", "qwen3": "qwen3",
    "qwen2_moe": "qwen2moe", "qwen3_moe": "qwen3moe",
}  # fmt: skip
"""llama.cpp's name of an architecture, by transformers'."""
ROTARY = ("default", "linear", "llama3")
"""Ways to stretch rotary embeddings that come down to a divisor for each frequency."""
MLP = {name.removesuffix("_proj"): name for name in PROJECTIONS}
"""Projections of an MLP, as GGUF and as a dense model name them."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A tensor of the GGUF, and what it is made of."""

    name: str
    sources: tuple[str, ...]
    """Tensors of the checkpoint; several are stacked."""
    heads: int = 0
    """Attention heads whose rows llama.cpp wants in another order; 0: none."""
    exact: bool = False
    """Stays in float32 whatever the rest is stored in: small, and what a rounding there changes is much."""
    constant: tuple[float, ...] = ()
    """The tensor itself, where it is none of the checkpoint's."""
    flat: bool = False
    """A matrix of one row is stored as that row."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The shape of a network, from its configuration."""

    config: Mapping[str, Any]
    stretch: tuple[float, ...] = ()
    """By how much each rotary frequency is divided, ``[head_dim / 2]``; empty: by nothing."""

    @classmethod
    def of(cls, folder: Path) -> Layout:
        """The layout of a model folder.

        Raises:
            UnsupportedArchitecture: names what of it is not covered.
            UnusableModel: there is no configuration, or one that cannot be read.
        """
        _check_kind(read_config(folder))
        from transformers import AutoConfig

        try:
            known: Any = AutoConfig.from_pretrained(folder, trust_remote_code=False)
            config: dict[str, Any] = known.to_dict()
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UnusableModel(f"config.json cannot be read: {str(error).splitlines()[0][:200]}") from None
        _check_details(config)
        return cls(config, _stretch(known))

    @property
    def experts(self) -> int:
        """Experts in a layer; 0: it is dense."""
        return self.mixture.experts(self.config) if self.mixture else 0

    @property
    def mixture(self) -> Mixture | None:
        """How its experts are stored; None: it is dense."""
        return LAYOUTS.get(self.config["model_type"])

    @property
    def name(self) -> str:
        """llama.cpp's name of the architecture."""
        return NAMES[self.config["model_type"]]

    @property
    def head_dim(self) -> int:
        """Numbers in a head."""
        return int(self.config.get("head_dim") or self.config["hidden_size"] // self.config["num_attention_heads"])

    @property
    def vocabulary(self) -> int:
        """Rows of the embedding."""
        return int(self.config["vocab_size"])

    @property
    def tied(self) -> bool:
        """The output layer is the embedding."""
        return bool(self.config["tie_word_embeddings"])

    @property
    def head(self) -> str:
        """The tensor that is the output layer."""
        return "token_embd.weight" if self.tied else "output.weight"

    def describe(self, writer: GGUFWriter) -> None:
        """Write the facts into a file's header."""
        config = self.config
        writer.add_context_length(config["max_position_embeddings"])
        writer.add_embedding_length(config["hidden_size"])
        writer.add_block_count(config["num_hidden_layers"])
        writer.add_feed_forward_length(config["intermediate_size"])
        writer.add_head_count(config["num_attention_heads"])
        writer.add_head_count_kv(config["num_key_value_heads"])
        writer.add_key_length(self.head_dim)
        writer.add_value_length(self.head_dim)
        writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
        writer.add_rope_dimension_count(self.head_dim)
        writer.add_rope_freq_base(float(config["rope_parameters"]["rope_theta"]))
        writer.add_vocab_size(self.vocabulary)
        if self.experts:
            writer.add_expert_count(self.experts)
            writer.add_expert_used_count(config["num_experts_per_tok"])
        if "moe_intermediate_size" in config:
            writer.add_expert_feed_forward_length(config["moe_intermediate_size"])
        if "shared_expert_intermediate_size" in config:
            writer.add_expert_shared_feed_forward_length(config["shared_expert_intermediate_size"])

    def pieces(self) -> Iterator[Piece]:
        """The tensors, in the order in which they lie in the file."""
        yield Piece("token_embd.weight", ("model.embed_tokens.weight",))
        yield Piece("output_norm.weight", ("model.norm.weight",), exact=True)
        if self.stretch:
            yield Piece("rope_freqs.weight", (), exact=True, constant=self.stretch)
        if not self.tied:
            yield Piece("output.weight", ("lm_head.weight",))
        for layer in range(self.config["num_hidden_layers"]):
            yield from self._block(f"blk.{layer}", f"model.layers.{layer}")

    def _block(self, block: str, layer: str) -> Iterator[Piece]:
        yield Piece(f"{block}.attn_norm.weight", (f"{layer}.input_layernorm.weight",), exact=True)
        yield from self._attention(block, f"{layer}.self_attn")
        yield Piece(f"{block}.ffn_norm.weight", (f"{layer}.post_attention_layernorm.weight",), exact=True)
        if not self.mixture:
            for name, projection in MLP.items():
                yield Piece(f"{block}.ffn_{name}.weight", (f"{layer}.mlp.{projection}.weight",))
            return
        mixture = f"{layer}.{self.mixture.block}"
        yield Piece(f"{block}.ffn_gate_inp.weight", (f"{mixture}.gate.weight",), exact=True)
        for name, projection in MLP.items():
            sources = tuple(self.mixture.expert(mixture, expert, projection) for expert in range(self.experts))
            yield Piece(f"{block}.ffn_{name}_exps.weight", sources)
        if self.mixture.shared:
            gate = f"{mixture}.shared_expert_gate.weight"
            yield Piece(f"{block}.ffn_gate_inp_shexp.weight", (gate,), exact=True, flat=True)
            for name, projection in MLP.items():
                yield Piece(f"{block}.ffn_{name}_shexp.weight", (f"{mixture}.shared_expert.{projection}.weight",))

    def _attention(self, block: str, layer: str) -> Iterator[Piece]:
        config = self.config
        turned = self.name == "llama"
        heads = {"q": config["num_attention_heads"], "k": config["num_key_value_heads"]} if turned else {}
        for name in ("q", "k", "v"):
            yield Piece(f"{block}.attn_{name}.weight", (f"{layer}.{name}_proj.weight",), heads=heads.get(name, 0))
            if config["model_type"] == "qwen2" or config.get("qkv_bias"):
                yield Piece(f"{block}.attn_{name}.bias", (f"{layer}.{name}_proj.bias",), exact=True)
        if "qwen3" in self.name:
            for name in ("q", "k"):
                yield Piece(f"{block}.attn_{name}_norm.weight", (f"{layer}.{name}_norm.weight",), exact=True)
        yield Piece(f"{block}.attn_output.weight", (f"{layer}.o_proj.weight",))


def _check_kind(config: Mapping[str, Any]) -> None:
    kind = config.get("model_type", "unknown")
    if kind not in NAMES:
        name = (config.get("architectures") or [kind])[0]
        raise UnsupportedArchitecture(
            f"{name} cannot be written as GGUF: only {', '.join(NAMES)} can.",
            hint="llama.cpp's own convert_hf_to_gguf.py covers other architectures.",
        )


def _check_details(config: Mapping[str, Any]) -> None:
    rope = config.get("rope_parameters") or {}
    window, longest = config.get("sliding_window"), config["max_position_embeddings"]
    mixture = LAYOUTS.get(config["model_type"])
    # What llama.cpp does with the weights of the chosen experts is fixed by the architecture.
    summed = {"qwen2_moe": False, "qwen3_moe": True}.get(config["model_type"])
    every = mixture is None or len(mixture.sparse(config)) == config["num_hidden_layers"]
    reasons = {
        "biases in attention": config.get("attention_bias"),
        "biases in the MLP": config.get("mlp_bias"),
        f"activation {config.get('hidden_act')}": config.get("hidden_act") != "silu",
        f"rotary embeddings of type {rope.get('rope_type')}": rope.get("rope_type", "default") not in ROTARY,
        f"a sliding window of {window} tokens": window and window < longest,
        "dense layers between its mixtures": not every,
        f"norm_topk_prob {config.get('norm_topk_prob')}": summed not in (None, config.get("norm_topk_prob")),
        "weights that are quantised already": config.get("quantization_config"),
    }
    if found := [reason for reason, holds in reasons.items() if holds]:
        name = (config.get("architectures") or [config["model_type"]])[0]
        raise UnsupportedArchitecture(
            f"{name} with {', '.join(found)} cannot be written as GGUF here.",
            hint="llama.cpp's own convert_hf_to_gguf.py covers more.",
        )


def _stretch(config: Any) -> tuple[float, ...]:
    """Of each rotary frequency; transformers' own arithmetic decides."""
    rope = config.rope_parameters
    if (kind := rope.get("rope_type", "default")) == "default":
        return ()
    import torch
    from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

    stretched, _ = ROPE_INIT_FUNCTIONS[kind](config, "cpu")
    size = 2 * len(stretched)
    plain = 1 / rope["rope_theta"] ** (torch.arange(0, size, 2, dtype=torch.float32) / size)
    return tuple((plain / stretched).tolist())
