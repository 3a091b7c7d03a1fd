"""Answer types (a time, a number, a name): which a text holds, which a question expects; and the share of questions."""

from __future__ import annotations

import re

__all__ = ["NAME", "NUMBER", "TIME", "answer_types", "expected_answer_types", "question_share"]

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
