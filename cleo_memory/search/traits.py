"""What a text holds that a kind of question asks for: a time, a number, a name; and how much of it asks itself."""

from __future__ import annotations

import re

__all__ = ["NAME", "NUMBER", "TIME", "asked_traits", "asking", "traits"]

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


def traits(text: str) -> int:
    """Bits of what a text holds."""
    found = ((TIME, _TIME), (NUMBER, _NUMBER), (NAME, _NAME))
    return sum(bit for bit, pattern in found if pattern.search(text))


def asked_traits(question: str) -> int:
    """Bits of what an answer to this question would hold."""
    return sum(bit for bit, pattern in _ASKED if pattern.match(question))


def asking(text: str) -> float:
    """Share of the sentences that are questions, 0 to 1."""
    ends = _ENDS.findall(text)
    return sum("?" in end for end in ends) / len(ends) if ends else 0.0
