"""How a text is read by the token classifier: whole words, their pieces, and the case that the vocabulary threw away.

The words are ours (runs of letters and digits; every other sign by itself), so a decision about a word is about all of
its characters, and a text can be cut between any two of them. A word in another script is read in Latin letters, since
the vocabulary knows hardly any other; what is found is told by the place in the text as it stands.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, cast

import regex  # type: ignore[import-untyped]  # it has no stubs
from anyascii import anyascii

# Signs of scripts that put no space between words stand by themselves, as in the model's own pre-tokenizer.
WORD = regex.compile(
    r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}]|(?:(?![\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}])[\p{L}\p{M}\p{N}])+|[^\s]"
)
LONGEST = 12
"""Pieces of one word that are read: of a hash or a key the first tell enough."""
REMEMBERED = 2**15
"""Words whose pieces and case are kept: those that most of a text is made of, so that memory stays as it is."""
LOWER, CAPITALISED, CAPITALS, MIXED = range(4)
"""Case of a word, given to the model as its `token_type_ids`."""


class Word(NamedTuple):
    """A word: where it is, and the numbers of its pieces."""

    start: int
    end: int
    case: int
    pieces: tuple[int, ...]


class Vocabulary:
    """Cuts words to pieces by the model's own tokenizer."""

    def __init__(self, file: Path) -> None:
        from tokenizers import Tokenizer

        self._tokenizer = cast(Any, Tokenizer.from_file(str(file)))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self.first: int = self._tokenizer.token_to_id("[CLS]")
        self.last: int = self._tokenizer.token_to_id("[SEP]")
        self.unknown: int = self._tokenizer.token_to_id("[UNK]")
        self.pieces = lru_cache(maxsize=REMEMBERED)(self._pieces)

    def _pieces(self, word: str) -> tuple[int, ...]:
        plain = word if word.isascii() else anyascii(word)
        ids = self._tokenizer.encode(plain, add_special_tokens=False).ids
        return tuple(ids[:LONGEST]) or (self.unknown,)

    def words(self, text: str) -> list[Word]:
        """The words of a text, in order; white space belongs to none."""
        return [
            Word(match.start(), match.end(), case(match[0]), self.pieces(match[0])) for match in WORD.finditer(text)
        ]


@lru_cache(maxsize=REMEMBERED)
def case(word: str) -> int:
    """LOWER also stands for numbers, signs and scripts that have no case."""
    if word.islower() or not any(char.isalpha() for char in word):
        return LOWER
    if word.isalpha():
        if word[0].isupper() and (len(word) == 1 or word[1:].islower()):
            return CAPITALISED
        if word.isupper():
            return CAPITALS
        return LOWER if word.upper() == word.lower() else MIXED
    return MIXED
