"""What lies in a model folder (Hugging Face layout), and whether it may be read.

Weights are safetensors whose headers hold, never pickles; the configuration is a bounded JSON object; the index of a
sharded checkpoint names files in the folder only. Nothing here loads a model.

Callers add their own rules: a bundle is flat and its names come from a list (`cleo_core.provenance.contents`), an
engine runs some architectures only (`cleo_serving.engine.folder`).
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cleo_core.errors import UnsafeWeights, UnusableModel

INDEX = "model.safetensors.index.json"
TOKENIZER_FILES = (
    "tokenizer.json", "tokenizer_config.json", "tokenizer.model", "special_tokens_map.json", "added_tokens.json",
    "vocab.json", "vocab.txt", "merges.txt", "chat_template.jinja",
)  # fmt: skip
MODEL_FILES = ("config.json", "generation_config.json", "*.safetensors", INDEX, *TOKENIZER_FILES)
"""Patterns of all that makes a model in the Hugging Face layout: configuration, weights, tokenizer, chat template."""
GGUF = "model.gguf"
"""The same model as one file for llama.cpp, beside the safetensors that it was made of."""
WORK = ".work"
"""What `cleo train` keeps in a model folder of its own making (corpus, checkpoints): no part of the model."""
CONFIG_LIMIT = 1 << 20  # bytes
INDEX_LIMIT = 64 << 20
PICKLES = frozenset({".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle"})
# Formats that run code when they are read, and code itself.
UNSAFE = PICKLES | {".joblib", ".npy", ".npz", ".h5", ".keras", ".msgpack", ".onnx", ".py", ".pyc", ".so"}
POINTER = b"version https://git-lfs.github.com/spec/"
"""How the files begin that a clone without Git LFS holds in the place of large ones."""
AGAIN = "Fetch the model again: what is whole is kept (hf download OWNER/NAME)."
PART = re.compile(r".*-(\d{5})-of-(\d{5})\.safetensors")
PICKLE_STARTS = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05", b"PK")


def work_of(folder: Path) -> Callable[[Path], bool]:
    """Says of a path whether it lies among the trainer's work files in this model folder."""
    work = folder / WORK
    return lambda path: path == work or work in path.parents


def check_model_folder(folder: Path) -> dict[str, Any]:
    """The configuration of a folder that may be handed to a loader as a whole.

    Raises:
        UnsafeWeights: a file in it could run code, is a link, or the configuration asks for code (auto_map).
        UnusableModel: it is no model folder, or not whole.
    """
    work = work_of(folder)
    for path in sorted(folder.rglob("*")):
        if work(path):
            continue
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            raise UnsafeWeights(f"{name} is a link.", hint="Put the file itself into the model folder.")
        if path.suffix.lower() in UNSAFE and path.is_file():
            raise UnsafeWeights(
                f"{name} is a file that can run code when it is loaded.",
                hint="Convert the weights to safetensors and take this file out of the folder.",
            )
    weight_files(folder)
    config = read_config(folder)
    if "auto_map" in config:
        raise UnsafeWeights("config.json asks for code of its own (auto_map).", hint="Take auto_map out.")
    return config


def weight_files(folder: Path) -> list[Path]:
    """The weight files of a model folder, each with a header that holds.

    Raises:
        UnsafeWeights: the weights are pickles, or a pickle calls itself safetensors.
        UnusableModel: there is no configuration or no weight file, or one that the index names is missing.
    """
    read_config(folder)
    files = index_files(folder) if (folder / INDEX).exists() else sorted(folder.glob("*.safetensors"))
    if not files:
        pickles = sorted(path.name for path in folder.iterdir() if path.suffix in PICKLES)
        if pickles:
            raise UnsafeWeights(
                f"{folder} holds its weights as pickles ({', '.join(pickles[:3])}): reading them can run code.",
                hint="Convert them to safetensors where that may happen, and hand in those.",
            )
        raise UnusableModel(f"{folder} holds no *.safetensors file.", hint="Only safetensors weights are read.")
    parts = [found[0] for file in files if (found := PART.fullmatch(file.name)) and int(found[2]) > 1]
    if parts and not (folder / INDEX).exists():
        raise UnusableModel(
            f"{folder} holds parts of a checkpoint ({', '.join(parts[:3])}), but not {INDEX}, which comes last: it is "
            "not whole.",
            hint=AGAIN,
        )
    for file in files:
        check_header(file)
    return files


