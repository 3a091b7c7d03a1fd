"""The configuration of a model that is only named: from its folder, from the hub's cache, or as it was published."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cleo_core.errors import UnavailableSource
from cleo_core.model_folder import CONFIG_LIMIT, read_config, read_object
from cleo_model.base_model import HUB_ID
from cleo_model.moe.layout import choose, mixture_config
from cleo_model.recipe import MoERecipe
from cleo_model.tiny_model import SHAPE as TINY

_SMOLLM2 = {
    "model_type": "llama", "vocab_size": 49152, "hidden_size": 576, "intermediate_size": 1536, "num_hidden_layers": 30,
    "num_attention_heads": 9, "num_key_value_heads": 3, "max_position_embeddings": 8192, "tie_word_embeddings": True,
}  # fmt: skip
_MISTRAL = {
    "model_type": "mistral", "vocab_size": 32000, "hidden_size": 4096, "intermediate_size": 14336,
    "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8, "max_position_embeddings": 32768,
    "sliding_window": 4096, "tie_word_embeddings": False,
}  # fmt: skip
PUBLISHED: dict[str, dict[str, Any]] = {
    "smollm2": _SMOLLM2,
    "tiny": {"model_type": "llama", **TINY},
    "HuggingFaceTB/SmolLM2-135M": _SMOLLM2,
    "HuggingFaceTB/SmolLM2-135M-Instruct": _SMOLLM2,
    "mistralai/Mistral-7B-v0.1": _MISTRAL,
    "mistralai/Mixtral-8x7B-v0.1": {
        **_MISTRAL, "model_type": "mixtral", "sliding_window": None, "num_local_experts": 8, "num_experts_per_tok": 2,
    },
}  # fmt: skip
"""Shapes as their makers published them, for models that are not here."""


def config_of(model: str) -> dict[str, Any]:
    """The configuration of the model of this name, folder or Hugging Face id; nothing is downloaded.

    Raises:
        UnusableModel: the folder holds no readable configuration.
        UnavailableSource: neither here nor known.
    """
    folder = Path(model).expanduser()
    if folder.is_dir():
        return read_config(folder)
    if HUB_ID.fullmatch(model):
        from huggingface_hub import try_to_load_from_cache

        name, _, revision = model.partition("@")
        cached = try_to_load_from_cache(name, "config.json", revision=revision or None)
        if isinstance(cached, str):
            return read_object(Path(cached), CONFIG_LIMIT)
    if model in PUBLISHED:
        return dict(PUBLISHED[model])
    raise UnavailableSource(
        f"The configuration of {model!r} is not on this machine, and its shape is not known here.",
        hint=f"Give a folder that holds its config.json; known by name are {', '.join(PUBLISHED)}.",
    )


def mixture_of(config: Mapping[str, Any], moe: MoERecipe | None) -> dict[str, Any]:
    """The configuration after upcycling; of None, the model's own.

    Raises:
        UnsupportedArchitecture: no mixture computes what this model does.
    """
    if moe is None:
        return dict(config)
    from transformers import AutoConfig

    layout = choose(config, moe)
    rest = {name: value for name, value in config.items() if name != "model_type"}
    dense = AutoConfig.for_model(config["model_type"], **rest)
    made: dict[str, Any] = mixture_config(dense, layout, moe).to_dict()
    return made
