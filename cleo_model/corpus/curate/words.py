"""Words of a text, as the steps of curation compare them, and hashes of their n-grams.

datatrove splits a text anew for every step that looks at its words, which is most of what its curation costs. Here the
words of a document are made once, and its n-grams are hashed by numpy.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from hashlib import blake2b

import numpy as np
from datatrove.utils.text import TextNormConfig, simplify_text
from datatrove.utils.word_tokenizers import WordTokenizer
from numpy.typing import NDArray

# In these scripts no space tells words apart: each sign counts as one.
SIGNS = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
WORD = re.compile(rf"[{SIGNS}]|[^\W{SIGNS}]+")
TOKEN = re.compile(rf"[{SIGNS}]|[^\W{SIGNS}]+(?:['’][^\W{SIGNS}]+)*|[^\w\s]")
SENTENCE = re.compile(r"(?<=[.!?。！？])\s+")
NORMAL = TextNormConfig()
PLAIN = replace(NORMAL, norm_unicode_diacritics=False)
MULTIPLIER = 0x9E3779B97F4A7C15
"""Of the polynomial over a word's place in its n-gram: odd, so that no place is lost (2^64 over the golden ratio)."""


@lru_cache(maxsize=1)
def words_of(text: str) -> list[str]:
    """The words of a text in their simplest form: lower case, no accents, every number as 0."""
    return WORD.findall(simplify_text(text, PLAIN if text.isascii() else NORMAL))


def ngram_hashes(words: Sequence[str], size: int) -> NDArray[np.uint64]:
    """A hash of each n-gram of `size` words [len(words) - size + 1], the same on every machine."""
    count = len(words) - size + 1
    if count < 1:
        return np.empty(0, dtype=np.uint64)
    single = np.fromiter(map(_word_hash, words), dtype=np.uint64, count=len(words))
    total = np.zeros(count, dtype=np.uint64)
    for place in range(size):
        factor = np.uint64(pow(MULTIPLIER, place, 2**64))
        total += single[place : place + count] * factor
    total ^= total >> np.uint64(31)
    return total * np.uint64(MULTIPLIER)


@lru_cache(maxsize=2**16)
def _word_hash(word: str) -> int:
    return int.from_bytes(blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


class Splitter(WordTokenizer):  # type: ignore[misc]  # datatrove is untyped
    """Words and signs in order, as datatrove's filters count them, in any language and without a model.

    spaCy, which datatrove takes, gives nearly the same, and is slower by far: it forgets its words with every text.
    """

    def word_tokenize(self, text: str) -> list[str]:
        return TOKEN.findall(text)

    def sent_tokenize(self, text: str) -> list[str]:
        return SENTENCE.split(text)

    def span_tokenize(self, text: str) -> list[tuple[int, int]]:
        ends = [match.end() for match in SENTENCE.finditer(text)]
        return list(zip([0, *ends], [*ends, len(text)], strict=True))


SPLITTER = Splitter()
"""One for all: datatrove keeps the words of the last texts by their splitter."""
