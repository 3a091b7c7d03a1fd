"""The detector of one kind of record: its finders, its lists, and the union of what they find."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cache
from typing import Any

import regex  # type: ignore[import-untyped]  # it has no stubs

from cleo_model.corpus.pii.entities import DENIED, MASKED
from cleo_model.corpus.pii.figures import is_figure
from cleo_model.corpus.pii.find import Find, Finder, union
from cleo_model.corpus.pii.patterns import direct_patterns, strict_patterns
from cleo_model.corpus.pii.policy import MaskingPolicy, own_types
from cleo_model.corpus.pii.recognizers import YamlRecognizers
from cleo_model.corpus.pii.shapes import Shaped
from cleo_model.corpus.pii.token_classifier import TokenClassifier

ASSISTANT = "Cleo"
"""The assistant's own name, which it has to learn."""
NAMED = ("PERSON", "USERNAME")


def _any_of(values: Iterable[str]) -> Any:
    """Any of the values as whole words, in any case, with any white space where they have some; the longest first."""
    parts = sorted({r"\s+".join(map(regex.escape, value.split())) for value in values}, key=len, reverse=True)
    return regex.compile(rf"(?i)(?<!\w)(?:{'|'.join(parts)})(?!\w)")


class DenyList:
    """Finds values that a user listed, as whole words, in any case."""

    name = "deny list"

    def __init__(self, values: Iterable[str]) -> None:
        self._any = _any_of(values)

    def find(self, texts: Sequence[str]) -> list[list[Find]]:
        return [[Find(m.start(), m.end(), DENIED, 1.0, self.name) for m in self._any.finditer(text)] for text in texts]


class Detector:
    """Finds what a policy wants masked.

    Args:
        policy: of the source.
        keep_names: leave names of people.
        finders: in place of those that the policy calls for.
    """

    def __init__(
        self,
        policy: MaskingPolicy,
        *,
        keep_names: bool = False,
        finders: Sequence[Finder] | None = None,
    ) -> None:
        self.finders = list(_finders(policy)) if finders is None else list(finders)
        self._masked = (MASKED[policy.masking] | own_types(policy)) - ({"PERSON"} if keep_names else set())
        self._allowed = _any_of(policy.allow) if policy.allow else None

    def seen(self, texts: Sequence[str]) -> list[list[Find]]:
        """What each finder sees in each text, trimmed and not united: for the account of who finds what."""
        found: list[list[Find]] = [[] for _ in texts]
        for finder in self.finders:
            for finds, text, more in zip(found, texts, finder.find(texts), strict=True):
                finds += self._wanted(text, more)
        return found

    def find(self, texts: Sequence[str]) -> list[list[Find]]:
        """Finds of each text that do not overlap, in order."""
        return [self.united(finds) for finds in self.seen(texts)]

    def united(self, seen: Iterable[Find]) -> list[Find]:
        """The union of finds that `seen` gave."""
        return union(seen, self._masked)

    def _wanted(self, text: str, finds: Iterable[Find]) -> Iterator[Find]:
        left = [match.span() for match in self._allowed.finditer(text)] if self._allowed else []
        for find in finds:
            start, end = trim(text, find.start, find.end)
            allowed = any(low <= start and end <= high for low, high in left)
            value = text[start:end]
            known = find.entity in NAMED and (value == ASSISTANT or is_figure(value))
            if start < end and find.entity in self._masked and not allowed and not known:
                yield Find(start, end, find.entity, find.score, find.finder)


def _finders(policy: MaskingPolicy) -> Iterator[Finder]:
    yield direct_patterns()
    if policy.masking == "strict":
        yield strict_patterns()
    if policy.recognizers:
        yield YamlRecognizers(policy.recognizers, policy.language)
    if policy.deny:
        yield DenyList(policy.deny)
    yield _classifier()


@cache
def _classifier() -> Finder:
    """One for all detectors of a process: its weights are read once."""
    return Shaped(TokenClassifier())


def covered(finds: Iterable[Find]) -> Collection[int]:
    """The characters that finds cover."""
    return {place for find in finds for place in range(find.start, find.end)}


def trim(text: str, start: int, end: int) -> tuple[int, int]:
    """Without the white space, punctuation and possessive s that a finder took along."""
    while start < end and not (text[start].isalnum() or text[start] in "+(@-°#$/.~"):
        start += 1
    while start < end and text[end - 1] in " \t\n\r,;:.'\"`“”‘’»":
        end -= 1
    if text[start:end].endswith(("'s", "’s")):
        end -= 2
    return start, end
