"""Profiles: what kind of writing a text is, which decides how it is judged and masked, whatever its domain is called.

    general     text of which nothing is said
    prose       running text as in books and speeches
    reference   documentation: code, tables, terse sentences; digits and capitals seldom mean a person
    dialogue    short turns of a conversation

The thresholds made for web pages drop two thirds of documentation and dialogue, so each profile has its own (Gopher:
Rae et al. 2021, arXiv:2112.11446). All are measured on the running text, outside code and tables
(`cleo_model.corpus.curate.prose`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

ProfileName = Literal["general", "prose", "reference", "dialogue"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Thresholds of one kind of text; None turns a rule off."""

    language: float
    """At least this probability of being in the language of its source; short text is hard to tell."""
    quality: dict[str, Any] | None = None
    """Arguments of datatrove's GopherQualityFilter."""
    repetition: dict[str, Any] | None = None
    """Arguments of datatrove's GopherRepetitionFilter."""
    min_words: int = 1
    min_prose: int = 1
    """Words of running text: with fewer, a document is code or a table and nothing else."""
    judged: int = 1
    """With fewer words of running text than this, a document that is longer by its code is not judged by shares."""
    technical: bool = False
    """A bare number is no telephone number and a single capitalised word no name, unless a word beside it says so."""


QUALITY = {
    "min_doc_words": 25, "max_avg_word_length": 15, "min_avg_word_length": 2.5, "max_symbol_word_ratio": 0.2,
    "max_non_alpha_words_ratio": 0.45, "min_stop_words": 1, "max_bullet_lines_ratio": None,
}  # fmt: skip
REPETITION = {
    "dup_line_frac": 0.5, "dup_line_char_frac": 0.4, "top_n_grams": ((2, 0.3), (3, 0.28), (4, 0.26)),
    "dup_n_grams": ((5, 0.35), (8, 0.3), (10, 0.28)),
}  # fmt: skip

PROFILES: dict[ProfileName, Profile] = {
    "general": Profile(language=0.30, quality=QUALITY, repetition=REPETITION, min_prose=5, judged=25),
    # 0.8 in the paper; here punctuation marks are counted as words.
    "prose": Profile(language=0.65, quality={"max_non_alpha_words_ratio": 0.7}, repetition={}),
    "reference": Profile(language=0.30, quality=QUALITY, repetition=REPETITION, min_prose=5, judged=25, technical=True),
    "dialogue": Profile(language=0.20, min_words=4),
}
