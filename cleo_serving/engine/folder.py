"""Which folders an engine may load: safetensors weights of a known architecture, no pickle, no code, no links."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cleo_core.errors import UnavailableSource
from cleo_serving.errors import UnsafeWeights, UnsupportedModel

__all__ = ["ARCHITECTURES", "check_folder", "fetch_hub_model"]

ARCHITECTURES = frozenset(
    {
        "LlamaForCausalLM",
        "MistralForCausalLM",
        "MixtralForCausalLM",
        "Qwen2ForCausalLM",
        "Qwen2MoeForCausalLM",
        "Qwen3ForCausalLM",
        "Qwen3MoeForCausalLM",
    }
)
"""Architectures with paged attention whose replies were compared with `generate` (tests/integration/serving)."""

# Formats that run code when they are read, and code itself.
UNSAFE = frozenset(
    {".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".joblib", ".npy", ".npz", ".h5", ".keras", ".msgpack", ".py"}
    | {".so", ".pyc", ".onnx"}
)
MAX_CONFIG_BYTES = 2**20


def check_folder(folder: Path) -> dict[str, Any]:
    """Return the model's configuration.

    Raises:
        UnsafeWeights: there is a file that could run code, or a link.
        UnsupportedModel: it is not a model folder, or its architecture is not among those the engine runs.
    """
    if not folder.is_dir():
        raise UnsupportedModel(f"There is no model folder {folder}.", hint="Give a folder with config.json in it.")
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            raise UnsafeWeights(f"{name} is a link.", hint="Put the file itself into the model folder.")
        if path.is_file() and path.suffix.lower() in UNSAFE:
            raise UnsafeWeights(
                f"{name} is a file that can run code when it is loaded.",
                hint="Convert the weights to safetensors and take this file out of the folder.",
            )
    if not any(folder.glob("*.safetensors")):
        raise UnsupportedModel(
            f"{folder} holds no safetensors weights.", hint="Save the model with save_pretrained(), then try again."
        )
    config = _read_config(folder / "config.json")
    names = config.get("architectures")
    architecture = names[0] if isinstance(names, list) and names else None
    if architecture not in ARCHITECTURES:
        raise UnsupportedModel(
            f"The architecture {architecture} is not among those this engine runs.",
            hint="It runs " + ", ".join(sorted(ARCHITECTURES)) + ".",
        )
    if "auto_map" in config:
        raise UnsafeWeights("config.json asks for code of its own (auto_map).", hint="Take auto_map out.")
    return config


def _read_config(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > MAX_CONFIG_BYTES:
            raise ValueError("too large")
        config = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(config, dict):
            raise ValueError("not an object")
    except (OSError, ValueError, RecursionError) as error:
        raise UnsupportedModel(
            f"config.json of {path.parent} cannot be read ({type(error).__name__}).", hint="Check the model folder."
        ) from None
    return config


def fetch_hub_model(model: str, revision: str | None = None) -> Path:
    """Local folder of a model on the Hugging Face hub: only weights in safetensors, tokenizer and configuration.

    Raises:
        UnavailableSource: the hub cannot be reached, or has no such model.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    patterns = ["*.safetensors", "*.safetensors.index.json", "config.json", "generation_config.json"]
    patterns += ["tokenizer*", "special_tokens_map.json", "vocab.*", "merges.txt", "*.jinja", "added_tokens.json"]
    try:
        return Path(snapshot_download(model, revision=revision, allow_patterns=patterns, etag_timeout=5))
    except (LocalEntryNotFoundError, HfHubHTTPError, HFValidationError, OSError) as error:
        raise UnavailableSource(
            f"The model {model!r} is neither a folder here nor can it be fetched ({type(error).__name__}).",
            hint="Give a folder, `champion`, a version number, or a hub id that this machine can reach.",
        ) from None
