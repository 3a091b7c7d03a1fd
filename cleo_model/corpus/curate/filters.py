"""What drops a document: the profile of its kind of text, and text that is used for evaluation."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from datatrove.data import Document
from datatrove.pipeline.decont import NGramsDecontConfig, NGramsDecontFilter
from datatrove.pipeline.filters import GopherQualityFilter, GopherRepetitionFilter
from datatrove.pipeline.filters.base_filter import BaseFilter
from datatrove.utils.hashing import HashConfig, create_hash_func
from datatrove.utils.text import ngrams, simplify_text
from datatrove.utils.word_tokenizers import load_word_tokenizer

from cleo_model.corpus.profiles import PROFILES

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


HASHES = HashConfig(hash_fc="sha1")
"""For grouping, not for security; datatrove's default calls xxhash in a way that its version 4 no longer takes."""

LONG = 10
"""Words of an n-gram: long enough that a common phrase is no hit."""
SHORT = 5
"""Shorter evaluation texts are looked for whole; below this many words they are too common to mean anything."""


def _config() -> NGramsDecontConfig:
    return NGramsDecontConfig(n_grams=LONG, hash_config=HASHES)


def write_index(texts: Iterable[str], folder: Path) -> int:
    """Write one index for each length (datatrove's indexer would download task sets); returns how many n-grams."""
    config = _config()
    tokenizer = load_word_tokenizer("eng")
    digest = create_hash_func(config.hash_config)
    found: dict[int, set[int]] = {LONG: set()}
    for text in texts:
        words = tokenizer.word_tokenize(simplify_text(text, config.norm_config))
        size = min(len(words), LONG)
        if size >= SHORT:
            found.setdefault(size, set()).update(digest(" ".join(gram)) for gram in ngrams(words, size))
    for size, hashes in found.items():
        np.array(sorted(hashes), dtype=config.hash_config.np_descr).tofile(folder / f"words-{size}.index.hashes")
    return sum(len(hashes) for hashes in found.values())


class DecontaminationFilter(NGramsDecontFilter):  # type: ignore[misc]  # datatrove is untyped
    """Drops documents that share word n-grams with the evaluation: as datatrove's, for several lengths over one
    tokenisation."""

    name = "decontamination"

    def __init__(self, index_folder: str, exclusion_writer: Any = None) -> None:
        super().__init__(index_folder, _config(), exclusion_writer)
        self._sizes: dict[int, set[int]] | None = None

    def _index(self) -> dict[int, set[int]]:
        if self._sizes is None:
            self.load_index_hashes()
            self._sizes = {}
            for value, task in self._index_hashes.items():
                self._sizes.setdefault(int(task.removeprefix("words-")), set()).add(value)
        return self._sizes

    def filter(self, doc: Document) -> bool | tuple[bool, str]:
        index = self._index()
        if not index:
            return True
        words = self.tokenizer.word_tokenize(simplify_text(doc.text, self.config.norm_config))
        for size, hashes in index.items():
            if any(self.hash_func(" ".join(gram)) in hashes for gram in ngrams(words, size)):
                return False, "in_evaluation"
        return True
