"""A model small enough to train inside a test, and a corpus to train it on."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from cleo_core.progress import silent


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the resolved `tiny` model."""
    from cleo_model.base_model import resolve

    folder = tmp_path_factory.mktemp("tiny_base")
    resolve("tiny", folder, silent)
    return folder


@pytest.fixture(scope="session")
def small(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Makes the folder of a two-layer model of any architecture, with any change to its configuration."""

    def make(kind: str, **changes: Any) -> Path:
        import torch
        import transformers

        from cleo_model.weights import copy_tokenizer, save_model

        config = getattr(transformers, f"{kind}Config")(
            **{
                "vocab_size": 4096,
                "hidden_size": 64,
                "intermediate_size": 96,
                "num_hidden_layers": 2,
                "num_attention_heads": 4,
                "num_key_value_heads": 2,
                "eos_token_id": 2,
                "pad_token_id": 2,
                "tie_word_embeddings": True,
                "dtype": torch.float32,
                **changes,
            }
        )
        torch.manual_seed(0)
        model = getattr(transformers, f"{kind}ForCausalLM")(config)
        with torch.no_grad():
            # Fresh biases are 0 and fresh norms 1: whether they are used could not be seen.
            for name, weight in model.named_parameters():
                if name.endswith((".bias", "q_norm.weight", "k_norm.weight")):
                    weight.normal_()
        folder = tmp_path_factory.mktemp(kind.lower())
        save_model(model, folder)
        copy_tokenizer(tiny_base, folder)
        return folder

    return make


@pytest.fixture(scope="session")
def llama(small: Callable[..., Path]) -> Callable[..., Path]:
    """Makes the folder of a two-layer Llama, with any change to its configuration."""
    return partial(small, "Llama")


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A masked corpus of three domains, as the chain makes it, but small."""
    folder = tmp_path_factory.mktemp("corpus")
    said = "The committee met again in the spring and agreed on the {} article of the treaty, after long debate. "
    told = "Return the {} element of the sequence. Raises an error when the index is out of range. "
    for name, first, last in (("train", 0, 60), ("heldout", 60, 70)):
        with (folder / f"{name}.jsonl").open("w") as lines:
            for number in range(first, last):
                asked = [
                    {"role": "user", "content": f"What is {number} plus one?"},
                    {"role": "assistant", "content": f"It is {number + 1}."},
                ]
                records: list[dict[str, Any]] = [
                    {"id": f"p{number}", "text": said.format(number) * 6, "domain": "prose", "source": "speeches"},
                    {"id": f"d{number}", "text": told.format(number) * 6, "domain": "documentation", "source": "docs"},
                    {"id": f"c{number}", "text": "", "messages": asked, "domain": "conversation", "source": "chat"},
                ]
                lines.writelines(json.dumps(record) + "\n" for record in records)
    return folder
