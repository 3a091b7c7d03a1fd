"""Quality profiles: which text of a domain is worth training on.

The thresholds made for web pages drop two thirds of documentation and dialogue, so each domain has its own (Gopher:
Rae et al. 2021, arXiv:2112.11446).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from datatrove.data import Document
from datatrove.pipeline.filters import GopherQualityFilter, GopherRepetitionFilter
from datatrove.pipeline.filters.base_filter import BaseFilter

__all__ = ["PROFILES", "Profile", "ProfileFilter"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Thresholds of one domain; None turns a rule off."""

    language: float
    """At least this probability of being English; short text is hard to tell."""
    quality: dict[str, Any] | None
    """Arguments of GopherQualityFilter."""
    repetition: dict[str, Any] | None
    """Arguments of GopherRepetitionFilter."""
    min_words: int = 1
    max_code_lines: float = 1.0
    """Share of lines that are code, tables or doctests."""


PROFILES = {
    # 0.8 in the paper; here punctuation marks are counted as words.
    "prose": Profile(language=0.65, quality={"max_non_alpha_words_ratio": 0.7}, repetition={}),
    "domain": Profile(
        language=0.30,
        quality={
            "min_doc_words": 25, "max_avg_word_length": 12, "min_avg_word_length": 2.5, "max_symbol_word_ratio": 0.2,
            "max_non_alpha_words_ratio": 0.55, "min_stop_words": 2,
        },
        repetition={
            "dup_line_frac": 0.5, "dup_line_char_frac": 0.4, "top_n_grams": ((2, 0.3), (3, 0.28), (4, 0.26)),
            "dup_n_grams": ((5, 0.35), (8, 0.3), (10, 0.28)),
        },
        max_code_lines=0.6,
    ),
    "conversation": Profile(language=0.20, quality=None, repetition=None, min_words=4),
}  # fmt: skip

CODE_STARTS = (">>>", "...", "|", "+-", "==", "--", "array(", "[", "{", "0 ", "1 ", "2 ", "3 ")


class ProfileFilter(BaseFilter):  # type: ignore[misc]  # datatrove is untyped
    """Applies the profile of a document's domain; the reason for dropping names the rule."""

    name = "domain profile"

    def __init__(self, exclusion_writer: Any = None) -> None:
        super().__init__(exclusion_writer)
        self.rules: dict[str, list[BaseFilter]] = {
            domain: [
                *([GopherQualityFilter(**profile.quality)] if profile.quality is not None else []),
                *([GopherRepetitionFilter(**profile.repetition)] if profile.repetition is not None else []),
            ]
            for domain, profile in PROFILES.items()
        }

    def filter(self, doc: Document) -> bool | tuple[bool, str]:
        domain = doc.metadata["domain"]
        profile = PROFILES[domain]
        if doc.metadata["language"] != "en" and doc.metadata["language_score"] > profile.language:
            return False, f"language_{doc.metadata['language']}"
        if doc.metadata["language"] == "en" and doc.metadata["language_score"] < profile.language:
            return False, "language_uncertain"
        if len(doc.text.split()) < profile.min_words:
            return False, "too_short"
        lines = [line.strip() for line in doc.text.splitlines() if line.strip()]
        if lines and sum(line.startswith(CODE_STARTS) for line in lines) / len(lines) > profile.max_code_lines:
            return False, "mostly_code"
        for rule in self.rules[domain]:
            result = rule.filter(doc)
            if isinstance(result, tuple):
                return result
            if not result:
                return False, type(rule).__name__
        return True
