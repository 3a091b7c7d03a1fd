"""Reading and writing checkpoints in the Hugging Face layout: safetensors only, never a pickle."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cleo_core.errors import UnusableModel
from cleo_core.model_folder import TOKENIZER_FILES, weight_files
from cleo_model.shards import Form, open_shards

if TYPE_CHECKING:
    from torch import Tensor


@contextmanager
def open_tensors(folder: Path) -> Iterator[Mapping[str, Any]]:
    """The open file of each tensor by its name: what is read of one (`get_tensor(name)`) is mapped, not copied."""
    from safetensors import safe_open

    opened: Any = safe_open  # it has no types
    with ExitStack() as stack:
        files = [stack.enter_context(opened(file, framework="pt")) for file in weight_files(folder)]
        yield {name: file for file in files for name in file.keys()}  # noqa: SIM118 - not a mapping


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The tensors of a model folder by name: their forms at once, their values as they are asked for."""

    files: Mapping[str, Path]
    forms: Mapping[str, Form]

    @classmethod
    def of(cls, folder: Path) -> Checkpoint:
        """The checkpoint of a folder, of which only the headers are read.

        Raises:
            UnsafeWeights, UnusableModel: it holds no whole weights in safetensors.
        """
        from safetensors import safe_open

        opened: Any = safe_open
        forms: dict[str, Form] = {}
        files: dict[str, Path] = {}
        for file in weight_files(folder):
            with opened(file, framework="pt") as handle:
                for name in handle.keys():  # noqa: SIM118 - not a mapping
                    part = handle.get_slice(name)
                    forms[name] = Form(name, part.get_dtype(), tuple(part.get_shape()))
                    files[name] = file
        return cls(files, forms)

    def read(self, names: Iterable[str]) -> dict[str, Tensor]:
        """Tensors by name, mapped: the pages that are read of the files are given back with the last of the tensors.

        Raises:
            UnusableModel: names a tensor that is missing.
        """
        from safetensors import safe_open

        opened: Any = safe_open
        wanted: dict[Path, list[str]] = {}
        for name in names:
            if name not in self.files:
                raise UnusableModel(f"The checkpoint has no tensor {name}.", hint="Fetch or export the model again.")
            wanted.setdefault(self.files[name], []).append(name)
        found: dict[str, Tensor] = {}
        for file, inside in wanted.items():
            with opened(file, framework="pt") as handle:
                found |= {name: handle.get_tensor(name) for name in inside}
        return found

    @property
    def parameters(self) -> int:
        return sum(form.numbers for form in self.forms.values())


def read_tensors(folder: Path) -> dict[str, Tensor]:
    """Every tensor of a checkpoint, mapped from the file where that is possible."""
    from safetensors.torch import load_file

    tensors: dict[str, Tensor] = {}
    for file in weight_files(folder):
        tensors |= load_file(file)
    return tensors


def write_tensors(tensors: Mapping[str, Tensor], out: Path) -> None:
    """Write a checkpoint, in files of at most 4 GiB with an index where one file is not enough."""
    with open_shards(out, [Form.of(name, tensor) for name, tensor in tensors.items()]) as write:
        for name, tensor in tensors.items():
            write(name, tensor)


def save_model(model: Any, out: Path, tensors: Mapping[str, Tensor] | None = None) -> None:
    """Write a transformers model (or other `tensors` under its parameter names) in the stock layout on disk."""
    from transformers.core_model_loading import revert_weight_conversion

    out.mkdir(parents=True, exist_ok=True)
    state = dict(model.state_dict() if tensors is None else tensors)
    if model.config.tie_word_embeddings:
        state.pop("lm_head.weight", None)
    write_tensors(revert_weight_conversion(model, state), out)
    model.config.architectures = [type(model).__name__]
    model.config.save_pretrained(out)
    if model.generation_config is not None:
        model.generation_config.save_pretrained(out)


def copy_tokenizer(source: Path, out: Path) -> None:
    """Copy the tokenizer and chat template of a model folder."""
    for name in TOKENIZER_FILES:
        if (source / name).is_file():
            shutil.copyfile(source / name, out / name)
