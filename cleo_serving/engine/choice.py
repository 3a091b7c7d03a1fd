"""Which engine runs a model: what the settings name, or the one that fits the machine and the folder."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from cleo_core.errors import CleoError, ConfigError
from cleo_core.model_folder import GGUF
from cleo_serving.engine.vllm.environment import find
from cleo_serving.errors import UnsupportedModel
from cleo_serving.settings import EngineSettings

Chosen = Literal["llamacpp", "transformers", "vllm"]
ROUTES: tuple[Chosen, ...] = ("transformers",)
"""Engines that can say which experts a mixture of experts took for each token."""


@dataclass(frozen=True, slots=True)
class Choice:
    """An engine, and why it is the one."""

    name: Chosen
    reason: str


def choose_engine(settings: EngineSettings, folder: Path) -> Chosen:
    """The engine for a model folder.

    Raises:
        ConfigError: the engine that the settings name cannot run here, or not what they ask for.
        UnsupportedModel: it can, but not this model.
    """
    return choose(settings, folder).name


def choose(settings: EngineSettings, folder: Path | None) -> Choice:
    """`choose_engine` with its reason; without a folder, for a model that comes with a GGUF as the chain's do."""
    if settings.name == "auto":
        return _fitting(settings, folder is None or (folder / GGUF).is_file())
    if settings.routing and settings.name not in ROUTES:
        raise ConfigError(
            f"CLEO_SERVING_ENGINE is {settings.name}, which cannot show the routing that …__ROUTING asks for.",
            hint="Set the engine to auto or transformers.",
        )
    if problem := obstacle(settings.name, settings, folder):
        raise problem
    return Choice(settings.name, "CLEO_SERVING_ENGINE names it")


def _fitting(settings: EngineSettings, gguf: bool) -> Choice:
    if settings.routing:
        return Choice("transformers", "CLEO_SERVING_ENGINE__ROUTING asks for it")
    if settings.device != "cpu" and has_gpu() and (found := find(settings)) and found.build == "cuda":
        return Choice("vllm", "there is a GPU, and vLLM is installed for it")
    if runs_on_gpu(settings):
        return Choice("transformers", "there is a GPU, and no vLLM for it")
    if not gguf:
        return Choice("transformers", f"the model comes without {GGUF}")
    if not installed():
        return Choice("transformers", "llama.cpp is not installed")
    return Choice("llamacpp", "the quickest on a processor, in the least memory")


def obstacle(name: Chosen, settings: EngineSettings, folder: Path | None = None) -> CleoError | None:
    """Why an engine cannot run here, or not this folder; None when it can."""
    match name:
        case "vllm":
            if (found := find(settings)) is None:
                return ConfigError(
                    "CLEO_SERVING_ENGINE is vllm, which is not installed.", hint="cleo engine install vllm"
                )
            wanted = {"auto": found.build}.get(settings.device, settings.device)
            if found.build != wanted:
                return ConfigError(
                    f"CLEO_SERVING_ENGINE is vllm, installed for {found.build}, but …__DEVICE is {settings.device}.",
                    hint=f"cleo engine install vllm --build {settings.device}",
                )
        case "llamacpp":
            if not installed():
                return ConfigError(
                    "CLEO_SERVING_ENGINE is llamacpp, but xllamacpp is not installed.", hint="pip install xllamacpp"
                )
            if settings.device == "cuda":
                return ConfigError(
                    "CLEO_SERVING_ENGINE is llamacpp, which computes on a CPU here, but …__DEVICE is cuda.",
                    hint="Set the engine to transformers, or the device to auto.",
                )
            if folder is not None and not (folder / GGUF).is_file():
                return UnsupportedModel(
                    f"CLEO_SERVING_ENGINE is llamacpp, but {folder.name} holds no {GGUF}.",
                    hint="Export one (cleo export), or set CLEO_SERVING_ENGINE=transformers.",
                )
        case "transformers":
            pass
    return None


def installed() -> bool:
    """Whether llama.cpp is there."""
    return find_spec("xllamacpp") is not None


def release(name: Chosen, settings: EngineSettings) -> str | None:
    """The version of an engine; None where it is not installed."""
    if name == "vllm":
        found = find(settings)
        return None if found is None else found.version
    try:
        return version("xllamacpp" if name == "llamacpp" else name)
    except PackageNotFoundError:
        return None


def has_gpu() -> bool:
    """Whether there is a driver of a GPU. Asked of its files, not of torch, which takes seconds to load."""
    return Path("/dev/nvidiactl").exists() or Path("/dev/kfd").exists()


def runs_on_gpu(settings: EngineSettings) -> bool:
    """Whether transformers would run on a GPU: it takes a torch that was built for one."""
    if settings.device != "auto":
        return settings.device == "cuda"
    try:
        return has_gpu() and not version("torch").endswith("+cpu")
    except PackageNotFoundError:
        return False
