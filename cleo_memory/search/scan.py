"""Exact scan of a user's quantised vectors: cosines with the query at one byte a number, a quarter of float32's cost.

Each vector is kept as 7-bit integers and a scale. The product runs in ONNX Runtime's integer kernel, which numpy has no
like of; 7 bits and not 8, since kernels for processors without VNNI add two products in 16 bits before they widen.
The error of a cosine is about 0.001, less than what the int8 embedding model itself differs from its fp32 origin.
"""

from __future__ import annotations

import os
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

ZERO = 64  # stands for 0; values go from 1 to 127
STEPS = 63


def quantize(vectors: NDArray[Any]) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """``[n, dim]`` vectors as integers and the scale ``[n]`` of each."""
    exact = vectors.astype(np.float32)
    scales = np.abs(exact).max(axis=1, initial=0) / np.float32(STEPS)
    steps = np.rint(exact / np.where(scales > 0, scales, 1)[:, None]) + ZERO
    return steps.astype(np.uint8), scales.astype(np.float32)


def dequantize(numbers: NDArray[np.uint8], scales: NDArray[np.float32]) -> NDArray[np.float32]:
    """What `quantize` kept of the vectors."""
    exact: NDArray[np.float32] = (numbers.astype(np.float32) - ZERO) * scales[:, None]
    return exact


def cosines(numbers: NDArray[np.uint8], scales: NDArray[np.float32], query: NDArray[np.float32]) -> NDArray[np.float32]:
    """Product of each vector with the query, ``[n]``."""
    high = float(np.abs(query).max(initial=0))
    if not len(numbers) or high == 0:
        return np.zeros(len(numbers), np.float32)
    asked = np.rint(query * (127 / high)).astype(np.int8)
    (sums,) = _product().run(None, {"vectors": numbers, "query": asked[:, None]})
    offset = ZERO * int(asked.sum(dtype=np.int64))
    found: NDArray[np.float32] = (sums[:, 0] - offset).astype(np.float32) * scales * np.float32(high / 127)
    return found


@cache
def _product() -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = min(2, os.cpu_count() or 1)
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    graph = (files(__package__) / "scan.onnx").read_bytes()  # made by scripts/build_scan_graph.py
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
