"""Scores made by hand, so that the gate is tested without a model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pytest

from evals.protocol import Form, TaskSpec
from evals.scores import ItemScore, Scores, TaskScores

MakeScores = Callable[..., Scores]


@pytest.fixture
def make_scores() -> MakeScores:
    """`make_scores({"task": [0.8, …]}, forms={"task": "perplexity"}, …)`; right where the value is > 0.5."""

    def make(
        values: Mapping[str, Sequence[float | None]],
        *,
        forms: Mapping[str, Form] | None = None,
        sealed: int | None = None,
        **changed: object,
    ) -> Scores:
        tasks = {}
        for name, column in values.items():
            form = (forms or {}).get(name, "multiple_choice")
            items = [
                ItemScore(
                    id=f"{name}-{number}",
                    hash=f"{number:016x}",
                    cluster=str(number),
                    value=value,
                    correct=None if form == "perplexity" else bool(value and value > 0.5),
                    bytes=1000 if form == "perplexity" else 1,
                )
                for number, value in enumerate(column)
            ]
            spec = TaskSpec(name=name, form=form, items=sealed or len(items), sha256="0" * 64)
            tasks[name] = TaskScores(spec=spec, items=items, metrics={})
        fields = {
            "model_digest": "m",
            "tokenizer_digest": "t",
            "template_digest": "c",
            "dtype": "bfloat16",
            "environment": {"torch": "2"},
            "task_set": "s",
            "limit": None,
            **changed,
        }
        return Scores(tasks=tasks, **fields)  # type: ignore[arg-type]  # each test changes one field

    return make
