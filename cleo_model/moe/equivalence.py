"""Does the mixture of experts compute what the dense model computes?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel

LIMIT = 1e-3
# English, code, numbers and another script: tokens of many kinds, so that every expert is asked.
PROBES = (
    "We hold these truths to be self-evident, that all men are created equal.",
    "def read(path: str) -> bytes:\n    with open(path, 'rb') as handle:\n        return handle.read()\n",
    "In 1863 there were 34 states; the debt was $1,119,772,138.63. Ελληνικά, 日本語, and naïve café.",
    "User: How do I sort a list in Python?\nAssistant: Call sorted(values), which returns a new list.",
)


class SameFunction(BaseModel):
    """How far the logits of two models differ."""

    max_abs_diff: float
    argmax_equal: bool
    tokens: int
    passed: bool
    """The difference is below 1e-3 and every argmax is equal."""


def same_function(base: Path, moe: Path, length: int = 64) -> SameFunction:
    """Compare the logits of two model folders in fp32 on a few texts."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(base)
    rows = [tokenizer(text, return_tensors="pt").input_ids[:, :length] for text in PROBES]
    outputs = []
    for folder in (base, moe):
        # One model at a time: both in fp32 would need twice the memory.
        model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, use_safetensors=True)
        model.eval()
        with torch.inference_mode():
            outputs.append([model(row, use_cache=False).logits.clone() for row in rows])
        del model
    pairs = list(zip(*outputs, strict=True))
    difference = max(float((dense - sparse).abs().max()) for dense, sparse in pairs)
    equal = all(bool((dense.argmax(-1) == sparse.argmax(-1)).all()) for dense, sparse in pairs)
    return SameFunction(
        max_abs_diff=difference,
        argmax_equal=equal,
        tokens=sum(row.numel() for row in rows),
        passed=difference < LIMIT and equal,
    )
