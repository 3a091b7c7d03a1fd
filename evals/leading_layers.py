"""Leading layers that two models have in common: what they compute of a batch is computed once for both.

A mixture whose first layers were not trained computes there what its dense base model does, for the renormalised
mixture of equal experts is the dense MLP. Comparing it with that model, half of the work would be done twice.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from itertools import takewhile
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from cleo_model.mixtures import PROJECTIONS
from cleo_model.moe.layout import KEPT
from cleo_model.weights import open_tensors

DECODERS = frozenset({"llama", "mistral", "mixtral"})
"""Architectures with one decoder layer in common, apart from the experts."""
UNUSED = frozenset({"initializer_range", "attention_dropout", "pad_token_id", "bos_token_id", "eos_token_id"})
"""Of the configuration: what no forward of an evaluation depends on."""
KEPT_BYTES = 2**29
"""Hidden states that are kept; batches beyond are computed twice."""
EXPERTS = ".block_sparse_moe.experts."


class LeadingLayers:
    """Hidden states after the layers in common, by batch: the first model leaves them, the second takes them up."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.keeping = True
        """Off once the first model is through: the second one only takes up."""
        self._states: dict[bytes, Tensor] = {}
        self._room = KEPT_BYTES

    @classmethod
    def of(cls, first: Path, second: Path) -> LeadingLayers:
        """The layers in common of two checkpoints, none where their shapes or architectures differ."""
        pairs = zip(_layer_digests(first), _layer_digests(second), strict=False)
        # The first digest is that of the embedding and the shape.
        return cls(max(0, sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs)) - 1))

    def decode(self, decoder: Any, inputs: dict[str, Tensor]) -> Tensor:
        """The decoder's last hidden states ``[rows, tokens, hidden]`` of a batch."""
        # A decoder without a layer of its own would leave no place to go on from.
        count = min(self.count, len(decoder.layers) - 1)
        if count == 0:
            return _run(decoder, inputs)
        key = _key(inputs)
        if (states := self._states.get(key)) is not None:
            rest = {name: value for name, value in inputs.items() if name != "input_ids"}
            whole = decoder.layers
            decoder.layers = nn.ModuleList(whole[count:])
            try:
                return _run(decoder, {**rest, "inputs_embeds": states})
            finally:
                decoder.layers = whole

        def keep(_: nn.Module, arguments: tuple[Tensor, ...]) -> None:
            if arguments[0].nbytes <= self._room:
                self._room -= arguments[0].nbytes
                self._states[key] = arguments[0]

        if not self.keeping:
            return _run(decoder, inputs)
        hook = decoder.layers[count].register_forward_pre_hook(keep)
        try:
            return _run(decoder, inputs)
        finally:
            hook.remove()


def _run(decoder: Any, inputs: dict[str, Tensor]) -> Tensor:
    hidden: Tensor = decoder(**inputs, use_cache=False)[0]
    return hidden


def _key(inputs: dict[str, Tensor]) -> bytes:
    found = hashlib.sha256()
    for name, value in sorted(inputs.items()):
        found.update(f"{name}{tuple(value.shape)}".encode())
        found.update(value.cpu().contiguous().numpy().tobytes())
    return found.digest()


def _layer_digests(folder: Path) -> Iterator[str]:
    """A digest of the embedding and the shape, then one for each layer, equal where two models compute the same."""
    from transformers import AutoConfig

    # As transformers reads it: files of older versions say the same under other names.
    config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False).to_dict()
    if config["model_type"] not in DECODERS:
        return
    layers: dict[int, dict[str, str]] = {}
    with open_tensors(folder) as tensors:
        embedding = _digest(tensors, "model.embed_tokens.weight")
        yield f"{embedding} {json.dumps({key: config.get(key) for key in KEPT if key not in UNUSED}, sort_keys=True)}"
        for name in sorted(tensors):
            if name.startswith("model.layers."):
                layers.setdefault(int(name.split(".")[2]), {})[name.split(".", 3)[3]] = name
        for layer in sorted(layers):
            digests = {short: _digest(tensors, name) for short, name in layers[layer].items()}
            yield json.dumps(_dense(digests), sort_keys=True)


def _dense(layer: dict[str, str]) -> dict[str, str]:
    """A layer whose experts are all equal as the dense layer that it computes; any other as it is."""
    experts: dict[str, set[str]] = {}
    for name, digest in layer.items():
        if f".{name}".startswith(EXPERTS):
            experts.setdefault(name.split(".")[3], set()).add(digest)
    if not experts or any(len(digests) > 1 for digests in experts.values()):
        return layer
    dense = {name: digest for name, digest in layer.items() if not name.startswith("block_sparse_moe.")}
    return dense | {f"mlp.{name}.weight": min(experts[short]) for name, short in PROJECTIONS.items()}


def _digest(tensors: Mapping[str, Any], name: str) -> str:
    tensor = tensors[name].get_tensor(name)
    found = hashlib.sha256(f"{tensor.dtype} {tuple(tensor.shape)}".encode())
    found.update(tensor.contiguous().view(torch.uint8).numpy())
    return found.hexdigest()
