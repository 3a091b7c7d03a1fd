"""From a checked model folder to a model in torch, and to the batch manager that runs it."""

from __future__ import annotations

import copy
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cleo_core.compute import compute_dtype, device_kind
from cleo_core.model_folder import check_model_folder
from cleo_core.routing import routers
from cleo_serving.engine.base import Capabilities
from cleo_serving.engine.text import TextCodec
from cleo_serving.engine.threads import thread_count
from cleo_serving.engine.tokenizer import FolderTokenizer
from cleo_serving.errors import UnsupportedModel
from cleo_serving.settings import EngineSettings

# Room that the scheduler of the cache wants beside the tokens themselves, in pages.
SPARE_PAGES = 2
FAMILIES = ("Llama", "Mistral", "Mixtral", "Qwen2", "Qwen2Moe", "Qwen3", "Qwen3Moe")
ARCHITECTURES = frozenset(f"{family}ForCausalLM" for family in FAMILIES)
"""Architectures with paged attention whose replies were compared with `generate` (tests/integration/serving)."""


@dataclass(frozen=True, slots=True)
class LoadedModel:
    model: Any
    codec: TextCodec
    capabilities: Capabilities


def load_folder(folder: Path, settings: EngineSettings) -> LoadedModel:
    """Read safetensors weights and tokenizer; nothing is fetched and no code of the folder runs.

    Raises:
        ModelError, UnsupportedModel: the folder is not safe or not whole, or cannot be loaded.
    """
    architecture = architecture_of(folder)
    import torch

    _quiet_transformers()
    torch.set_num_threads(thread_count(settings))
    device = device_kind() if settings.device == "auto" else settings.device
    codec = TextCodec(FolderTokenizer(folder))
    model = _read(folder, compute_dtype(device, settings.dtype)).to(device).eval()
    limit = getattr(model.config, "max_position_embeddings", None) or settings.context_tokens
    room = settings.cache_tokens - SPARE_PAGES * settings.page_size
    capabilities = Capabilities(
        name="transformers",
        architecture=architecture,
        context_tokens=min(settings.context_tokens, int(limit), room),
        device=device,
        dtype=str(model.dtype).removeprefix("torch."),
        streams=settings.max_streams,
        cannot=("json_schema",),
        routing=settings.routing and bool(routers(model)),
    )
    return LoadedModel(model, codec, capabilities)


def twin_of(model: Any) -> Any:
    """A model of the same weights, of which none is copied, for forwards beside those of the batch manager: it changes
    how the attention of its own model computes."""
    shared = {id(each): each for each in (*model.parameters(), *model.buffers())}
    return copy.deepcopy(model, shared)


def architecture_of(folder: Path) -> str:
    """The architecture of a folder that is safe and that this engine runs.

    Raises:
        ModelError, UnsupportedModel: it is not.
    """
    names = check_model_folder(folder).get("architectures")
    architecture = names[0] if isinstance(names, list) and names else None
    if architecture not in ARCHITECTURES:
        raise UnsupportedModel(
            f"The architecture {architecture} is not among those this engine runs.",
            hint="It runs " + ", ".join(sorted(ARCHITECTURES)) + ".",
        )
    return str(architecture)


def _quiet_transformers() -> None:
    from transformers.utils import logging as transformers_logging

    quiet: Any = transformers_logging
    quiet.set_verbosity_error()
    quiet.disable_progress_bar()
    # Its log lines quote token ids, that is what users wrote.
    logging.getLogger("ContinuousBatchingLogger").setLevel(logging.CRITICAL)


def _read(folder: Path, dtype: Any) -> Any:
    from safetensors import SafetensorError
    from transformers import AutoModelForCausalLM

    loader: Any = AutoModelForCausalLM
    try:
        model, info = loader.from_pretrained(
            str(folder),
            output_loading_info=True,
            dtype=dtype,
            attn_implementation="sdpa",
            use_safetensors=True,
            trust_remote_code=False,
            local_files_only=True,
        )
    except (OSError, ValueError, KeyError, RuntimeError, TypeError, SafetensorError) as error:
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise UnsupportedModel(
            f"The model folder {folder} cannot be loaded: {reason}", hint="Check that it was written whole."
        ) from None
    # transformers would go on with random numbers in their place.
    if missing := sorted(info["missing_keys"]) or sorted(str(key) for key in info["mismatched_keys"]):
        raise UnsupportedModel(
            f"The weights in {folder} are not whole: {missing[0]} and {len(missing) - 1} more are missing.",
            hint="Save the model again.",
        )
    return model


def start_batching(loaded: LoadedModel, settings: EngineSettings) -> Any:
    """A running continuous-batching manager of transformers for the model."""
    from transformers import ContinuousBatchingConfig, GenerationConfig

    from cleo_serving.engine.processors import Choice, Penalties

    ends = loaded.codec.end_tokens
    configuration: Any = GenerationConfig
    generation = configuration(
        do_sample=True,
        # Values other than 1.0 and 0, so that the processors exist and each request can set its own.
        temperature=0.7,
        top_k=50,
        top_p=0.95,
        max_new_tokens=16,
        eos_token_id=ends,
        pad_token_id=ends[0] if ends else 0,
    )
    batching = ContinuousBatchingConfig(
        page_size=settings.page_size,
        num_blocks=settings.cache_tokens // settings.page_size,
        max_batch_tokens=settings.max_batch_tokens,
        max_requests_per_batch=settings.max_streams,
        use_async_batching=False,
        use_cuda_graph=False,
        per_request_processors=True,
        auto_switch_to_flash=False,
    )
    manager = loaded.model.init_continuous_batching(generation_config=generation, continuous_batching_config=batching)
    processors = manager.logit_processor
    processors.logits_processor.insert(0, Penalties())
    processors.logits_processor.append(Choice())
    processors.tensors_required += 2
    processors._retrieve_processors_kwargs()
    manager.start()
    return manager
