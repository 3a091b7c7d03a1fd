"""Scores of one model, item by item, as the gate and the report read them, and as they are kept.

What `value` means depends on the form:

    multiple_choice, partial   probability of the right choice among the choices, softmax over their log-likelihoods
    last_word                  probability of the right word
    perplexity                 log-likelihood of the document, in nats

The first two are the expected accuracy of a model that answers by drawing from its own distribution. They carry the
same unit as accuracy, and two nearly equal models differ in them far less per item than in right or wrong, so that a
margin of two points can be held with hundreds of items instead of thousands (the gate's simulation test shows both).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from cleo_core.files import write_atomic
from evals.protocol import TaskSpec

SCORED = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")


class ItemScore(BaseModel):
    model_config = SCORED

    id: str
    hash: str
    """Of the item's content."""
    cluster: str
    value: float | None
    """None where the model gave no finite number."""
    correct: bool | None = None
    """lm-eval's accuracy of the item; None for perplexity."""
    bytes: int = 1
    """Length of a perplexity document in UTF-8."""


class TaskScores(BaseModel):
    model_config = SCORED

    spec: TaskSpec
    items: list[ItemScore]
    metrics: dict[str, float]
    """What stock lm-eval reports for the task."""


@dataclass(frozen=True, slots=True)
class Subset:
    """A task's score on all of its items, and on those that do not stand in the training text."""

    items: int
    found: int
    """Items that stand in the training text."""
    full: float | None
    clean: float | None
    """None where no item is left."""


class Scores(BaseModel):
    model_config = SCORED

    version: Literal[1] = 1
    """Raised when a field changes its meaning: older ones are scored anew."""
    model_digest: str
    tokenizer_digest: str
    template_digest: str
    dtype: str
    environment: dict[str, str]
    task_set: str
    limit: int | None
    tasks: dict[str, TaskScores]
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    requests: int = 0
    reused: bool = False

    def save(self, path: Path) -> None:
        write_atomic(path, self.model_dump_json())

    @classmethod
    def read(cls, path: Path) -> Scores:
        """Kept scores.

        Raises:
            ValueError: the file does not hold any.
        """
        return cls.model_validate_json(path.read_text(encoding="utf-8")).model_copy(update={"reused": True})


def full_and_clean(scores: Scores, found: Mapping[str, set[str]]) -> dict[str, Subset]:
    """Each task's score with and without the items that were found in the training text.

    A score is the mean of the items' values; of a perplexity task it is bits per byte, where lower is better.
    """
    told = {}
    for name, task in scores.tasks.items():
        left = [item for item in task.items if item.id not in found.get(name, ())]
        told[name] = Subset(len(task.items), len(task.items) - len(left), _mean(task, task.items), _mean(task, left))
    return told


def _mean(task: TaskScores, items: Iterable[ItemScore]) -> float | None:
    pairs = [(item.value, item.bytes) for item in items if item.value is not None]
    if not pairs:
        return None
    total = sum(value for value, _ in pairs)
    if task.spec.in_macro:
        return total / len(pairs)
    return -total / math.log(2) / sum(size for _, size in pairs)