def read_config(folder: Path) -> dict[str, Any]:
    """config.json of a model folder.

    Raises:
        UnusableModel: it is missing, too large, or no JSON object.
    """
    if not (folder / "config.json").is_file():
        raise UnusableModel(
            f"{folder} holds no config.json.", hint="Give the folder of a model in the Hugging Face layout."
        )
    return read_object(folder / "config.json", CONFIG_LIMIT)


def read_object(path: Path, limit: int) -> dict[str, Any]:
    """A JSON object from a file of at most `limit` bytes.

    Raises:
        UnusableModel: it is larger, or something else.
    """
    try:
        if (size := path.stat().st_size) > limit:
            raise UnusableModel(f"{path.name} has {size} bytes; at most {limit} are read.")
        refuse_pointer(path)
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UnusableModel(f"{path.name} is not what its name says: {str(error)[:200]}") from None
    if not isinstance(value, dict):
        raise UnusableModel(f"{path.name} holds no JSON object.")
    return value


def check_header(file: Path) -> None:
    """Refuse a file that is not wholly what a safetensors header says.

    The library refuses every header that does not cover the file exactly: overlaps, gaps, bytes after the last
    tensor, shapes of another size, unknown types. Two things it lets through are refused here: a file without
    tensors, and a name that occurs twice, of which two parsers may take different ones.

    Raises:
        UnsafeWeights: it is a pickle or an archive.
        UnusableModel: it is something else.
    """
    from safetensors import SafetensorError, safe_open

    refuse_pointer(file)
    try:
        with safe_open(file, framework="numpy") as handle:
            if not list(handle.keys()):
                raise ValueError("it holds no tensors")
        with file.open("rb") as stream:
            (length,) = struct.unpack("<Q", stream.read(8))
            json.loads(stream.read(length), object_pairs_hook=_unique)
    except (SafetensorError, OSError, ValueError) as error:
        with file.open("rb") as raw:
            kind = UnsafeWeights if raw.read(2) in PICKLE_STARTS else UnusableModel
        raise kind(
            f"{file.name} is not a safetensors file: {str(error)[:200]}.", hint="Fetch or export the model again."
        ) from None


def refuse_pointer(file: Path) -> None:
    """Refuse what stands for a large file in a clone without Git LFS.

    Raises:
        UnusableModel: names the file.
    """
    with file.open("rb") as stream:
        if stream.read(len(POINTER)) == POINTER:
            raise UnusableModel(
                f"{file.name} is a Git LFS pointer, not the file itself.",
                hint=f"Fetch the files it stands for: git -C {file.parent} lfs pull",
            )


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name occurs twice")
    return found


def index_files(folder: Path) -> list[Path]:
    """The files that the index of a sharded checkpoint names.

    Raises:
        UnusableModel: it cannot be read, or names one that is not a weight file in this folder.
    """
    names = read_object(folder / INDEX, INDEX_LIMIT).get("weight_map")
    if not isinstance(names, dict) or not all(isinstance(name, str) for name in names.values()):
        raise UnusableModel(f"{INDEX} of {folder} has no weight_map from tensors to files.")
    for name in sorted(set(names.values())):
        # The index comes with the model: a name in it must not lead out of the folder.
        if Path(name).name != name or not name.endswith(".safetensors") or not (folder / name).is_file():
            raise UnusableModel(f"{INDEX} of {folder} names {name!r}, which is not there.", hint=AGAIN)
    return [folder / name for name in sorted(set(names.values()))]
