"""What a question asks for, and which told facts answer it: by slot, where words and meaning say too little.

"Where do I live?" shares no word with "I moved from Lyon to Porto in May", and a small embedder sees them far apart;
both are about ``home.city``. A question is matched to slots by rules of its language (`languages.questions`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

from cleo_memory.formation.grammar import Language, fold
from cleo_memory.formation.languages import LANGUAGES
from cleo_memory.formation.languages.questions import QUESTIONS
from cleo_memory.formation.languages.topics import FILLERS, HOW_TO, TOPICS
from cleo_memory.formation.rules import RuleExtractor
from cleo_memory.formation.values import Turn
from cleo_memory.records import Record
from cleo_memory.search.text import Analysis

LONGEST = 300
"""Characters of a question that is read; a longer one asks for more than a slot."""
ALONE = 12
"""Words of a question that asks for nothing beside its slots."""
READ = 40
"""Facts without a slot, the newest, that are read for what they tell."""
LEAST = 1 / 3
"""Share of a question that must be about a topic: two words may stand beside it."""
ACTS = re.compile(
    r"\b(?:i|i'm|i've|we|we're|we've|ich|wir|je|j|nous|on|yo|me|nos|he|hemos|soy|estoy|tengo|ik|wij|io|mi sono"
    r"|ho|abbiamo|eu|sono|siamo)\b",
    re.IGNORECASE,
)
"""Words that say that the writer acts."""
KINDS_OF = {
    "dog": r"greyhound|beagle|poodle|labrador|terrier|spaniel|dachshund|collie|corgi|pug|husky|bulldog|boxer|retriever"
    r"|puppy|dackel|pudel|welpe|teckel|poedel|bassotto|barboncino|caniche|teckels",
    "cat": r"tabby|siamese|kitten|tomcat",
}
"""What may be asked for by a wider word than it was told with."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a question asks for."""

    slots: tuple[str, ...]
    """As in ``home.city`` or ``allergy.*``, the likeliest first."""
    alone: bool
    """It asks for nothing else."""
    share: float = 1.0
    """How much of the question asks for them: 1 over one and the words beside."""

    def means(self, slot: str) -> bool:
        return any(_fits(slot, wanted) for wanted in self.slots)


def asked_for(question: str) -> Asked | None:
    """The slots that a question asks for; None where it asks for none."""
    if len(question) > LONGEST or not (text := _plain(question)):
        return None
    for language in LANGUAGES:
        slots: list[str] = []
        for wanted, pattern in _compiled(language.code):
            for found in pattern.finditer(text):
                slots += _named(language, wanted, found)
        if slots:
            bearing = touched.slots if (touched := _touched(question, text)) is not None else ()
            return Asked(tuple(dict.fromkeys([*slots, *bearing])), len(text.split()) <= ALONE)
    return _touched(question, text)


def _touched(question: str, text: str) -> Asked | None:
    """The slots that bear on a question, where it asks for none in so many words."""
    if HOW_TO.match(text):
        return None
    slots, share = list[str](), 0.0
    words: list[str] | None = None
    for topic in TOPICS:
        spans = [found[0] for found in topic.pattern.finditer(text)]
        if spans:
            words = [fold(word) for _, word, _ in Analysis(question).forms] if words is None else words
            said = {*" ".join(spans).replace("'", " ").split(), *FILLERS}
            beside = sum(word not in said and not topic.fill.fullmatch(word) for word in words)
            slots += topic.slots.split()
            share = max(share, 1 / (1 + beside))
    return Asked(tuple(dict.fromkeys(slots)), False, share) if share >= LEAST else None


@dataclass(frozen=True, slots=True)
class Answers:
    """Told facts that hold what is asked for, the newest first; of what holds one truth at a time, the newest."""

    records: tuple[Record, ...] = ()
    whole: bool = False
    """The question asks for nothing beside them."""


def answers_to(question: str, told: Sequence[Record]) -> Answers:
    """Of told facts those that a question asks for."""
    asked = asked_for(question) if told else None
    if asked is None:
        return Answers()
    found = _answering(asked, told)
    return Answers(tuple(found), asked.alone and bool(found))


def _answering(asked: Asked, told: Sequence[Record]) -> list[Record]:
    newest = sorted(told, key=lambda record: record.valid_from, reverse=True)
    read = RuleExtractor()
    left, taken = READ, set[str]()
    found: list[Record] = []
    for record in newest:
        if record.key is not None:
            slots = [record.key]
        elif left:
            left -= 1
            slots = [fact.slot for fact in read.read(Turn(record.content, record.valid_from)).facts]
        else:
            continue
        meant = [slot for slot in slots if asked.means(slot) and slot not in taken]
        if meant:
            taken.update(meant)
            found.append(record)
    return found


def outdated(statement: str, at: datetime, told: Sequence[Record]) -> bool:
    """Whether all that a statement tells is held by other values now, told at the same time or later."""
    facts = RuleExtractor().read(Turn(statement, at)).facts
    held = {record.key: record for record in told if record.key is not None}
    return bool(facts) and all(
        (now := held.get(fact.slot)) is not None
        and now.valid_from >= at
        and fold(now.provenance.get("value", now.content)) != fold(fact.value)
        for fact in facts
    )


def may_renew(question: str, statement: str) -> bool:
    """Whether a statement may say anew what a question asks for: it tells that, or the rules read nothing in it and its
    writer is who acts in it. ("My aunt still lives in Gera" says nothing of where the user lives.)"""
    asked = asked_for(question)
    facts = RuleExtractor().read(Turn(statement, datetime.now(UTC))).facts
    if asked is None or facts:
        return asked is not None and any(asked.means(fact.slot) for fact in facts)
    return ACTS.search(statement) is not None


def _plain(question: str) -> str:
    text = fold(question.replace("’", "'"))
    return " ".join(re.sub(r"[^\w\s'-]", " ", text).split())


@cache
def _compiled(code: str) -> tuple[tuple[tuple[str, ...], re.Pattern[str]], ...]:
    return tuple((tuple(slots.split()), re.compile(rf"(?<!\w)(?:{pattern})")) for slots, pattern in QUESTIONS[code])


def _named(language: Language, wanted: Sequence[str], found: re.Match[str]) -> Iterator[str]:
    groups = found.groupdict()
    noun = groups.get("noun") or groups.get("fav")
    for slot in wanted:
        if "{noun}" not in slot:
            yield slot
        elif noun:
            yield slot.replace("{noun}", language.noun(noun.removesuffix("'s")))


def _fits(slot: str, wanted: str) -> bool:
    if wanted.endswith("*"):
        return slot.startswith(wanted[:-1]) or slot == wanted[:-2]
    if slot == wanted:
        return True
    head, dot, rest = wanted.partition(".")
    told, _, part = slot.partition(".")
    return bool(dot) and part == rest and re.fullmatch(KINDS_OF.get(head, ""), told) is not None
