"""The form in which a language states its rules, and the cutting of what a rule caught to a value.

A rule is a slot and a pattern. In a slot ``{noun}`` is the thing that the pattern caught under that name, and ``*`` the
value itself, for what one may have several of. The first sign says more: ``!`` ends what the slot holds, ``@`` is an
event, which holds from the date that is told with it, ``?`` is learned only where the value is plainly one.

In a pattern ``<I>``, ``<my>`` … are the words of that name in the language, and these catch a value:

    <name>   <place>   a proper name, up to three words of it; without capitals where the writer uses none
    <proper>           the same, always with a capital
    <thing>            words up to the end of the clause or a word that ends a phrase
    <job>              the same, up to a preposition
    <number>           a number of up to three digits
    <when>             words that tell a time
    <noun>             one to three words, what the value belongs to
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

CATCH = {
    "name": r"(?P<name>[^\W\d_][\w'.-]*(?: [^\W\d_][\w'.-]*){0,3})",
    "proper": r"(?P<proper>[^\W\d_][\w'.-]*(?: [^\W\d_][\w'.-]*){0,3})",
    "place": r"(?P<place>[^\W\d_][\w'.-]*(?: [^\W\d_][\w'.-]*){0,4})",
    "old": r"(?P<old>[^\W\d_][\w'.-]*(?: [^\W\d_][\w'.-]*){0,3}?)",
    "thing": r"(?P<thing>[^,;:!?…()]{2,90})",
    "job": r"(?P<job>[^,;:!?…()]{2,60})",
    "number": r"(?P<number>\d{1,3})",
    "noun": r"(?P<noun>[^\W\d_][\w-]*(?: [^\W\d_][\w-]*){0,2}?)",
}
VALUES = ("name", "proper", "place", "thing", "job", "number", "when")
PARTICLES = frozenset(
    {"de", "la", "le", "les", "el", "los", "del", "der", "den", "van", "von", "di", "da", "do", "dos", "das"}
    | {"du", "am", "an", "upon", "sur", "in"}
)
ARTICLE_OF_NAMES = frozenset({"the", "la", "le", "el", "il", "den"})
LISTS = ("mine", "reported", "unreal", "past", "stops", "before", "articles", "deictic", "adjectives", "tails")


def fold(text: str) -> str:
    """Case and accents taken away: texts that fold to the same are taken for the same."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in decomposed if not unicodedata.combining(sign))


def slug(text: str) -> str:
    """A text as the last part of a slot."""
    return re.sub(r"[^\w]+", "-", fold(text)).strip("-")[:48]


@dataclass(frozen=True, slots=True)
class Rule:
    slot: str
    pattern: re.Pattern[str]
    ends: bool
    """It says what is no longer so."""
    event: bool
    """It began at the date that is told with it."""
    picky: bool
    """The value must be a number or a proper name, or the noun one of the language's attributes."""


