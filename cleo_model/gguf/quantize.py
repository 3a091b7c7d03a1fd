"""Rows of weights in the formats that a GGUF holds: f32, bf16 and q8_0 (blocks of 32, ggml-quants.c)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from itertools import accumulate
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

BLOCK = 32
"""Weights that share a scale in q8_0."""
BLOCK_BYTES = 34
"""Of such a block: a scale of two bytes and 32 integers."""
PIECE = 1 << 18
"""Weights that are converted at once: the temporaries of the arithmetic stay in the cache of a core."""
Bytes = NDArray[np.uint8]


Wanted = Literal["auto", "bf16", "none"]
"""What a chain is told: q8_0 where it is the same model, else bf16; bf16; or no GGUF at all."""


class Precision(StrEnum):
    """How the matrices of a GGUF are stored."""

    Q8_0 = "q8_0"
    BF16 = "bf16"
    F32 = "f32"

    def row_bytes(self, weights: int) -> int:
        """Bytes of a row of so many weights."""
        return (
            weights // BLOCK * BLOCK_BYTES if self is Precision.Q8_0 else weights * (2 if self is Precision.BF16 else 4)
        )


def encode(parts: Sequence[Tensor], precision: Precision) -> Bytes:
    """The rows of matrices of equal width, one matrix after the other, as uint8 ``[rows, bytes of a row]``.

    Beside the result only some rows are held in float32 at a time.
    """
    width = parts[0].shape[-1]
    starts = [0, *accumulate(part.shape[0] for part in parts)]
    out: Bytes = np.empty((starts[-1], precision.row_bytes(width)), dtype=np.uint8)
    step = max(1, PIECE // width)
    pieces = [
        (part[first : first + step], out[start + first : start + min(first + step, part.shape[0])])
        for part, start in zip(parts, starts, strict=False)
        for first in range(0, part.shape[0], step)
    ]
    _all(pieces, precision)
    return out


def _all(pieces: Iterable[tuple[Tensor, Bytes]], precision: Precision) -> None:
    """Convert the pieces, each into its place, on all cores: numpy lets other threads run while it computes."""
    from os import sched_getaffinity

    def convert(piece: tuple[Tensor, Bytes]) -> None:
        rows, place = piece
        place[:] = _encoded(rows, precision)

    with ThreadPoolExecutor(len(sched_getaffinity(0))) as threads:
        for _ in threads.map(convert, pieces):
            pass


def _encoded(rows: Tensor, precision: Precision) -> Bytes:
    import torch

    if precision is Precision.BF16:
        half: Bytes = rows.to(torch.bfloat16).contiguous().view(torch.uint8).numpy()
        return half
    floats: NDArray[np.float32] = rows.float().contiguous().numpy()
    return q8_0(floats) if precision is Precision.Q8_0 else floats.view(np.uint8)


def decode(rows: Bytes, precision: Precision) -> NDArray[np.float32]:
    """Rows as `encode` made them, in float32 again ``[rows, weights]``."""
    if precision is Precision.Q8_0:
        blocks = rows.reshape(-1, BLOCK_BYTES)
        scale = blocks[:, :2].copy().view(np.float16).astype(np.float32)
        return (blocks[:, 2:].view(np.int8) * scale).reshape(len(rows), -1)
    if precision is Precision.BF16:
        return (rows.copy().view(np.uint16).astype(np.uint32) << 16).view(np.float32)
    return rows.copy().view(np.float32)


def q8_0(rows: NDArray[np.float32]) -> Bytes:
    """Rows in q8_0, bit for bit as ggml writes them.

    Of its own because `gguf.quants.quantize` takes 3.5 times as long (17 s for the default model, all in temporaries).
    """
    blocks = rows.reshape(-1, BLOCK)
    scale = np.abs(blocks).max(axis=1, keepdims=True) / np.float32(127)
    with np.errstate(divide="ignore"):
        inverse = np.where(scale == 0, np.float32(0), 1 / scale)
    size = blocks * inverse
    sign = np.sign(size)
    np.abs(size, out=size)
    # Halves are rounded away from zero, as C does it.
    whole = np.floor(size)
    whole += np.floor(2 * (size - whole))
    whole *= sign
    out: Bytes = np.empty((len(blocks), BLOCK_BYTES), dtype=np.uint8)
    out[:, :2] = scale.astype(np.float16).view(np.uint8)
    out[:, 2:] = whole.astype(np.int8).view(np.uint8)
    return out.reshape(len(rows), -1)
