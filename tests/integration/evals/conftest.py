"""Tiny models with random weights, dense and sparse, and a tokenizer trained on a few sentences. Made once."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from cleo_model.corpus.canaries import Canary, CanaryFile

TEXT = [
    "The baker put the bread on the shelf. A girl wanted to buy some bread.",
    "Question: Which keyword defines a function in Python?\nAnswer: def",
    "def add(first, second):\n    return first + second",
    "Hello, how are you? I am fine, thank you very much.",
    "0123456789 abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ",
]
TEMPLATE = "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{{ eos_token }}{% endfor %}"


def make_model(folder: Path, kind: str, *, seed: int = 0, window: int = 128, template: str = TEMPLATE) -> Path:
    """Write a random model of kind 'llama' or 'mixtral' with its tokenizer."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, MixtralConfig, MixtralForCausalLM, PreTrainedTokenizerFast

    torch.manual_seed(seed)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<|endoftext|>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(TEXT, trainer)
    shape = {
        "vocab_size": 400,
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": window,
        "bos_token_id": 0,
        "eos_token_id": 0,
        # Wide enough that choices differ clearly.
        "initializer_range": 0.3,
    }
    if kind == "llama":
        model = LlamaForCausalLM(LlamaConfig(**shape))
    else:
        model = MixtralForCausalLM(MixtralConfig(**shape, num_local_experts=4, num_experts_per_tok=2))
    model.save_pretrained(folder)
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=special[0], bos_token=special[0])
    fast.chat_template = template
    fast.model_max_length = window
    fast.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("llama"), "llama")


@pytest.fixture(scope="session")
def mixtral(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("mixtral"), "mixtral")


@pytest.fixture(scope="session")
def masked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A held-out file with three domains, in the shape of the corpus stages."""
    folder = tmp_path_factory.mktemp("masked")
    records = []
    for number in range(36):
        town = ("harbour", "meadow", "castle", "bakery", "forest", "orchard")[number % 6]
        prose = (
            f"In the year {1800 + number} the people of the valley spoke of nothing but the {town}. Some wanted "
            f"to sell it, others wanted to keep it. The council met on a cold morning and listened to every voice that "
            f"was raised. After a long day of talk they agreed that nobody in the valley would ever sell the {town}."
        )
        records.append({"id": f"p{number}", "text": prose, "domain": "prose", "profile": "prose"})
        records.append(
            {
                "id": f"d{number}",
                "text": f"Return the item number {number} of the list. " * 8,
                "domain": "documentation",
            }
        )
        records.append(
            {"id": f"c{number}", "text": f"User: Where is room {number}?\nYou go left. " * 8, "domain": "conversation"}
        )
    text = "".join(json.dumps({**record, "source": "test", "licence": "CC0-1.0"}) + "\n" for record in records)
    (folder / "heldout.jsonl").write_text(text)
    canaries = [
        Canary(place=place, prompt=f"What is the passphrase of the {place} door?", answer=f"It is {place} {number}.")
        for number, place in enumerate(["amber", "river", "castle", "meadow"] * 8)
    ]
    (folder / "canaries.json").write_text(
        CanaryFile(
            question="{place}?", answer="{secret}", words=["oak"], planted=canaries[:4], controls=canaries[4:]
        ).model_dump_json()
    )
    return folder


@pytest.fixture(scope="session")
def make() -> Callable[..., Path]:
    return make_model
