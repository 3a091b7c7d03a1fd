"""Build cleo_memory/search/scan.onnx, where the `onnx` package is installed; the product needs only the file."""

from pathlib import Path

from onnx import checker, parser

# One node: the integer product of a user's vectors with a query.
GRAPH = """<ir_version: 7, opset_import: ["": 10]>
scan (uint8[n, d] vectors, int8[d, one] query) => (int32[n, one] sums) { sums = MatMulInteger(vectors, query) }"""

if __name__ == "__main__":
    model = parser.parse_model(GRAPH)
    checker.check_model(model, full_check=True)
    (Path(__file__).parents[1] / "cleo_memory" / "search" / "scan.onnx").write_bytes(model.SerializeToString())
