"""Write a model folder as one GGUF file, a tensor at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from cleo_core.errors import UnusableModel
from cleo_core.files import atomic_path, require_room
from cleo_core.model_folder import check_model_folder
from cleo_core.progress import Reporter, silent
from cleo_model.gguf.layout import Layout, Piece
from cleo_model.gguf.quantize import BLOCK, Precision, encode
from cleo_model.gguf.vocabulary import Vocabulary
from cleo_model.weights import open_tensors

if TYPE_CHECKING:
    from gguf import GGUFWriter
    from torch import Tensor

Checkpoint = Mapping[str, Any]
"""The open file of each tensor, by the tensor's name."""


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


@dataclass(frozen=True, slots=True)
class _Planned:
    """A tensor of the file to be."""

    piece: Piece
    shape: tuple[int, ...]
    precision: Precision

    @property
    def bytes(self) -> int:
        return prod(self.shape[:-1]) * self.precision.row_bytes(self.shape[-1])


def write_gguf(model: Path, out: Path, precision: Precision, report: Reporter = silent, *, name: str = "") -> Written:
    """Write the model of folder `model` into the file `out`, which it replaces in one step.

    A tensor is read, converted and written before the next one: the memory this takes is that of the largest tensor in
    its new form. The same model under the same name gives the same bytes, with the same version of the gguf package.

    Args:
        name: what the file calls the model; default: the name of the folder.

    Raises:
        UnsafeWeights, UnusableModel: the folder holds no model that can be read.
        UnsupportedArchitecture: names what of it is not covered.
        EnvironmentFault: no room on the disk.
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
    with open_tensors(model) as tensors, atomic_path(out) as draft:
        plan = [_planned(piece, tensors, precision) for piece in layout.pieces()]
        require_room(out.parent, sum(each.bytes for each in plan))
        writer = GGUFWriter(draft, layout.name)
        try:
            writer.add_name(name or model.resolve().name)
            writer.add_file_type(kinds[precision])
            writer.add_quantization_version(GGML_QUANT_VERSION)
            layout.describe(writer)
            vocabulary.describe(writer)
            places = _write_tensors(writer, plan, tensors, report)
        finally:
            writer.close()
    return Written(
        file=out,
        precision=precision,
        bytes=out.stat().st_size,
        tensors=len(plan),
        parameters=sum(prod(each.shape) for each in plan),
        head=places[layout.head],
    )


def _write_tensors(
    writer: GGUFWriter, plan: Sequence[_Planned], tensors: Checkpoint, report: Reporter
) -> dict[str, Stored]:
    """Write header and tensors; returns where each tensor lies."""
    import numpy as np
    from gguf import GGMLQuantizationType

    for each in plan:
        kind = GGMLQuantizationType[each.precision.name]
        writer.add_tensor_info(each.piece.name, each.shape, np.dtype(np.float32), each.bytes, kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    assert writer.fout is not None
    (stream,) = writer.fout
    total, done = sum(each.bytes for each in plan), 0
    places: dict[str, Stored] = {}
    for each in plan:
        writer.write_tensor_data(encode(_parts(tensors, each.piece), each.precision))
        begin = stream.tell() - writer.ggml_pad(each.bytes, writer.data_alignment)
        places[each.piece.name] = Stored(offset=begin, rows=prod(each.shape[:-1]), width=each.shape[-1])
        done += each.bytes
        report("writing GGUF", done / 1e6, total / 1e6, unit="MB")
    return places


def _planned(piece: Piece, tensors: Checkpoint, precision: Precision) -> _Planned:
    """What becomes of a tensor: those that are stacked get a dimension in front.

    Raises:
        UnusableModel: the checkpoint lacks it, or it has a shape that does not fit.
    """
    if piece.constant:
        return _Planned(piece, (len(piece.constant),), Precision.F32)
    shapes = []
    for source in piece.sources:
        if source not in tensors:
            raise UnusableModel(f"The checkpoint has no tensor {source}.", hint="Fetch or export the model again.")
        shapes.append(tuple(tensors[source].get_slice(source).get_shape()))
    if len(set(shapes)) > 1:
        raise UnusableModel(f"{piece.sources[0]} and its fellows differ in shape: {sorted(set(shapes))}.")
    shape = (len(shapes), *shapes[0]) if len(shapes) > 1 else shapes[0][1:] if piece.flat else shapes[0]
    kind = Precision.F32 if piece.exact else precision
    if kind is Precision.Q8_0 and shape[-1] % BLOCK:
        raise UnusableModel(
            f"{piece.sources[0]} has rows of {shape[-1]} weights; q8_0 needs a multiple of {BLOCK}.",
            hint="Write bf16 instead.",
        )
    return _Planned(piece, shape, kind)


def _parts(tensors: Checkpoint, piece: Piece) -> list[Tensor]:
    """What a tensor of the file is stacked of."""
    if piece.constant:
        import torch

        return [torch.tensor([piece.constant], dtype=torch.float32)]
    return [_rows(tensors, piece, source) for source in piece.sources]


def _rows(tensors: Checkpoint, piece: Piece, source: str) -> Tensor:
    """A tensor of the checkpoint as a matrix, its rows in llama.cpp's order."""
    tensor: Tensor = tensors[source].get_tensor(source)
    if tensor.ndim == 1:
        return tensor.reshape(1, -1)
    if not piece.heads:
        return tensor
    # llama.cpp rotates neighbours where transformers rotates halves of a head.
    rows, width = tensor.shape
    halves = tensor.reshape(piece.heads, 2, rows // piece.heads // 2, width)
    return halves.swapaxes(1, 2).reshape(rows, width)
