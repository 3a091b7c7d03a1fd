"""A pattern of one type of personal data: an expression, a cheap gate before it, a check of the value after it.

Context may only add: a pattern that needs a word beside the value is a pattern of its own, next to the one that needs
none, and no pattern looks at a word to leave a value out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import regex  # type: ignore[import-untyped]  # it has no stubs; re knows no \p{Lu}

from cleo_model.corpus.pii.find import Find

BEFORE, AFTER = 60, 30
"""Characters in which a word of context is looked for, before and after a value."""
LONG_NUMBER = regex.compile(r"\d(?:[ ().+/-]{0,3}\d){5}")
DIGIT = regex.compile(r"\d")


@dataclass(frozen=True, slots=True)
class Facts:
    """What gates ask of a text, computed once for all patterns."""

    lowered: str
    digits: int
    """0: none; 1: some; 6: six that stand together but for spaces and signs."""

    @classmethod
    def of(cls, text: str) -> Facts:
        digits = 6 if LONG_NUMBER.search(text) else 1 if DIGIT.search(text) else 0
        return cls(text.lower(), digits)


@dataclass(frozen=True, slots=True)
class Pattern:
    """One layout of a value.

    Args:
        entity: its type.
        expression: the group `v` is the value, where there is one; else the whole match.
        gate: the text must hold one of these, in lower case.
        digits: the text must hold digits: see `Facts`.
        check: whether a value is one, by its check digits or its parts.
        near: a word that must stand within BEFORE characters before the value or AFTER behind it.
    """

    entity: str
    expression: regex.Pattern[str]
    gate: tuple[str, ...] = ()
    digits: int = 0
    check: Callable[[str], bool] | None = None
    near: regex.Pattern[str] | None = None

    def find(self, text: str, facts: Facts) -> Iterator[tuple[int, int]]:
        """Where values of it stand, as start and end."""
        if facts.digits < self.digits or (self.gate and not any(word in facts.lowered for word in self.gate)):
            return
        group = "v" if "v" in self.expression.groupindex else 0
        at = 0
        while match := self.expression.search(text, at):
            start, end = match.span(group)
            if (self.check is None or self.check(match[group])) and self._is_near(text, start, end):
                yield start, end
                at = max(end, match.start() + 1)
            else:
                # What failed may hold a value that begins later: "5 415 555 2671".
                at = match.start() + 1

    def _is_near(self, text: str, start: int, end: int) -> bool:
        if self.near is None:
            return True
        if self.near.search(text, max(0, start - BEFORE), start):
            return True
        return self.near.search(text, end, end + AFTER) is not None


class PatternFinder:
    """Finds by patterns."""

    def __init__(self, name: str, patterns: Sequence[Pattern]) -> None:
        self.name, self.patterns = name, tuple(patterns)

    def find(self, texts: Sequence[str]) -> list[list[Find]]:
        return [self._find(text) for text in texts]

    def _find(self, text: str) -> list[Find]:
        facts = Facts.of(text)
        return [
            Find(start, end, pattern.entity, 1.0, self.name)
            for pattern in self.patterns
            for start, end in pattern.find(text, facts)
        ]


def pattern(
    entity: str,
    expression: str,
    *,
    gate: Sequence[str] = (),
    digits: int = 0,
    check: Callable[[str], bool] | None = None,
    near: str | None = None,
    lists: Mapping[str, Sequence[str]] | None = None,
) -> Pattern:
    """A pattern of expressions as text; words of context are known in any case. `\\L<name>` is any word of a list."""
    return Pattern(
        entity,
        regex.compile(expression, regex.MULTILINE, **(lists or {})),
        tuple(gate),
        digits,
        check,
        regex.compile(rf"(?i)(?<!\p{{L}})(?:{near})(?!\p{{L}})") if near else None,
    )


SAYS = (
    r"(?=[\s.:=#№\"'(\[`])\.?(?:[ \t]*(?:numbers?|num|no|nr|nummer|numéro|número|numero|id|code|card)\b\.?|[ \t]*(?:[#№]|n[°º]))?"
    r"[ \t]*(?:[:=#]|(?:is|was|are|ist|lautet|war|est|es|è|é|são|ending[ ]in|of)\b:?)?[ \t]*[\"'(\[`]?"
)
"""What stands between the word for a number and the number: "passport number is: "."""


def said(word: str, value: str) -> str:
    """The expression of a value that follows the word for it, as in "passport number is X1234567"."""
    return rf"(?i:(?<!\p{{L}})(?:{word})(?!\p{{L}}){SAYS})(?P<v>{value})"
