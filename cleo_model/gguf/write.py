"""Write a model folder as one GGUF file, a tensor at a time."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from cleo_core.errors import UnusableModel
from cleo_core.files import sync_folder
from cleo_core.model_folder import check_model_folder, weight_files
from cleo_core.progress import Reporter, silent
from cleo_model.gguf.layout import Layout, Piece
from cleo_model.gguf.quantize import BLOCK, Precision, encode
from cleo_model.gguf.vocabulary import Vocabulary

if TYPE_CHECKING:
    from gguf import GGUFWriter
    from torch import Tensor

NAME = "model.gguf"
"""What the file is called beside the safetensors that it was made of."""


class Stored(BaseModel):
    """Where a matrix lies in the file."""

    model_config = ConfigDict(frozen=True)

    offset: int
    """Bytes from the beginning of the file."""
    rows: int
    width: int


class Written(BaseModel):
    """A GGUF file that was written."""

    model_config = ConfigDict(frozen=True)

    file: Path
    precision: Precision
    bytes: int
    tensors: int
    parameters: int
    head: Stored
    """The output layer, which is the embedding where they are tied."""


def write_gguf(model: Path, out: Path, precision: Precision, report: Reporter = silent, *, name: str = "") -> Written:
    """Write the model of folder `model` into the file `out`, which it replaces in one step.

    A tensor is read, converted and written before the next one: the memory this takes is that of the largest tensor in
    its new form. The same model gives the same bytes.

    Args:
        name: what the file calls the model; default: the name of the folder.

    Raises:
        UnsafeWeights, UnusableModel: the folder holds no model that can be read.
        UnsupportedArchitecture: names what of it is not covered.
    """
    from gguf import GGML_QUANT_VERSION, GGUFWriter, LlamaFileType

    check_model_folder(model)
    layout = Layout.of(model)
    vocabulary = Vocabulary.of(model, layout.vocabulary)
    kinds = {
        Precision.Q8_0: LlamaFileType.MOSTLY_Q8_0,
        Precision.BF16: LlamaFileType.MOSTLY_BF16,
        Precision.F32: LlamaFileType.ALL_F32,
    }
    with _checkpoint(model) as tensors, _draft(out) as draft:
        writer = GGUFWriter(draft, "llama")
        writer.add_name(name or model.resolve().name)
        writer.add_file_type(kinds[precision])
        writer.add_quantization_version(GGML_QUANT_VERSION)
        layout.describe(writer)
        vocabulary.describe(writer)
        done = _write_tensors(writer, layout, tensors, precision, report)
    return Written(file=out, precision=precision, bytes=out.stat().st_size, **done)


def _write_tensors(
    writer: GGUFWriter, layout: Layout, tensors: Mapping[str, Any], precision: Precision, report: Reporter
) -> dict[str, Any]:
    import numpy as np
    from gguf import GGMLQuantizationType

    kinds = {each: GGMLQuantizationType[each.name] for each in Precision}
    pieces = tuple(layout.pieces())
    shapes = {piece.name: _shape(piece, tensors) for piece in pieces}
    sizes = {}
    for piece in pieces:
        *rows, width = shapes[piece.name]
        kind = _precision(piece, precision)
        if kind is Precision.Q8_0 and width % BLOCK:
            raise UnusableModel(
                f"{piece.sources[0]} has rows of {width} weights; q8_0 needs a multiple of {BLOCK}.",
                hint="Write bf16 instead.",
            )
        sizes[piece.name] = int(np.prod(rows, initial=1)) * kind.row_bytes(width)
        writer.add_tensor_info(piece.name, shapes[piece.name], np.dtype(np.float32), sizes[piece.name], kinds[kind])
    try:
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        total, done = sum(sizes.values()), 0
        places: dict[str, Stored] = {}
        for piece in pieces:
            parts = [_rows(tensors, source, piece.heads) for source in piece.sources]
            writer.write_tensor_data(encode(parts, _precision(piece, precision)))
            end, padded = writer.fout[0].tell(), writer.ggml_pad(sizes[piece.name], writer.data_alignment)
            *rows, width = shapes[piece.name]
            places[piece.name] = Stored(offset=end - padded, rows=int(np.prod(rows, initial=1)), width=width)
            done += sizes[piece.name]
            report(f"writing {precision} GGUF", done / 1e6, total / 1e6, unit="MB")
    finally:
        writer.close()
    parameters = sum(int(np.prod(shape)) for shape in shapes.values())
    head = places["token_embd.weight" if layout.tied else "output.weight"]
    return {"tensors": len(pieces), "parameters": parameters, "head": head}


def _precision(piece: Piece, precision: Precision) -> Precision:
    return Precision.F32 if piece.exact else precision


def _shape(piece: Piece, tensors: Mapping[str, Any]) -> tuple[int, ...]:
    """Of the tensor in the GGUF: those that are stacked get a dimension in front."""
    found = []
    for source in piece.sources:
        if source not in tensors:
            raise UnusableModel(f"The checkpoint has no tensor {source}.", hint="Fetch or export the model again.")
        found.append(tuple(tensors[source].get_slice(source).get_shape()))
    if len(set(found)) > 1:
        raise UnusableModel(f"{piece.sources[0]} and its fellows differ in shape: {sorted(set(found))}.")
    return (len(found), *found[0]) if len(found) > 1 else found[0]


def _rows(tensors: Mapping[str, Any], source: str, heads: int) -> Tensor:
    """A tensor as a matrix, its rows in llama.cpp's order."""
    tensor: Tensor = tensors[source].get_tensor(source)
    if tensor.ndim == 1:
        return tensor.reshape(1, -1)
    if not heads:
        return tensor
    # llama.cpp rotates neighbours where transformers rotates halves of a head.
    rows, width = tensor.shape
    return tensor.reshape(heads, 2, rows // heads // 2, width).swapaxes(1, 2).reshape(rows, width)


@contextmanager
def _checkpoint(model: Path) -> Iterator[dict[str, Any]]:
    """The open file of each tensor, by the tensor's name; what is read of it is mapped, not copied."""
    from contextlib import ExitStack

    from safetensors import safe_open

    with ExitStack() as stack:
        handles = [stack.enter_context(safe_open(file, framework="pt")) for file in weight_files(model)]
        yield {name: handle for handle in handles for name in handle.keys()}  # noqa: SIM118 - not a mapping


@contextmanager
def _draft(out: Path) -> Iterator[Path]:
    """A file beside `out` that takes its place when the block ends without an exception."""
    out.parent.mkdir(parents=True, exist_ok=True)
    draft = out.with_name(f".{out.name}.{secrets.token_hex(8)}.draft")
    try:
        yield draft
        os.replace(draft, out)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    sync_folder(out.parent)
