"""Writing a checkpoint a tensor at a time: files of bounded size, and the index that transformers writes for them.

    forms of all tensors ─> which file, at which offset ─> header ─> each tensor to its place ─> index

What the library writes must be in memory as a whole; here only the tensor at hand is. The bytes are the same as those
of `safetensors.torch.save_file`.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from cleo_core.files import atomic_stream, require_room, write_atomic
from cleo_core.model_folder import INDEX

if TYPE_CHECKING:
    from torch import Tensor

SHARD = 4 * 2**30
"""Bytes of a file, at most; a tensor that is larger has one of its own."""
WIDTHS = {"F64": 8, "I64": 8, "U64": 8, "F32": 4, "I32": 4, "U32": 4, "F16": 2, "BF16": 2, "I16": 2, "U16": 2}
"""Bytes of a number by safetensors' name of its type; of any other: 1."""
NAMES = {
    "float64": "F64", "int64": "I64", "uint64": "U64", "float32": "F32", "int32": "I32", "uint32": "U32",
    "float16": "F16", "bfloat16": "BF16", "int16": "I16", "uint16": "U16", "int8": "I8", "uint8": "U8", "bool": "BOOL",
    "float8_e4m3fn": "F8_E4M3", "float8_e5m2": "F8_E5M2",
}  # fmt: skip
"""torch's names of the types."""


def torch_dtype(name: str) -> Any:
    """torch's type by safetensors' name of it."""
    import torch

    return getattr(torch, next(ours for ours, theirs in NAMES.items() if theirs == name))


class Form(NamedTuple):
    """A tensor without its values."""

    name: str
    dtype: str
    """As safetensors calls it: BF16, F32, …"""
    shape: tuple[int, ...]

    @classmethod
    def of(cls, name: str, tensor: Tensor) -> Form:
        return cls(name, NAMES[str(tensor.dtype).removeprefix("torch.")], tuple(tensor.shape))

    @property
    def numbers(self) -> int:
        return prod(self.shape)

    @property
    def bytes(self) -> int:
        return self.numbers * WIDTHS.get(self.dtype, 1)


@dataclass(slots=True)
class _Shard:
    """A file to be."""

    forms: list[Form] = field(default_factory=list)
    left: set[str] = field(default_factory=set)
    """Tensors that are still to be written."""
    places: dict[str, int] = field(default_factory=dict)
    """Where each begins, in bytes from the start of the file."""
    open: ExitStack = field(default_factory=ExitStack)
    stream: BinaryIO | None = None


@contextmanager
def open_shards(out: Path, forms: Sequence[Form], limit: int = SHARD) -> Iterator[Callable[[str, Tensor], None]]:
    """A function that writes a tensor by its name into the checkpoint of folder `out`; each of `forms` once.

    Files fill in the order of the forms, so at most two are open where tensors come in about that order. A file is in
    its place once all of it is written; the index comes last.

    Raises:
        EnvironmentFault: no room on the disk.
        ValueError: a tensor is of another form, or was not written when the block ended.
    """
    require_room(out, sum(form.bytes for form in forms))
    shards = _planned(forms, limit)
    names = ["model.safetensors"]
    if len(shards) > 1:
        names = [f"model-{number:05d}-of-{len(shards):05d}.safetensors" for number in range(1, len(shards) + 1)]
    place_of = {form.name: number for number, shard in enumerate(shards) for form in shard.forms}
    form_of = {form.name: form for form in forms}

    def write(name: str, tensor: Tensor) -> None:
        import torch

        number = place_of[name]
        shard = shards[number]
        if name not in shard.left or Form.of(name, tensor) != form_of[name]:
            raise ValueError(f"{name} was written already, or is not {form_of[name]}")
        if shard.stream is None:
            place = atomic_stream(out / names[number], 0o644, durable=False)
            shard.stream = stack.enter_context(shard.open).enter_context(place)
            _begin(shard)
        shard.stream.seek(shard.places[name])
        values: Any = tensor.detach().contiguous().reshape(-1).view(torch.uint8).numpy()
        shard.stream.write(values)
        shard.left.remove(name)
        if not shard.left:
            shard.open.close()

    with ExitStack() as stack:
        yield write
        if missing := [name for shard in shards for name in shard.left]:
            raise ValueError(f"not written: {', '.join(missing[:3])}")
    if len(shards) > 1:
        sizes = {
            "total_parameters": sum(form.numbers for form in forms),
            "total_size": sum(form.bytes for form in forms),
        }
        index = {"metadata": sizes, "weight_map": {name: names[number] for name, number in place_of.items()}}
        write_atomic(out / INDEX, json.dumps(index, indent=2, sort_keys=True) + "\n", mode=0o644)


def _planned(forms: Sequence[Form], limit: int) -> list[_Shard]:
    shards, size = [_Shard()], 0
    for form in forms:
        if shards[-1].forms and size + form.bytes > limit:
            shards.append(_Shard())
            size = 0
        size += form.bytes
        shards[-1].forms.append(form)
        shards[-1].left.add(form.name)
    return shards


def _begin(shard: _Shard) -> None:
    """Write the header: the widest types first, so that each tensor is aligned, as safetensors has it."""
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    end = 0
    for form in sorted(shard.forms, key=lambda form: (-WIDTHS.get(form.dtype, 1), form.name)):
        header[form.name] = {
            "dtype": form.dtype,
            "shape": list(form.shape),
            "data_offsets": [end, end + form.bytes],
        }
        shard.places[form.name] = end
        end += form.bytes
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    begin = 8 + len(text)
    shard.places = {name: begin + place for name, place in shard.places.items()}
    assert shard.stream is not None
    shard.stream.write(struct.pack("<Q", len(text)) + text)
