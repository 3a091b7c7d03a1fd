"""A model of five million parameters with the default model's architecture: for tests, and to see the chain move."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

VOCABULARY = 4096
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
CHAT_TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
SHAPE = {
    "vocab_size": VOCABULARY, "hidden_size": 256, "intermediate_size": 704, "num_hidden_layers": 6,
    "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 1024, "tie_word_embeddings": True,
}  # fmt: skip
# Modules that every Python has: their documentation strings are the text that the vocabulary is learnt from.
TEXT = (
    "argparse", "asyncio", "collections", "datetime", "email", "http", "json", "logging", "pathlib", "random", "socket",
)  # fmt: skip


def make_tiny(out: Path, seed: int = 0) -> str:
    """Write the model and its tokenizer into `out`; the same bytes every time. Returns where it comes from."""
    import torch
    import transformers
    from transformers import LlamaConfig, LlamaForCausalLM

    from cleo_model.weights import save_model

    # transformers leaves it untyped.
    wrapper: Any = transformers.PreTrainedTokenizerFast
    tokenizer = wrapper(
        tokenizer_object=_train_tokenizer(),
        bos_token="<|im_start|>",  # noqa: S106 - a token of the vocabulary
        eos_token="<|im_end|>",  # noqa: S106
        pad_token="<|im_end|>",  # noqa: S106
        unk_token="<|endoftext|>",  # noqa: S106
        model_max_length=1024,
    )
    tokenizer.chat_template = CHAT_TEMPLATE
    tokenizer.save_pretrained(out)
    sizes: Any = SHAPE  # numbers all, and the class names other types beside
    config = LlamaConfig(**sizes, bos_token_id=1, eos_token_id=2, pad_token_id=2, dtype=torch.bfloat16)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model: Any = LlamaForCausalLM(config)
        model.to(torch.bfloat16)
    save_model(model, out)
    return f"made here, seed {seed}"


def _train_tokenizer() -> object:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=SPECIAL,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(docstrings(), trainer)
    return tokenizer


def docstrings() -> Iterator[str]:
    """The documentation strings of some modules of Python's own."""
    import ast
    import importlib.util

    for name in TEXT:
        spec = importlib.util.find_spec(name)
        if spec is None or not spec.has_location or spec.origin is None:
            continue
        tree = ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and (text := ast.get_docstring(node)):
                yield text
