"""Conversations with a user who tells about themself and is remembered, with planted personal data.

Everything personal here is invented. It is planted so that a check can show that masking finds it: what was planted
where is written to a side file, which stays in the raw stage.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from cleo_model.corpus.pii.invented import email, make
from cleo_model.corpus.sources.dialogues import explain
from cleo_model.corpus.sources.documentation import Entry, entries
from cleo_model.corpus.sources.item import Item, conversation
from cleo_model.corpus.sources.words import words


def _the(name: str) -> Any:
    return words("personas")[name]


def personas(rng: random.Random, count: int) -> Iterator[Item]:
    """Conversations, each with what was planted in it."""
    pool = [(entry, answer) for entry in entries() if entry.part != "packages" and (answer := explain(entry))]
    for number in range(count):
        # Drawn apart, so that what is planted does not depend on which packages are installed.
        question = pool[int(rng.random() * len(pool))]
        messages, values = _told(rng, question)
        yield Item(f"persona:{number}", messages=messages, planted=tuple(values))


def _told(rng: random.Random, documented: tuple[Entry, str]) -> tuple[list[dict[str, str]], list[tuple[str, str]]]:
    given, family = rng.choice(_the("given")), rng.choice(_the("family"))
    full = f"{given} {family}"
    values: list[tuple[str, str]] = []
    turns: list[tuple[str, str]] = []
    remembered: list[tuple[str, str, str]] = []
    named = rng.random() < 0.75
    if named:
        turns.append((rng.choice(_the("greetings")).format(full), rng.choice(_the("welcomes")).format(given)))
        values.append(("PERSON", full))
        remembered.append(("Do you remember my name?", f"Yes, you are {full}.", f"The user's name is {full}."))
    for fact in rng.sample(_the("facts"), rng.choice((1, 1, 2, 3))):
        option = rng.choice(fact["options"])
        told = fact["told"].format(option)
        turns.append((told, rng.choice(_the("noted"))))
        remembered.append((fact["asked"], fact["answer"].format(option), f"The user said: {told}"))
    if rng.random() < 0.7:
        kind, ways = rng.choice(list(_the("contacts").items()))
        value = email(given, family, rng) if kind == "EMAIL_ADDRESS" else make(kind, "en", rng)
        way = rng.choice(ways)
        told = way["told"].format(value)
        turns.append((told, rng.choice(_the("noted"))))
        remembered.append((way["asked"], way["answer"].format(value), f"The user said: {told}"))
        values.append((kind, value))
    entry, explanation = documented
    question = (f"What does {entry.name} do?", explanation)
    asked_later = rng.sample(remembered, min(len(remembered), rng.choice((1, 2, 2, 3))))
    later = [(question, answer) for question, answer, _ in asked_later]
    if rng.random() < 0.2:
        later.append(rng.choice(_the("untold")))
    if rng.random() < 0.4:
        # The assistant is given what it remembers, as when an earlier conversation comes back.
        notes = "\n".join(f"- {note}" for _, _, note in remembered)
        content = f"You are Cleo, a helpful assistant. What you remember about the user:\n{notes}"
        return [{"role": "system", "content": content}, *conversation(later)], values
    middle = [question] if rng.random() < 0.6 else []
    return conversation([*turns, *middle, *later]), values
