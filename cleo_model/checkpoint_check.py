"""Do the parts of a model folder fit together? Configuration, tokenizer, and weights by their headers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cleo_core.errors import UnusableModel
from cleo_core.model_folder import refuse_pointer
from cleo_model.mixtures import DENSE
from cleo_model.weights import Checkpoint

EMBEDDING = "model.embed_tokens.weight"
SAME = "Take config.json, tokenizer and weights from the same model, and fetch again what does not fit."


def check_files(folder: Path) -> None:
    """Refuse files that stand for others.

    Raises:
        UnusableModel: names the file.
    """
    for path in sorted(folder.iterdir()):
        if path.is_file():
            refuse_pointer(path)


def check_tokenizer(tokenizer: Any, config: Any) -> None:
    """The tokenizer of a folder fits its configuration.

    Raises:
        UnusableModel: it has tokens that the model has not, or none for the end.
    """
    if len(tokenizer) > config.vocab_size:
        raise UnusableModel(
            f"The tokenizer has {len(tokenizer)} tokens, the model only {config.vocab_size} (config.json: vocab_size).",
            hint="Use the tokenizer that came with the model; where one added tokens, make room for them first: "
            "model.resize_token_embeddings(len(tokenizer)), and save it again.",
        )
    if tokenizer.eos_token_id is None:
        raise UnusableModel(
            "The tokenizer has no end-of-sequence token.", hint="Name one in tokenizer_config.json: eos_token."
        )


def check_weights(folder: Path, config: Any) -> Checkpoint:
    """The weights of a folder are those of its configuration: no tensor is missing or of another shape.

    Returns:
        The checkpoint.

    Raises:
        UnsafeWeights, UnusableModel: they are not; names tensor and file.
    """
    checkpoint = Checkpoint.of(folder)
    rows = checkpoint.forms[EMBEDDING].shape[0] if EMBEDDING in checkpoint.forms else config.vocab_size
    if rows != config.vocab_size:
        raise UnusableModel(
            f"{checkpoint.files[EMBEDDING].name} has an embedding of {rows} tokens, but vocab_size of config.json is "
            f"{config.vocab_size}.",
            hint=SAME,
        )
    # Others may have other names on disk than in memory; what they lack is found when they are loaded.
    if config.model_type not in DENSE:
        return checkpoint
    for name, shape in _expected(config).items():
        form = checkpoint.forms.get(name)
        if form is None:
            raise UnusableModel(f"No weight file of the model holds {name}.", hint=SAME)
        if form.shape != shape:
            raise UnusableModel(
                f"{name} in {checkpoint.files[name].name} has the shape {list(form.shape)}; by config.json it is "
                f"{list(shape)}.",
                hint=SAME,
            )
    return checkpoint


def _expected(config: Any) -> dict[str, tuple[int, ...]]:
    """The tensors that transformers will ask for, by name, with their shapes."""
    import torch
    from transformers import AutoModelForCausalLM

    build: Any = AutoModelForCausalLM  # it has no types
    with torch.device("meta"):
        tensors = build.from_config(config).state_dict()
    if config.tie_word_embeddings:
        tensors.pop("lm_head.weight", None)
    return {name: tuple(tensor.shape) for name, tensor in tensors.items()}
