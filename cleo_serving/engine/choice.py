"""Which engine runs a model: what the settings name, or the one that fits the machine and the folder."""

from __future__ import annotations

from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from cleo_core.errors import ConfigError
from cleo_core.model_folder import GGUF
from cleo_serving.errors import UnsupportedModel
from cleo_serving.settings import EngineSettings

Chosen = Literal["llamacpp", "transformers"]


def choose_engine(settings: EngineSettings, folder: Path) -> Chosen:
    """The engine for a model folder.

    Raises:
        ConfigError: the engine that the settings name cannot run here.
        UnsupportedModel: it can, but not this model.
    """
    match settings.name:
        case "transformers":
            return "transformers"
        case "vllm":
            raise ConfigError(
                "CLEO_SERVING_ENGINE is vllm, which this version does not run yet.",
                hint="Set it to auto, llamacpp or transformers.",
            )
        case "llamacpp":
            if not installed():
                raise ConfigError(
                    "CLEO_SERVING_ENGINE is llamacpp, but xllamacpp is not installed.", hint="pip install xllamacpp"
                )
            if not (folder / GGUF).is_file():
                raise UnsupportedModel(
                    f"CLEO_SERVING_ENGINE is llamacpp, but {folder.name} holds no {GGUF}.",
                    hint="Export one (cleo export), or set CLEO_SERVING_ENGINE=transformers.",
                )
            if settings.device == "cuda":
                raise ConfigError(
                    "CLEO_SERVING_ENGINE is llamacpp, which computes on a CPU here, but …__DEVICE is cuda.",
                    hint="Set the engine to transformers, or the device to auto.",
                )
            return "llamacpp"
        case "auto":
            fit = (folder / GGUF).is_file() and installed() and not has_gpu(settings)
            return "llamacpp" if fit else "transformers"


def installed() -> bool:
    """Whether llama.cpp is there."""
    return find_spec("xllamacpp") is not None


def has_gpu(settings: EngineSettings) -> bool:
    """Whether the model is to run on a GPU. Asked of the driver's files, not of torch, which takes seconds to load."""
    if settings.device != "auto":
        return settings.device == "cuda"
    driver = Path("/dev/nvidiactl").exists() or Path("/dev/kfd").exists()
    return driver and not version("torch").endswith("+cpu")
