"""Does the mixture of experts compute what the dense model computes?

Layer by layer, in fp32, on a few texts: each layer of the mixture is given what the dense model's layer was given; and
the mixture's own states go on to its own logits, which are compared with the dense model's.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

if TYPE_CHECKING:
    from torch import Tensor

LIMIT = 1e-3
# English, code, numbers and another script: tokens of many kinds, so that every expert is asked.
PROBES = (
    "We hold these truths to be self-evident, that all men are created equal.",
    "def read(path: str) -> bytes:\n    with open(path, 'rb') as handle:\n        return handle.read()\n",
    "In 1863 there were 34 states; the debt was $1,119,772,138.63. Ελληνικά, 日本語, and naïve café.",
    "User: How do I sort a list in Python?\nAssistant: Call sorted(values), which returns a new list.",
)


class SameFunction(BaseModel):
    """How far the logits of two models differ, and the outputs of their layers."""

    max_abs_diff: float
    """Of the logits."""
    argmax_equal: bool
    tokens: int
    max_layer_diff: float = 0.0
    """Of a layer's output where both are given the same, over the largest number in it."""
    worst_layer: int = 0
    """The layer of that difference."""
    passed: bool
    """Both differences are below 1e-3 and every argmax is equal."""


def same_function(base: Path, moe: Path, length: int = 64) -> SameFunction:
    """Compare two model folders on a few texts; memory of one layer, and of the states after each.

    Raises:
        UnsafeWeights, UnusableModel: a folder holds no whole weights in safetensors.
    """
    import torch
    from torch import nn

    from cleo_model.moe.layerwise import Layerwise

    ids, real = _probes(base, length)
    states: list[Tensor] = []
    differences: dict[int, float] = {}

    def keep(_at: int, layer: nn.Module) -> None:
        layer.register_forward_hook(lambda _layer, given, out: states.extend((*given, out) if not states else (out,)))

    def compare(at: int, layer: nn.Module) -> None:
        def once_more(again: Any, _given: Any, more: Any, _out: Tensor) -> None:
            found, wanted = again.forward(states[at], **more)[real], states[at + 1][real]
            differences[at] = float((found - wanted).abs().max() / wanted.abs().max().clamp(min=1e-30))

        layer.register_forward_hook(once_more, with_kwargs=True)

    dense = Layerwise(base, keep)
    wanted = dense.logits(dense.hidden(ids)[real])
    sparse = Layerwise(moe, compare)
    found = sparse.logits(sparse.hidden(ids)[real])
    # Not `max(...) < LIMIT` over floats: a difference that is not a number compares with nothing.
    logits, layers = float((wanted - found).abs().max()), torch.tensor([differences[at] for at in sorted(differences)])
    equal = bool((wanted.argmax(-1) == found.argmax(-1)).all())
    return SameFunction(
        max_abs_diff=logits,
        argmax_equal=equal,
        tokens=int(real.sum()),
        max_layer_diff=float(layers.max()),
        worst_layer=int(layers.argmax()),
        passed=logits < LIMIT and float(layers.max()) < LIMIT and equal,
    )


def _probes(base: Path, length: int) -> tuple[Tensor, Tensor]:
    """Token ids ``[rows, tokens]``, filled up at the end, and which of them are real."""
    import torch
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(base)
    rows = [tokenizer(text).input_ids[:length] for text in PROBES]
    longest = max(map(len, rows))
    # Causal: what stands after a token changes nothing of it.
    ids = torch.tensor([[*row, *[row[-1]] * (longest - len(row))] for row in rows])
    real = torch.arange(longest) < torch.tensor([[len(row)] for row in rows])
    return ids, real
