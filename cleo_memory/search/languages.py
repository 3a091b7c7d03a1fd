"""Languages by their commonest words: told from a text without a model, each with its stemmer and stop words.

An index keeps each word by the stem of the language that its text seems to be in; a question looks for each of its
words by the stems of all languages that there are texts of. So the language of a question need not be told right.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from importlib.resources import files
from threading import local

import Stemmer

ENGLISH = "english"
_TEXT = (files(__package__) / "stop_words.json").read_text(encoding="utf-8")
STOP_WORDS: dict[str, frozenset[str]] = {name: frozenset(listed.split()) for name, listed in json.loads(_TEXT).items()}
FUNCTION_SIGNS = frozenset(
    "我你他她它们的了吗呢吧是在有和不也都就把被很几哪什么怎多少里个这那可以能会要想"
    "何私僕君誰"
    "은는이가을를에서의도만까지니야요나내저제뭐어디언얼마해하있없었했될"
)
"""What stands for the, is, what and where in Chinese, Japanese and Korean; hiragana is counted with them."""
SIGN, FUNCTION, JOINED = 0.3, 0.05, 0.3
LANGUAGES = tuple(STOP_WORDS)
_stemmers = local()  # a stemmer keeps a cache of its own and is not thread-safe


def language_of(words: Collection[str]) -> str:
    """The language of a text by its folded words: the one whose commonest words it has most of, English if none."""
    there = set(words)
    best, most = ENGLISH, len(there & STOP_WORDS[ENGLISH])
    for language, common in STOP_WORDS.items():
        if (heard := len(there & common)) > most:
            best, most = language, heard
    return best


def without_stop_words(words: Sequence[str]) -> list[str]:
    """The folded words of a text without those that say nothing in its language, in order."""
    common = STOP_WORDS[language_of(words)]
    return [word for word in words if word not in common]


def telling(piece: str) -> float:
    """What a sign, or a pair of signs, tells of what a question asks; a word tells 1."""
    function = [each in FUNCTION_SIGNS or "\u3040" <= each <= "\u309f" for each in piece]
    if all(function):
        return FUNCTION
    return JOINED if any(function) else SIGN if len(piece) == 1 else 1.0


def stems(words: Sequence[str], language: str) -> list[str]:
    """Each word's stem."""
    held: dict[str, Stemmer.Stemmer] | None = getattr(_stemmers, "by_language", None)
    if held is None:
        held = _stemmers.by_language = {}
    if language not in held:
        held[language] = Stemmer.Stemmer(language)
    found: list[str] = held[language].stemWords(list(words))
    return found
