"""The text analyser of the lexical index: folding, stop words, stemming."""

from __future__ import annotations

import re
import unicodedata
from threading import local

import Stemmer

__all__ = ["STOP_WORDS", "words"]

_WORD = re.compile(r"[^\W_]+")
STOP_WORDS = frozenset(
    _WORD.findall(
        """
        a about above after again against all am an and any are as at be because been before being below between both
        but by can cannot could d did do does doing don down during each few for from further had has have having he her
        here hers herself him himself his how i if in into is it its itself let ll m me more most mustn my myself no nor
        not of off on once only or other ought our ours ourselves out over own re s same she should so some such t than
        that the their theirs them themselves then there these they this those through to too under until up ve very was
        we were what when where which while who whom why with won would you your yours yourself yourselves
        """
    )
)
_LETTER_BY_LETTER = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_stemmers = local()  # a stemmer keeps a cache of its own and is not thread-safe


def words(text: str) -> list[str]:
    """Stems in order, stop words left out; scripts written without spaces become pairs of characters."""
    stemmer = getattr(_stemmers, "english", None)
    if stemmer is None:
        stemmer = _stemmers.english = Stemmer.Stemmer("english")
    found: list[str] = []
    plain: list[str] = []
    for word in _WORD.findall(_fold(text)):
        if word in STOP_WORDS:
            continue
        if not word.isascii() and _LETTER_BY_LETTER.search(word):
            found += [word[at : at + 2] for at in range(max(1, len(word) - 1))]
        elif len(word) <= 40:  # longer ones are hashes, links and keys: nobody asks for them by half
            plain.append(word)
    found += stemmer.stemWords(plain)
    return found


def _fold(text: str) -> str:
    """Case, width and accents do not tell words apart; an apostrophe ends a word."""
    if text.isascii():
        return text.lower()
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in parts if not unicodedata.combining(letter))
