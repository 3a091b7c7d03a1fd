"""The classifier as an ONNX graph of ONNX Runtime's fused operators, written out here.

A page of code instead of an exporter: the graph is the same for every release of torch, and attention, skip
connections and activations are single operators from the start.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from transformers import BertForTokenClassification

FUSED = "com.microsoft"


class _Graph:
    """Nodes and tensors by the order in which they are added."""

    def __init__(self, state: dict[str, NDArray[np.float32]]) -> None:
        self.state = state
        self.nodes: list[onnx.NodeProto] = []
        self.tensors: list[onnx.TensorProto] = []

    def tensor(self, name: str, value: NDArray[Any]) -> str:
        self.tensors.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def weight(self, name: str) -> str:
        return self.tensor(name, self.state[name])

    def node(self, kind: str, inputs: list[str], name: str, domain: str = "", **attributes: Any) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, domain=domain, **attributes))
        return name

    def linear(self, given: str, name: str) -> str:
        """Product with the weight; the bias is added by the fused operator that follows."""
        return self.node(
            "MatMul", [given, self.tensor(f"{name}.weight", self.state[f"{name}.weight"].T)], f"{name}.product"
        )

    def skip_norm(self, given: str, skip: str, name: str, bias: str) -> str:
        inputs = [given, skip, self.weight(f"{name}.weight"), self.weight(f"{name}.bias"), self.weight(bias)]
        return self.node("SkipLayerNormalization", inputs, f"{name}.out", FUSED, epsilon=1e-12)


def graph(model: BertForTokenClassification) -> onnx.ModelProto:
    """`logits [batch, pieces, labels]` from `input_ids`, `token_type_ids` and `attention_mask` `[batch, pieces]`."""
    made = _Graph({name: tensor.detach().numpy() for name, tensor in model.state_dict().items()})
    embeddings = "bert.embeddings"
    word = made.node("Gather", [made.weight(f"{embeddings}.word_embeddings.weight"), "input_ids"], "words")
    case = made.node("Gather", [made.weight(f"{embeddings}.token_type_embeddings.weight"), "token_type_ids"], "cases")
    length = made.node("Shape", ["input_ids"], "length", start=1, end=2)
    zero, one = made.tensor("zero", np.array([0])), made.tensor("one", np.array([1]))
    places = made.node(
        "Slice", [made.weight(f"{embeddings}.position_embeddings.weight"), zero, length, zero, one], "places"
    )
    summed = made.node("Add", [made.node("Add", [word, case], "words and cases"), places], "embedded")
    norm = f"{embeddings}.LayerNorm"
    hidden = made.node(
        "LayerNormalization",
        [summed, made.weight(f"{norm}.weight"), made.weight(f"{norm}.bias")],
        f"{norm}.out",
        epsilon=1e-12,
    )
    for number in range(model.config.num_hidden_layers):
        hidden = _layer(made, hidden, f"bert.encoder.layer.{number}", model.config.num_attention_heads)
    product = made.linear(hidden, "classifier")
    made.node("Add", [product, made.weight("classifier.bias")], "logits")
    return _checked(made, len(made.state["classifier.bias"]))


def _layer(made: _Graph, hidden: str, name: str, heads: int) -> str:
    parts = [f"{name}.attention.self.{part}" for part in ("query", "key", "value")]
    weight = np.concatenate([made.state[f"{part}.weight"].T for part in parts], axis=1)
    bias = np.concatenate([made.state[f"{part}.bias"] for part in parts])
    inputs = [
        hidden, made.tensor(f"{name}.qkv.weight", weight), made.tensor(f"{name}.qkv.bias", bias), "attention_mask",
    ]  # fmt: skip
    attended = made.node("Attention", inputs, f"{name}.attended", FUSED, num_heads=heads)
    output = f"{name}.attention.output"
    hidden = made.skip_norm(
        made.linear(attended, f"{output}.dense"), hidden, f"{output}.LayerNorm", f"{output}.dense.bias"
    )
    wide = made.linear(hidden, f"{name}.intermediate.dense")
    active = made.node("BiasGelu", [wide, made.weight(f"{name}.intermediate.dense.bias")], f"{name}.active", FUSED)
    output = f"{name}.output"
    return made.skip_norm(made.linear(active, f"{output}.dense"), hidden, f"{output}.LayerNorm", f"{output}.dense.bias")


def _checked(made: _Graph, labels: int) -> onnx.ModelProto:
    shape = ["batch", "pieces"]
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, shape) for name in ("input_ids", "token_type_ids")]
    inputs.append(helper.make_tensor_value_info("attention_mask", TensorProto.INT32, shape))
    outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [*shape, labels])]
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid(FUSED, 1)]
    proto = helper.make_graph(made.nodes, "pii", inputs, outputs, made.tensors)
    return helper.make_model(proto, opset_imports=opsets, ir_version=9, producer_name="cleo_model.corpus.pii.fit")
