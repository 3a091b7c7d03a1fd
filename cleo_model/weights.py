"""Reading and writing checkpoints in the Hugging Face layout: safetensors only, never a pickle."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cleo_model.errors import UnsafeWeights, UnusableModel

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["TOKENIZER_FILES", "check_weights", "copy_tokenizer", "read_tensors", "save_model", "write_tensors"]

TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "chat_template.jinja",
)
PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle")
SHARD = 4 * 2**30
INDEX = "model.safetensors.index.json"


def check_weights(folder: Path) -> list[Path]:
    """The weight files of a model folder.

    Raises:
        UnsafeWeights: the weights are pickles, or a file only calls itself safetensors.
        UnusableModel: there is no configuration or no weight file, or one that the index names is missing.
    """
    if not (folder / "config.json").is_file():
        raise UnusableModel(
            f"{folder} holds no config.json.", hint="Give the folder of a model in the Hugging Face layout."
        )
    files = _files(folder)
    if not files:
        pickles = sorted(path.name for path in folder.iterdir() if path.suffix in PICKLES)
        if pickles:
            raise UnsafeWeights(
                f"{folder} holds its weights as pickles ({', '.join(pickles[:3])}): reading them can run code.",
                hint="Convert them to safetensors where that may happen, and hand in those.",
            )
        raise UnusableModel(f"{folder} holds no *.safetensors file.", hint="Only safetensors weights are read.")
    for file in files:
        _check_header(file)
    return files


def _files(folder: Path) -> list[Path]:
    index = folder / INDEX
    if not index.is_file():
        return sorted(folder.glob("*.safetensors"))
    try:
        names = sorted(set(json.loads(index.read_text())["weight_map"].values()))
    except (KeyError, ValueError, AttributeError) as error:
        raise UnusableModel(f"{index.name} of {folder} cannot be read: {error}.") from None
    for name in names:
        # The index comes with the model: a name in it must not lead out of the folder.
        if Path(name).name != name or not (folder / name).is_file():
            raise UnusableModel(f"{index.name} of {folder} names {name!r}, which is not there.")
    return [folder / name for name in names]


def _check_header(file: Path) -> None:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, framework="numpy") as handle:
            handle.keys()
    except SafetensorError as error:
        with file.open("rb") as raw:
            pickled = raw.read(2) in (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05", b"PK")
        kind = UnsafeWeights if pickled else UnusableModel
        raise kind(
            f"{file.name} is not a safetensors file: {error}.", hint="Fetch or export the model again."
        ) from None


def read_tensors(folder: Path) -> dict[str, Tensor]:
    """Every tensor of a checkpoint, mapped from the file where that is possible."""
    from safetensors.torch import load_file

    tensors: dict[str, Tensor] = {}
    for file in check_weights(folder):
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
