"""Layers whose experts are all equal: computed as the one dense MLP that each of them is.

After upcycling, every expert of a layer is a copy of the dense MLP, and stays one in a layer that is not trained. The
renormalised top-k mixture of equal experts is that MLP, whatever the router says, at 1/k of its multiplications. The
router still runs, so its statistics are there as for any other layer.
"""

from __future__ import annotations

from types import MethodType
from typing import Any

from torch import Tensor
from torch.nn import functional

BLOCKS = {"MixtralSparseMoeBlock", "Qwen2MoeSparseMoeBlock", "Qwen3MoeSparseMoeBlock"}
"""What holds router and experts in a layer, as transformers calls it."""


def share_equal_experts(model: Any) -> int:
    """Let each layer of a mixture whose experts are bitwise equal, and frozen, compute one of them.

    Parameters keep their names and places: a checkpoint of the model is the same before and after.

    Returns:
        How many layers now do.
    """
    changed = 0
    for block in model.modules():
        if type(block).__name__ not in BLOCKS or not _same_and_frozen(block.experts):
            continue
        # Only where the weights of a token sum to 1; Mixtral has no choice.
        if getattr(block.gate, "norm_topk_prob", True):
            block.experts.forward = MethodType(_one_expert, block.experts)
            changed += 1
    return changed


def _same_and_frozen(experts: Any) -> bool:
    weights = (experts.gate_up_proj, experts.down_proj)
    return all(not weight.requires_grad and bool((weight[1:] == weight[:1]).all()) for weight in weights)


def _one_expert(experts: Any, hidden: Tensor, _index: Tensor, _weights: Tensor) -> Tensor:
    """The first expert's output ``[tokens, hidden]``; the weights of a token sum to 1."""
    gate, up = functional.linear(hidden, experts.gate_up_proj[0]).chunk(2, dim=-1)
    return functional.linear(experts.act_fn(gate) * up, experts.down_proj[0])
