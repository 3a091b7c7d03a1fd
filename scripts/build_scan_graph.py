"""Build cleo_memory/search/scan.onnx: one node, the integer product of a user's vectors with a query.

Run it where the `onnx` package is installed; the product needs only the file.
"""

from __future__ import annotations

from pathlib import Path

from onnx import TensorProto, checker, helper

OUT = Path(__file__).parents[1] / "cleo_memory" / "search" / "scan.onnx"


def main() -> None:
    node = helper.make_node("MatMulInteger", ["vectors", "query"], ["sums"])
    graph = helper.make_graph(
        [node],
        "scan",
        inputs=[
            helper.make_tensor_value_info("vectors", TensorProto.UINT8, ["n", "d"]),
            helper.make_tensor_value_info("query", TensorProto.INT8, ["d", "one"]),
        ],
        outputs=[helper.make_tensor_value_info("sums", TensorProto.INT32, ["n", "one"])],
    )
    model = helper.make_model(graph, ir_version=7, opset_imports=[helper.make_opsetid("", 10)])
    checker.check_model(model, full_check=True)
    OUT.write_bytes(model.SerializeToString())


if __name__ == "__main__":
    main()
