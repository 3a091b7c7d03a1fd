"""The shape of a model, from its configuration alone, and how many parameters it has, by part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from cleo_model.errors import UnsupportedArchitecture
from cleo_model.mixtures import DENSE, LAYOUTS

KNOWN = (*sorted(DENSE), *LAYOUTS)


@dataclass(frozen=True)
class Shape:
    """What decides the size of a decoder of the Llama family, dense or a mixture of experts."""

    kind: str
    """`model_type` of its configuration."""
    vocabulary: int
    hidden: int
    heads: int
    kv_heads: int
    head_size: int
    tied: bool
    """Whether the output layer is the embedding."""
    longest: int
    """Positions."""
    window: int | None
    """Tokens that attention looks back, where it is not all of them."""
    sparse: tuple[bool, ...]
    """For each layer, whether it has experts."""
    dense_width: int
    """Of the MLP of a layer without experts."""
    experts: int = 0
    top_k: int = 0
    expert_width: int = 0
    shared_width: int = 0
    """Of the expert that every token goes to as well; 0 without one."""
    biases: int = 0
    """In one layer's attention and MLP."""
    head_norms: bool = False
    """Whether queries and keys are normalised."""

    @property
    def layers(self) -> int:
        return len(self.sparse)

    @property
    def attention(self) -> int:
        """Parameters of one layer's attention."""
        queries, keys = self.heads * self.head_size, self.kv_heads * self.head_size
        return self.hidden * (2 * queries + 2 * keys) + (2 * self.head_size if self.head_norms else 0)

    @property
    def expert(self) -> int:
        """Parameters of one expert."""
        return 3 * self.hidden * self.expert_width

    @property
    def router(self) -> int:
        """Parameters of one layer's router, and of the gate of its shared expert."""
        return self.hidden * self.experts + (self.hidden if self.shared_width else 0)

    def layer(self, number: int, experts: int | None = None) -> int:
        """Parameters of a layer, of which `experts` count; None counts all."""
        common = self.attention + self.biases + 2 * self.hidden
        if not self.sparse[number]:
            return common + 3 * self.hidden * self.dense_width
        counted = self.experts if experts is None else experts
        return common + self.router + counted * self.expert + 3 * self.hidden * self.shared_width

    @property
    def embedding(self) -> int:
        return self.vocabulary * self.hidden

    @cached_property
    def parameters(self) -> int:
        """All of them; equal to what the model of transformers has."""
        layers = sum(self.layer(number) for number in range(self.layers))
        return layers + self.embedding * (1 if self.tied else 2) + self.hidden

    @cached_property
    def active(self) -> int:
        """Those that one token meets: of the experts only its own."""
        idle = sum(self.sparse) * (self.experts - self.top_k) * self.expert
        return self.parameters - idle

    @property
    def largest_layer(self) -> int:
        """Parameters that have to be gathered at once when each rank keeps only its part (ZeRO-3)."""
        return max(self.embedding, max(self.layer(number) for number in range(self.layers)))

    def trained(self, last: int | None) -> int:
        """Parameters that are trained when only the last so many layers and the final norm are; None: all."""
        if last is None:
            return self.parameters
        first = max(0, self.layers - last)
        return sum(self.layer(number) for number in range(first, self.layers)) + self.hidden


def shape_of(config: Mapping[str, Any]) -> Shape:
    """The shape that a configuration (the object in config.json) describes.

    Raises:
        UnsupportedArchitecture: it is of no architecture that is trained here.
    """
    from transformers import AutoConfig

    kind = str(config.get("model_type", "unknown"))
    if kind not in KNOWN:
        raise UnsupportedArchitecture(
            f"Models of type {kind[:40]!r} are not trained here.", hint=f"Use one of these: {', '.join(KNOWN)}."
        )
    # transformers knows what a configuration that leaves a field out means.
    full: Any = AutoConfig.for_model(kind, **{name: value for name, value in config.items() if name != "model_type"})
    layers, hidden, heads = full.num_hidden_layers, full.hidden_size, full.num_attention_heads
    kv_heads = full.num_key_value_heads or heads
    size = getattr(full, "head_dim", None) or hidden // heads
    layout, plain = LAYOUTS.get(kind), full.to_dict()
    experts = layout.experts(plain) if layout else 0
    places = layout.sparse(plain) if layout and experts else []
    sparse = tuple(number in places for number in range(layers))
    return Shape(
        kind=kind,
        vocabulary=full.vocab_size,
        hidden=hidden,
        heads=heads,
        kv_heads=kv_heads,
        head_size=size,
        tied=bool(full.tie_word_embeddings),
        longest=full.max_position_embeddings,
        window=getattr(full, "sliding_window", None) if getattr(full, "use_sliding_window", True) else None,
        sparse=sparse,
        dense_width=full.intermediate_size,
        experts=experts,
        top_k=int(full.num_experts_per_tok) if experts else 0,
        expert_width=int(getattr(full, "moe_intermediate_size", None) or full.intermediate_size) if experts else 0,
        shared_width=int(getattr(full, "shared_expert_intermediate_size", None) or 0) if experts else 0,
        biases=_biases(full, kind, heads * size, kv_heads * size),
        head_norms=kind in ("qwen3", "qwen3_moe"),
    )


def _biases(config: Any, kind: str, queries: int, keys: int) -> int:
    found = 0
    if kind == "qwen2" or (kind == "qwen2_moe" and config.qkv_bias):
        found += queries + 2 * keys
    elif getattr(config, "attention_bias", False):
        found += queries + 2 * keys + config.hidden_size
    if kind == "llama" and config.mlp_bias:
        found += 2 * config.intermediate_size + config.hidden_size
    return found
