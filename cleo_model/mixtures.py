"""The stock architectures of mixtures of experts: how each names its tensors, and which layers have experts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

DENSE = frozenset({"llama", "mistral", "qwen2", "qwen3"})
"""Architectures of dense models that become a mixture."""
PROJECTIONS = {"gate_proj": "w1", "down_proj": "w2", "up_proj": "w3"}
"""The projections of a dense MLP, and of a Mixtral's expert."""


@dataclass(frozen=True, slots=True)
class Layout:
    """A stock architecture of mixtures."""

    model_type: str
    class_name: str
    block: str
    """What it calls the part of a layer that holds router and experts, on disk."""
    projections: Mapping[str, str]
    """Of an expert, by the names of those of the dense MLP."""
    some_layers: bool = True
    """Layers between may stay dense."""
    shared: bool = False
    """Beside the routed experts there is one that every token visits, behind a gate."""

    def expert(self, block: str, number: int, projection: str) -> str:
        """The name of an expert's tensor in a layer's block."""
        return f"{block}.experts.{number}.{self.projections[projection]}.weight"

    def experts(self, config: Mapping[str, Any]) -> int:
        """Experts of a sparse layer, by a configuration."""
        return int(config.get("num_local_experts") or config.get("num_experts") or 0)

    def sparse(self, config: Mapping[str, Any]) -> list[int]:
        """Layers that have experts, by a configuration; the others are dense."""
        step, dense = config.get("decoder_sparse_step") or 1, config.get("mlp_only_layers") or ()
        return [at for at in range(config["num_hidden_layers"]) if (at + 1) % step == 0 and at not in dense]


LAYOUTS = {
    layout.model_type: layout
    for layout in (
        Layout("mixtral", "Mixtral", "block_sparse_moe", PROJECTIONS, some_layers=False),
        Layout("qwen3_moe", "Qwen3Moe", "mlp", {name: name for name in PROJECTIONS}),
        Layout("qwen2_moe", "Qwen2Moe", "mlp", {name: name for name in PROJECTIONS}, shared=True),
    )
}
"""By their model_type, in the order in which `auto` takes the first that fits."""
