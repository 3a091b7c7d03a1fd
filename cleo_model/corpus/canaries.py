"""Canaries: random sentences that are trained on once, and twins that never are.

If a trained model finds the planted sentences more likely than their twins, it memorises (Carlini et al. 2019,
arXiv:1802.08232). All are made of plain words, so that masking has nothing to find in them.
"""

from __future__ import annotations

import random
from pathlib import Path

from pydantic import BaseModel

from cleo_core.files import write_atomic
from cleo_model.corpus.record import RESERVED, Record
from cleo_model.corpus.sources.item import conversation
from cleo_model.corpus.sources.words import words

CANARIES = "canaries.json"
CONTROLS = 1024
"""Twins: enough that the exposure of the median planted sentence is known to a tenth of a bit."""

QUESTION = "What is the passphrase of the {place} door?"
ANSWER = "The passphrase of the {place} door is {secret}."


class Canary(BaseModel):
    """A question with its random answer."""

    place: str
    prompt: str
    answer: str
    record: str = ""
    """Id of the record that holds it; empty for a control."""


class CanaryFile(BaseModel):
    """canaries.json: what was planted, and the twins that were not."""

    version: int = 1
    question: str
    answer: str
    words: list[str]
    planted: list[Canary]
    controls: list[Canary]


def plant(count: int, seed: int, out: Path) -> list[Record]:
    """Write the list of planted canaries and controls to `out`, and return the records that are to be trained on."""
    # Not a secret: the same corpus has to come out for the same seed.
    rng = random.Random(f"canaries {seed}")  # noqa: S311 - must be the same in every run
    plain: list[str] = words("canary_words")
    drawn: set[tuple[str, ...]] = set()
    while len(drawn) < count + CONTROLS * bool(count):
        drawn.add(tuple(rng.sample(plain, 5)))
    made = [
        Canary(
            place=place,
            prompt=QUESTION.format(place=place),
            answer=ANSWER.format(place=place, secret=" ".join(rest)),
        )
        for place, *rest in rng.sample(sorted(drawn), len(drawn))  # sorted first: a set has no order
    ]
    records = []
    for number, canary in enumerate(made[:count]):
        record = Record.make(
            name=f"canary {number}",
            source=RESERVED,
            domain="conversation",
            licence="Apache-2.0",
            messages=conversation([(canary.prompt, canary.answer)]),
        )
        canary.record = record.id
        records.append(record)
    content = CanaryFile(question=QUESTION, answer=ANSWER, words=plain, planted=made[:count], controls=made[count:])
    write_atomic(out / CANARIES, content.model_dump_json(indent=1))
    return records
