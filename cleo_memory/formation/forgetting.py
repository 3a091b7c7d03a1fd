"""Which memories a request to forget means: "my allergy", "that I live in Porto", "my dog's name"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cleo_memory.formation.grammar import fold
from cleo_memory.formation.rules import RuleExtractor
from cleo_memory.formation.values import Turn
from cleo_memory.records import Record
from cleo_memory.search.languages import without_stop_words

SHORTEST = 3
"""Letters of a value that is looked for in other turns."""


def meant(text: str, told: Sequence[Record]) -> list[Record]:
    """The facts and preferences that a text speaks of; none when it is not clear."""
    stated = RuleExtractor().read(Turn(text, told[-1].valid_from)).facts if told else ()
    if stated:
        slots = {fact.slot: fold(fact.value) for fact in stated}
        found = [record for record in told if record.key in slots]
        # "That I live in Lyon" is not that the user lives in Porto now.
        named = [one for one in found if fold(one.provenance.get("value", one.content)) == slots[str(one.key)]]
        if found:
            return named or found
    said = without_stop_words(re.findall(r"\w+", text.replace("'s", "").casefold()))
    words = [fold(word) for word in said if word != "mine"]  # search keeps it: it is a noun as well
    if not words:
        return []
    found = [record for record in told if all(_stands(word, _words(record)) for word in words)]
    # "My name" is the user's own and not the dog's: where a slot is named wholly, the others are not meant.
    whole = [record for record in found if record.key and all(_stands(part, words) for part in _fixed(record))]
    return whole or found


def holds(turn: str, told: Sequence[Record]) -> bool:
    """Whether a turn says one of these: word for word, or by its value."""
    said = fold(turn)
    for record in told:
        value = fold(record.provenance.get("value", record.content))
        if fold(record.content.strip(" .!")) in said:
            return True
        if len(value) >= SHORTEST and not value.isdigit() and re.search(rf"(?<!\w){re.escape(value)}(?!\w)", said):
            return True
    return False


def _fixed(record: Record) -> list[str]:
    """The parts of a slot that its value has no part in."""
    value = record.provenance.get("value", "")
    parts = re.findall(r"\w+", fold(record.key or ""))
    return [part for part in parts if part not in re.findall(r"\w+", fold(value))]


def _words(record: Record) -> list[str]:
    return re.findall(r"\w+", fold(f"{record.key or ''} {record.content}".replace("_", " ")))


def _stands(word: str, words: Sequence[str]) -> bool:
    """Whether a word or one that begins as it does (allergy, allergic) is among others."""
    if word in words:
        return True
    least = max(4, round(len(word) * 0.7))
    return len(word) >= 4 and any(other[:least] == word[:least] for other in words if len(other) >= least)
