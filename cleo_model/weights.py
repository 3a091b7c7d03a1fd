"""Reading and writing checkpoints in the Hugging Face layout: safetensors only, never a pickle."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cleo_core.model_folder import INDEX, TOKENIZER_FILES, weight_files

if TYPE_CHECKING:
    from torch import Tensor

SHARD = 4 * 2**30


@contextmanager
def open_tensors(folder: Path) -> Iterator[Mapping[str, Any]]:
    """The open file of each tensor by its name: what is read of one (`get_tensor(name)`) is mapped, not copied."""
    from safetensors import safe_open

    opened: Any = safe_open  # it has no types
    with ExitStack() as stack:
        files = [stack.enter_context(opened(file, framework="pt")) for file in weight_files(folder)]
        yield {name: file for file in files for name in file.keys()}  # noqa: SIM118 - not a mapping


def read_tensors(folder: Path) -> dict[str, Tensor]:
    """Every tensor of a checkpoint, mapped from the file where that is possible."""
    from safetensors.torch import load_file

    tensors: dict[str, Tensor] = {}
    for file in weight_files(folder):
        tensors |= load_file(file)
    return tensors


def write_tensors(tensors: Mapping[str, Tensor], out: Path) -> None:
    """Write a checkpoint, in files of at most 4 GiB with an index where one file is not enough."""
    from huggingface_hub import split_torch_state_dict_into_shards
    from safetensors.torch import save_file

    split = split_torch_state_dict_into_shards(dict(tensors), max_shard_size=SHARD)
    for name, keys in split.filename_to_tensors.items():
        save_file({key: tensors[key].contiguous() for key in keys}, out / name, metadata={"format": "pt"})
        (out / name).chmod(0o644)
    if split.is_sharded:
        index = {"metadata": split.metadata, "weight_map": split.tensor_to_filename}
        (out / INDEX).write_text(json.dumps(index, indent=1, sort_keys=True))


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
