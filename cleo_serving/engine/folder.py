"""Which folders the engine may load: safe ones (`cleo_core.model_folder`) of an architecture it runs."""

from __future__ import annotations

from pathlib import Path

from cleo_core.errors import UnavailableSource
from cleo_core.model_folder import check_model_folder
from cleo_serving.errors import UnsupportedModel

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


def check_folder(folder: Path) -> str:
    """Return the architecture of a model folder that this engine may load.

    Raises:
        UnsafeWeights: there is a file that could run code, or a link.
        UnusableModel: it is not a model folder, or not whole.
        UnsupportedModel: its architecture is not among those the engine runs.
    """
    names = check_model_folder(folder).get("architectures")
    architecture = names[0] if isinstance(names, list) and names else None
    if architecture not in ARCHITECTURES:
        raise UnsupportedModel(
            f"The architecture {architecture} is not among those this engine runs.",
            hint="It runs " + ", ".join(sorted(ARCHITECTURES)) + ".",
        )
    return str(architecture)


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