@dataclass(frozen=True, kw_only=True)
class Language:
    """What a language tells the engine. Words are regular expressions, parted by `|` where there are several."""

    code: str
    mine: str
    """Words without which no sentence speaks of its writer: sentences that lack them all are passed over."""
    words: Mapping[str, str]
    """The names that patterns use."""
    rules: Sequence[tuple[str, str]]
    reported: str
    """Somebody else says, thinks or asks what follows, until another clause begins."""
    unreal: str
    """What follows is a condition, a wish, a story, a task or a question."""
    past: str
    """What follows is over: used to, formerly. It says nothing about the next clause."""
    later: str
    """Gives its name to what was spoken of before: she is called …"""
    starts: str
    """Words that begin a new clause behind a comma or a conjunction."""
    joins: str
    """Conjunctions between two clauses."""
    subject: str = ""
    """Put before a clause that has no subject of its own, so that it is read as a clause."""
    verbs: str = ""
    """Verbs that such a clause begins with."""
    stops: str
    """Words that end a value."""
    before: str
    """Prepositions, which end the name of an occupation."""
    articles: str
    deictic: str
    """First words of what is no value: this, that, you …"""
    adjectives: str
    """Words with a capital that are no proper name: Italian, Catholic; and what else follows "I am"."""
    tails: str
    """Last words that belong to no value: now, too, please …"""
    attributes: str
    """Nouns whose value is worth keeping whatever it is."""
    secrets: str
    """Nouns whose value is never kept unasked."""
    nouns: Mapping[str, str] = field(default_factory=dict)
    """Nouns by the word that stands for them in slots of all languages."""
    plain_nouns: bool = False
    """Common nouns have capitals, so that a capital makes no proper name."""

    @cached_property
    def compiled(self) -> list[Rule]:
        return [self._rule(slot, pattern) for slot, pattern in self.rules]

    def _rule(self, slot: str, pattern: str) -> Rule:
        marks = slot[: len(slot) - len(slot.lstrip("!@?"))]
        return Rule(
            slot=slot.lstrip("!@?"),
            pattern=re.compile(self.expand(pattern), re.IGNORECASE),
            ends="!" in marks,
            event="@" in marks,
            picky="?" in marks,
        )

    def expand(self, pattern: str) -> str:
        """The pattern with its names replaced and its blanks as any blanks."""

        def named(found: re.Match[str]) -> str:
            name = found[1]
            if name == "when":
                return f"(?P<when>{self.expand(self.words['date'])})"
            return CATCH[name] if name in CATCH else f"(?:{self.expand(self.words[name])})"

        return re.sub(r"(?<!\?P)(?<!\(\?)<(\w+)>", named, pattern)

    @cached_property
    def guards(self) -> dict[str, re.Pattern[str]]:
        """The lists of words, compiled."""
        return {name: re.compile(f"(?:{self.expand(getattr(self, name))})", re.IGNORECASE) for name in LISTS}

    @cached_property
    def named_later(self) -> re.Pattern[str]:
        return re.compile(self.expand(self.later), re.IGNORECASE)

    def is_a(self, name: str, text: str) -> bool:
        """Whether a text is one of the words of a list, and nothing more."""
        return self.guards[name].fullmatch(text) is not None

    def noun(self, text: str) -> str:
        """The noun as slots name it, the same in every language where the language knows it."""
        dropped = re.compile(rf"(?:{self.words['new']}|{self.articles})", re.IGNORECASE)
        every = fold(text).replace("-", " ").split()
        words = [word for word in every if not dropped.fullmatch(word)] or every
        return "-".join(self.nouns.get(word, word) for word in words)

    def cut(self, kind: str, text: str, *, loose: bool) -> str | None:
        """The value in what a pattern caught; None where there is none.

        Args:
            loose: the writer uses no capitals, so that a name need have none.
        """
        text = " ".join(text.split()).strip(" .'\"-")
        if kind == "number":
            return text if 1 < int(text) < 120 else None
        if kind == "when":
            return text
        if kind in ("name", "proper", "place"):
            return self._proper(text, loose=loose and kind != "proper", place=kind == "place")
        for guard in ("stops",) if kind == "thing" else ("stops", "before"):
            if found := re.search(rf"\s{self.guards[guard].pattern}(?!\w)", text, re.IGNORECASE):
                text = text[: found.start()]
        while tail := re.search(rf"\s{self.guards['tails'].pattern}$", text, re.IGNORECASE):
            text = text[: tail.start()]
        if re.match(rf"{self.guards['deictic'].pattern}(?!\w)", text, re.IGNORECASE):
            return None
        while head := re.match(rf"{self.guards['articles'].pattern}(?:\s+|(?<='))", text, re.IGNORECASE):
            text = text[head.end() :]
        text = text.strip(" .'\"-")
        return text if len(text) > 1 and len(text.split()) <= 10 else None

    def _proper(self, text: str, *, loose: bool, place: bool) -> str | None:
        words = text.split()
        if place and len(words) > 1 and words[0] in ARTICLE_OF_NAMES and words[1][:1].isupper():
            words = words[1:]
        kept: list[str] = []
        for word in words:
            bare = word.strip(".'\"")
            if not bare or self.is_a("stops", bare) or self.is_a("tails", bare):
                break
            capital = not bare[0].islower()
            if not capital and not (loose and not kept) and not (kept and bare.casefold() in PARTICLES):
                break
            kept.append(word)
            if word.endswith(".") and len(bare) > 2:
                break
        while kept and kept[-1].casefold() in PARTICLES:
            kept.pop()
        value = " ".join(kept[:4]).strip(" .'\"")
        if value.endswith("'s"):
            value = value[:-2]
        # "Nice" with a capital is a place; without one, or shouted, it is the word.
        lists = (
            ("adjectives",) if value[:1].isupper() and not value.isupper() else ("deictic", "articles", "adjectives")
        )
        return None if not value or any(self.is_a(name, value) for name in lists) else value
