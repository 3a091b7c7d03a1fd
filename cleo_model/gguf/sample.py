"""What a GGUF and the model it was made of are compared on: held-out rows, and prompts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

LENGTH = 128
"""Tokens of a row, at most."""
QUESTIONS = (
    "What is the capital of France?",
    "My dog is called Biscuit and I moved to Porto in May. Say hello to both of us.",
    "How do I sort a list of names in Python?",
    "Tell me in two sentences why the sky is blue.",
    "Count from 1 to 12.",
    "Übersetze: I would like a cup of tea, please.",
)
TEXTS = (
    "In 1863 there were 34 states; the debt was $1,119,772,138.63.\n\n  It's what they'd   said…",
    "def read(path: str) -> bytes:\n\twith open(path, 'rb') as handle:\n\t\treturn handle.read()\n",
    "Ελληνικά, 日本語, 한국어, naïve café, Москва, عربى 🙂👩‍🔬",
)
"""Text of many kinds, beside the prompts, on which the tokenizers must agree."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Token ids, as the model's own tokenizer has them."""

    rows: list[list[int]]
    targets: list[list[bool]]
    """Of each row: is this token predicted from those before it?"""
    prompts: list[list[int]]
    texts: list[str]
    tokens: list[list[int]]
    """Of each text."""


def draw(model: Path, curriculum: Path, tokens: int) -> Sample:
    """About `tokens` tokens of the held-out part, evenly over its domains, and the questions as prompts.

    Where nothing is held out, the texts stand for it.
    """
    from transformers import AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(model, trust_remote_code=False)
    texts = [_as_prompt(tokenizer, question) for question in QUESTIONS]
    prompts = [_ids(tokenizer, text) for text in texts]
    files = sorted(curriculum.glob("heldout.*.tokens.npy"))
    found = [part for file in files for part in _rows(file, max(1, tokens // len(files) // LENGTH))]
    if not found:
        found = [(ids, [True] * len(ids)) for ids in (_ids(tokenizer, text) for text in TEXTS)]
    every = [*texts, *TEXTS]
    return Sample(
        rows=[ids for ids, _ in found],
        targets=[marks for _, marks in found],
        prompts=prompts,
        texts=every,
        tokens=[_ids(tokenizer, text) for text in every],
    )


def _rows(file: Path, count: int) -> list[tuple[list[int], list[bool]]]:
    """Windows of rows that stand evenly in a held-out part, each around the first target of its row."""
    tokens = np.load(file, mmap_mode="r")
    targets = np.load(file.with_name(file.name.replace(".tokens.", ".targets.")), mmap_mode="r")
    found = []
    for row in sorted({round(at) for at in np.linspace(0, len(tokens) - 1, min(count, len(tokens)))}):
        first = int(targets[row, 1:].argmax()) + 1
        start = max(0, min(first - LENGTH // 4, tokens.shape[1] - LENGTH))
        marks = targets[row, start : start + LENGTH].tolist()
        last = LENGTH - marks[::-1].index(True) if True in marks else 0
        if last > 1:
            found.append((tokens[row, start : start + last].tolist(), marks[:last]))
    return found


def _as_prompt(tokenizer: Any, question: str) -> str:
    if not tokenizer.chat_template:
        return question
    return str(
        tokenizer.apply_chat_template(
            [{"role": "user", "content": question}], tokenize=False, add_generation_prompt=True
        )
    )


def _ids(tokenizer: Any, text: str) -> list[int]:
    return list(map(int, tokenizer(text, add_special_tokens=False).input_ids))
