"""From a message to the clauses in which its writer speaks of themselves.

What is quoted, pasted or asked is taken out first: it is somebody else's text, or it tells nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)
PASTED = re.compile(r"^\s*>.*$", re.MULTILINE)
QUOTED = re.compile(
    r"\"([^\"\n]{1,400})\"|“([^”\n]{1,400})”|„([^“”\n]{1,400})[“”]|«([^»\n]{1,400})»|(?<!\w)'([^'\n]{1,400})'(?!\w)"
)
MONTHS = (
    "jan|feb|mar|mär|apr|may|mai|mag|maa|mei|jun|jui|giu|jul|lug|aug|aoû|ago|sep|set|oct|okt|ott|out|nov|dec|dez|déc"
    "|dic|ene|gen|avr|abr|fév|fev"
)
# A full stop ends a sentence, but not behind a day of the month, an initial or an abbreviation.
ABBREVIATIONS = (
    r"Dr|Mr|Mrs|Ms|St|Prof|Sr|Sra|Mme|Hr|Fr|Nr|No|bzw|ca|vs|etc|z\.B|e\.g|i\.e|u\.a|approx|Dott|Sig|dhr|mevr"
)
END = re.compile(r"(?<=[.!?…;])(?<!\b[A-Z]\.)[\"'”»)]*\s+|\n+")
ABBREVIATED = re.compile(rf"\b(?:{ABBREVIATIONS})\.$", re.IGNORECASE)
DAY_OF_MONTH = re.compile(r"\b\d{1,2}\.$")
MONTH_FOLLOWS = re.compile(rf"\s*(?:{MONTHS})", re.IGNORECASE)
LONGEST = 2000
"""Characters of a sentence that are read: what is longer is no sentence."""


@dataclass(frozen=True, slots=True)
class Sentence:
    text: str
    asks: bool


def own_words(message: str) -> str:
    """The message without code, pasted lines and longer quotations; a quoted name stays."""
    text = message.replace("’", "'").replace("‘", "'").replace("\u00a0", " ").replace("\u202f", " ")
    text = PASTED.sub("", CODE.sub(" … ", text))

    def unquote(found: re.Match[str]) -> str:
        inside = next(group for group in found.groups() if group is not None)
        return inside if len(inside.split()) <= 3 and inside[-1:] not in ".!?" else "…"

    return QUOTED.sub(unquote, text)


def sentences(text: str) -> Iterator[Sentence]:
    """Sentences in their order, each with whether it asks."""
    pending = ""
    position = 0
    for end in END.finditer(text):
        pending += text[position : end.start()]
        position = end.end()
        rest = text[position:]
        if "\n" not in end[0] and (
            ABBREVIATED.search(pending) or (DAY_OF_MONTH.search(pending) and MONTH_FOLLOWS.match(rest))
        ):
            pending += " "
            continue
        yield from _sentence(pending)
        pending = ""
    yield from _sentence(pending + text[position:])


def _sentence(text: str) -> Iterator[Sentence]:
    if text := " ".join(text.split())[:LONGEST]:
        asks = text.rstrip("\"' )!.").endswith("?") or text.startswith("¿")
        yield Sentence(text.strip("-•* \t"), asks)
