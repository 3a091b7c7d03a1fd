"""Routers that begin at clusters: each group of experts is asked for its own part of what a layer's router will see.

    sample text ─> dense model, layer by layer ─> the router's input ─> spherical k-means, balanced ─> router rows

A router has no bias, so what all inputs have in common is taken out first: a row orthogonal to their mean tells them
apart by direction alone. The assignment is balanced by Sinkhorn's iterations (Caron et al. 2020, arXiv:2006.09882), for
a cluster that nearly all tokens fall into would leave the other experts without work.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from cleo_model.moe.layerwise import Layerwise

ROWS, LENGTH = 16, 128
"""Of the sample, for each of its two kinds of text."""
ROUNDS, SINKHORN = 25, 8
SHARPNESS = 10.0
"""By what the cosines are multiplied before the assignment is made soft."""


def cluster_rows(base: Path, groups: int, layers: Iterable[int], std: float, seed: int) -> dict[int, Tensor]:
    """Router rows ``[groups, hidden]`` of each of the layers, in fp32.

    Their logits spread on the sample as much as those of random rows with a standard deviation of `std` do.
    """
    wanted, found = set(layers), {}
    generator = torch.Generator().manual_seed(seed)

    def look(at: int, layer: Any) -> None:
        def cluster(_norm: nn.Module, _given: Any, seen: Tensor) -> None:
            found[at] = rows_of(seen.flatten(0, 1), groups, std, generator)

        if at in wanted:
            layer.post_attention_layernorm.register_forward_hook(cluster)

    Layerwise(base, look).hidden(_sample(base))
    return found


def rows_of(inputs: Tensor, groups: int, std: float, generator: torch.Generator) -> Tensor:
    """Router rows ``[groups, hidden]`` for what a router sees, ``[tokens, hidden]``."""
    lengths = inputs.norm(dim=1, keepdim=True)
    directions = inputs / lengths
    common = nn.functional.normalize(directions.mean(0), dim=0)
    directions = nn.functional.normalize(directions - (directions @ common)[:, None] * common, dim=1)
    chosen = torch.randperm(len(directions), generator=generator)[:groups]
    centres = directions[chosen]
    for _ in range(ROUNDS):
        centres = nn.functional.normalize(_balanced(directions @ centres.T).T @ directions, dim=1)
    spread = (inputs @ centres.T).std()
    return centres * (std * float(lengths.pow(2).mean().sqrt() / spread))


def _balanced(cosines: Tensor) -> Tensor:
    """A soft assignment ``[tokens, groups]`` in which each token and each group has the same weight in all."""
    weights = torch.exp(SHARPNESS * (cosines - cosines.max()))
    for _ in range(SINKHORN):
        weights = weights / weights.sum(0, keepdim=True)
        weights = weights / weights.sum(1, keepdim=True)
    return weights


def _sample(base: Path) -> Tensor:
    """Token ids ``[rows, tokens]`` of documentation and of conversation, which are here without being fetched."""
    import random

    from transformers import AutoTokenizer

    from cleo_model.corpus.sources.dialogues import small_talk
    from cleo_model.tiny_model import docstrings

    tokenizer: Any = AutoTokenizer.from_pretrained(base, trust_remote_code=False)
    talks = small_talk(random.Random(0))  # noqa: S311 - the same talks every time, not a secret
    said = ("\n".join(turn["content"] for turn in item.messages or ()) for item in talks)
    rows = []
    for texts in (docstrings(), said):
        ids: list[int] = []
        for text in islice(texts, 4 * ROWS * LENGTH):
            ids += tokenizer(text, add_special_tokens=False).input_ids
            if len(ids) >= ROWS * LENGTH:
                break
        count = len(ids) // LENGTH
        rows += [ids[at * LENGTH : (at + 1) * LENGTH] for at in range(min(ROWS, count))]
    return torch.tensor(rows)
