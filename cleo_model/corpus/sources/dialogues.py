"""Generated conversations: questions about the documentation, small talk, and a user who is remembered.

All is drawn from a seed, so the same documentation gives the same conversations.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from functools import cache

from cleo_model.corpus.sources.documentation import Entry, entries
from cleo_model.corpus.sources.item import Item, conversation
from cleo_model.corpus.sources.words import words

ABBREVIATED = re.compile(r"\b(e\.g|i\.e|etc|vs|cf|approx|incl)\.$", re.IGNORECASE)
# Leftovers of markup and examples that do not read as a sentence.
UNCLEAR = re.compile(r">>>|::|\.\. |\\|\[\d+\]_|\n|\{|->|==|\|")


def questions(rng: random.Random) -> Iterator[Item]:
    """Questions about documented things, each thing once, answered from its own documentation."""
    for entry in entries():
        if answer := explain(entry):
            turns = [_ask(entry, answer, rng), *_follow_up(entry, rng)]
            yield Item(f"question:{entry.part}:{entry.name}", messages=conversation(turns), group=entry.name)


def small_talk(rng: random.Random) -> Iterator[Item]:
    """Every pair of ways to ask and to answer once."""
    for number, pair in enumerate(words("small_talk")):
        for place, line in enumerate(pair["ask"]):
            messages = conversation([(line, rng.choice(pair["answer"]))])
            yield Item(f"talk:{number}:{place}", messages=messages, group=f"talk:{number}")


def explain(entry: Entry) -> str | None:
    """One or two sentences on what the thing is or does; None where its documentation does not begin with one."""
    if entry.kind in ("topic", "module") or entry.name.count(".") > 3:
        return None  # a name of many parts is seldom one that people ask about
    sentences = _sentences(entry.text)
    if not sentences or not 20 <= len(sentences[0]) <= 240:
        return None
    first, _, rest = sentences[0].partition(" ")
    name = f"`{entry.name}`"
    if _third(first.lower()) and rest:
        answer = f"{name} {_third(first.lower())} {rest}"
    elif first.lower().endswith("s") and _base(first.lower()) and rest:
        answer = f"{name} {first.lower()} {rest}"
    elif first in ("A", "An", "The") and entry.kind == "class":
        answer = f"{name} is {first.lower()} {rest}"
    else:
        return None
    if len(sentences) > 1 and 20 <= len(sentences[1]) <= 160 and len(answer) < 160:
        answer += f" {sentences[1]}"
    return answer


def _sentences(text: str) -> list[str]:
    paragraph = text.strip().split("\n\n")[0]
    found, start = [], 0
    for match in re.finditer(r"[.!?](?=\s|$)", paragraph):
        if not ABBREVIATED.search(paragraph[: match.end()]):
            sentence = paragraph[start : match.end()].strip()
            if UNCLEAR.search(sentence) or not sentence[:1].isupper():
                break
            found.append(sentence)
            start = match.end()
    return found


@cache
def _verbs() -> frozenset[str]:
    return frozenset(words("questions")["verbs"])


def _third(verb: str) -> str | None:
    if verb not in _verbs():
        return None
    if verb.endswith(("s", "sh", "ch", "x", "z", "o")):
        return f"{verb}es"
    return f"{verb[:-1]}ies" if verb.endswith("y") and verb[-2] not in "aeiou" else f"{verb}s"


def _base(verb: str) -> str | None:
    return next((base for base in (verb[:-1], verb[:-2], f"{verb[:-3]}y") if _third(base) == verb), None)


def _ask(entry: Entry, answer: str, rng: random.Random) -> tuple[str, str]:
    ways = words("questions")
    name, verb, rest = answer.split(" ", 2)
    base = _base(verb)
    purpose = rest.split(". ")[0].rstrip(".")
    shown = entry.name if rng.random() < 0.7 else f"`{entry.name}`"
    if base and entry.kind == "function" and len(purpose) < 90 and rng.random() < 0.3:
        return rng.choice(ways["how"]).format(f"{base} {purpose}"), f"Use {name}. It {verb} {rest}"
    return rng.choice(ways["what_is" if verb == "is" else "what"]).format(shown), answer


def _follow_up(entry: Entry, rng: random.Random) -> Iterator[tuple[str, str]]:
    ways = words("questions")
    draw = rng.random()
    if draw < 0.15 and 0 < len(entry.parameters) <= 6:
        yield rng.choice(ways["arguments"]), _parameters(entry)
    elif draw < 0.25 and entry.module:
        where = (
            "It is built in, so you do not have to import anything."
            if entry.module == "builtins"
            else f"It is in `{entry.module}`, so write `import {entry.module}` first."
        )
        yield rng.choice(ways["where"]), where
    if rng.random() < 0.1:
        thanks, welcome = rng.choice(ways["thanks"])
        yield thanks, welcome


def _parameters(entry: Entry) -> str:
    needed = [f"`{p}`" for p in entry.parameters if " (default " not in p]
    given = [p.removesuffix(")").split(" (default ", 1) for p in entry.parameters if " (default " in p]
    optional = [f"`{name}` (default `{default}`)" for name, default in given]
    if needed and optional:
        return f"It takes {_list(needed)} and, if you like, {_list(optional)}."
    return f"It takes {_list(needed)}." if needed else f"All are optional: {_list(optional)}."


def _list(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
