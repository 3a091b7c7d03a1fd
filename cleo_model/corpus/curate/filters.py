"""The filter that holds each document against the profile of its kind of text."""

from __future__ import annotations

from typing import Any

from datatrove.data import Document
from datatrove.pipeline.filters import GopherQualityFilter, GopherRepetitionFilter
from datatrove.pipeline.filters.base_filter import BaseFilter

from cleo_model.corpus.profiles import PROFILES

__all__ = ["ProfileFilter"]

CODE_STARTS = (">>>", "...", "|", "+-", "==", "--", "array(", "[", "{", "0 ", "1 ", "2 ", "3 ")


class ProfileFilter(BaseFilter):  # type: ignore[misc]  # datatrove is untyped
    """Applies a document's profile; the reason for dropping names the rule."""

    name = "profile"

    def __init__(self, exclusion_writer: Any = None) -> None:
        super().__init__(exclusion_writer)
        self.rules: dict[str, list[BaseFilter]] = {
            kind: [
                *([GopherQualityFilter(**profile.quality)] if profile.quality is not None else []),
                *([GopherRepetitionFilter(**profile.repetition)] if profile.repetition is not None else []),
            ]
            for kind, profile in PROFILES.items()
        }

    def filter(self, doc: Document) -> bool | tuple[bool, str]:
        kind = doc.metadata["profile"]
        profile = PROFILES[kind]
        if doc.metadata["language"] != "en" and doc.metadata["language_score"] > profile.language:
            return False, f"language_{doc.metadata['language']}"
        if doc.metadata["language"] == "en" and doc.metadata["language_score"] < profile.language:
            return False, "language_uncertain"
        if len(doc.text.split()) < profile.min_words:
            return False, "too_short"
        lines = [line.strip() for line in doc.text.splitlines() if line.strip()]
        if lines and sum(line.startswith(CODE_STARTS) for line in lines) / len(lines) > profile.max_code_lines:
            return False, "mostly_code"
        for rule in self.rules[kind]:
            result = rule.filter(doc)
            if isinstance(result, tuple):
                return result
            if not result:
                return False, type(rule).__name__
        return True
