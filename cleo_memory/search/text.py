"""The analyser of texts: words, folded and stemmed; answer types (time, number, name); the share of questions."""

from __future__ import annotations

import re
import unicodedata
from threading import local

import Stemmer

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
TIME, NUMBER, NAME = 1, 2, 4
_TIME = re.compile(
    r"\b(yesterday|today|tomorrow|last|next|ago|week|weekend|month|year|monday|tuesday|wednesday|thursday|friday|saturday"
    r"|sunday|january|february|march|april|may \d|june|july|august|september|october|november|december|\d{4})\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(
    r"\b(\d+|two|three|four|five|six|seven|eight|nine|ten|couple|twice|once|several|few)\b", re.IGNORECASE
)
_NAME = re.compile(r"(?<=[a-z,] )[A-Z][a-z]+")
_ASKED = (
    (TIME, re.compile(r"\s*when\b|.*\bwhat (date|day|year|month)\b", re.IGNORECASE)),
    (NUMBER, re.compile(r".*\bhow (many|much|often|long)\b", re.IGNORECASE)),
    (NAME, re.compile(r"\s*(who|where|which)\b|.*\bname\b", re.IGNORECASE)),
)
_ENDS = re.compile(r"[.!?]+")
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


def answer_types(text: str) -> int:
    """Bits of the answer types that a text holds."""
    found = ((TIME, _TIME), (NUMBER, _NUMBER), (NAME, _NAME))
    return sum(bit for bit, pattern in found if pattern.search(text))


def expected_answer_types(question: str) -> int:
    """Bits of the answer types that a question expects."""
    return sum(bit for bit, pattern in _ASKED if pattern.match(question))


def question_share(text: str) -> float:
    """Share of the sentences that are questions, 0 to 1."""
    ends = _ENDS.findall(text)
    return sum("?" in end for end in ends) / len(ends) if ends else 0.0
