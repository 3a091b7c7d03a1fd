"""A long memory in windows: each is embedded by itself, so that what stands in the last line has a vector too."""

from __future__ import annotations

import re
from collections.abc import Iterator

WHOLE = 200
"""Tokens up to which a memory has one vector: what the embedder reads of it before it cuts."""
WINDOW = 96
MOST = 512
"""Windows of one memory; a longer one has longer windows."""
_TOKEN = re.compile(r"\w+|[^\w\s]")
_SENTENCE = re.compile(r"[^.!?。！？\n]*[.!?。！？\n]+\s*|[^.!?。！？\n]+")


def approximate_tokens(text: str) -> int:
    """An upper estimate for English and most other texts, without a tokenizer: three bytes a token, at least one for
    each word and sign."""
    return max(len(_TOKEN.findall(text)), -(-len(text.encode()) // 3))


def windows(text: str) -> list[str]:
    """Stretches of whole sentences that cover the text, in order; none for a text that one vector does justice."""
    size = approximate_tokens(text)
    if size <= WHOLE:
        return []
    most = max(WINDOW, -(-size // MOST))
    found, held, used = list[str](), "", 0
    for sentence in _sentences(text, most):
        price = approximate_tokens(sentence)
        if held.strip() and used + price > most:
            found.append(held.strip())
            held, used = "", 0
        held, used = held + sentence, used + price
    return [*found, held.strip()] if held.strip() else found


def _sentences(text: str, most: int) -> Iterator[str]:
    for found in _SENTENCE.finditer(text):
        sentence = found[0]
        # Three bytes a token, and a letter has at most four of them; without full stops it is cut anywhere.
        step = max(1, most * 3 // max(1, -(-len(sentence.encode()) // len(sentence))))
        yield from (sentence[at : at + step] for at in range(0, len(sentence), step))
