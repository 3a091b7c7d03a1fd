"""From a message to the clauses in which its writer speaks of themselves.

What is quoted, pasted or asked is taken out first: it is somebody else's text, or it tells nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from cleo_memory.search.sentences import sentences as split

CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)
PASTED = re.compile(r"^\s*>.*$", re.MULTILINE)
QUOTED = re.compile(
    r"\"([^\"\n]{1,400})\"|“([^”\n]{1,400})”|„([^“”\n]{1,400})[“”]|«([^»\n]{1,400})»|(?<!\w)'([^'\n]{1,400})'(?!\w)"
)
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
    for each in split(text):
        sentence = " ".join(each.split())[:LONGEST]
        asks = sentence.rstrip("\"' )!.").endswith("?") or sentence.startswith("¿")
        yield Sentence(sentence.strip("-•* \t"), asks)
