"""The analyser of texts: words, folded and stemmed; answer types (time, number, name); the share of questions."""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import blake2b

from cleo_memory.search.languages import STOP_WORDS, language_of, stems
from cleo_memory.search.scripts import folded, runs, without_accents

LONGEST_WORD = 40
"""Longer ones are hashes, links and keys: nobody asks for them by half."""
FILLERS = frozenset(
    re.findall(r"\w+", "a an the is are am s m re so well oh ah hey hi please really just actually also")
)
"""What two ways of saying one thing may differ in."""
TIME, NUMBER, NAME, CHANGE = 1, 2, 4, 8
_TIME = re.compile(
    r"\b(yesterday|today|tomorrow|last|next|ago|week|weekend|month|year|monday|tuesday|wednesday|thursday|friday|saturday"
    r"|sunday|january|february|march|april|may \d|june|july|august|september|october|november|december|\d{4})\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(
    r"\b(\d+|two|three|four|five|six|seven|eight|nine|ten|couple|twice|once|several|few)\b", re.IGNORECASE
)
_NAME = re.compile(r"(?<=[a-z,] )[A-Z][a-z]+")
_CHANGE = re.compile(
    r"\b(moved|now|no longer|any ?more|these days|nowadays|from now on|switched|changed|renamed|sold|quit|stopped"
    r"|started|became|new|instead|again"
    r"|jetzt|nun|nicht mehr|umgezogen|gezogen|neue[rsnm]?|gewechselt|verkauft|wieder|seitdem"
    r"|maintenant|désormais|plus|déménagé|nouveau|nouvelle|changé|vendu"
    r"|ahora|ya no|mudé|mudado|nuevo|nueva|cambi\w+|vendí"
    r"|nu|verhuisd|niet meer|nieuwe?|verkocht|voortaan)\b"
    r"|搬|现在|不再|改|新|引っ越|今は|이사|이제|지금|ตอนนี้|ย้าย",
    re.IGNORECASE,
)
_ASKED = (
    (TIME, re.compile(r"\s*when\b|.*\bwhat (date|day|year|month)\b", re.IGNORECASE)),
    (NUMBER, re.compile(r".*\bhow (many|much|often|long)\b", re.IGNORECASE)),
    (NAME, re.compile(r"\s*(who|where|which)\b|.*\bname\b", re.IGNORECASE)),
)
_ENDS = re.compile(r"[.!?。！？؟]+")
_ASKS = re.compile(r"[?？؟]")


def words(text: str) -> list[str]:
    """Stems in order, stop words left out; runs of scripts without spaces as their signs and pairs of signs."""
    return Analysis(text).stems


class Analysis:
    """A text in words. `forms` are (stem, word, whether it is a piece of a run without spaces), in order."""

    def __init__(self, text: str) -> None:
        found = list(runs(folded(text)))
        spaced = [word for word, piece in found if not piece]
        self.language = language_of(spaced)
        common = STOP_WORDS[self.language]
        kept = [word for word in spaced if word not in common and len(word) <= LONGEST_WORD]
        stem_of = dict(zip(kept, stems(kept, self.language), strict=True))
        self.forms = [
            (word if piece else without_accents(stem_of[word]), word, piece)
            for word, piece in found
            if piece or word in stem_of
        ]

    @property
    def stems(self) -> list[str]:
        return [stem for stem, _, _ in self.forms]


def sameness(text: str, speaker: str | None) -> int:
    """A number that texts share when they say the same in the same words, whatever their case, width, accents, signs
    and fillers. What the user told and what the user said in a conversation are of one speaker."""
    said = [without_accents(word) for word, piece in runs(folded(text)) if piece or word not in FILLERS]
    said = said or folded(text).split()  # nothing but signs
    whose = "" if speaker in (None, "user") else f"{speaker}:"
    return int.from_bytes(blake2b(f"{whose}{' '.join(said)}".encode(), digest_size=8).digest(), "little", signed=True)


def variants(word: str, languages: Iterable[str]) -> list[str]:
    """The stems of a word in these languages: how it may stand in texts of them."""
    return list(dict.fromkeys(without_accents(stems([word], language)[0]) for language in languages))


def answer_types(text: str) -> int:
    """Bits of the answer types that a text holds, and of whether it says that something changed."""
    found = ((TIME, _TIME), (NUMBER, _NUMBER), (NAME, _NAME), (CHANGE, _CHANGE))
    return sum(bit for bit, pattern in found if pattern.search(text))


def expected_answer_types(question: str) -> int:
    """Bits of the answer types that a question expects."""
    return sum(bit for bit, pattern in _ASKED if pattern.match(question))


def question_share(text: str) -> float:
    """Share of the sentences that are questions, 0 to 1."""
    ends = _ENDS.findall(text)
    return sum(_ASKS.search(end) is not None for end in ends) / len(ends) if ends else 0.0
