"""Whether two runs are the same one: what is allowed to differ between a run and its continuation, and what is not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cleo_model.recipe import Recipe

FREE: dict[str, Any] = {"name": True, "base_model": True, "checkpoints": True, "engine": {"ranks"}}
"""What a continuation may choose anew: names (the bytes of model and text are compared), when state is written, and
over how many processes the work is shared."""


def differences(before: Recipe, now: Recipe) -> list[str]:
    """The fields in which two recipes would train another model, each as ``field was 1, is 2``."""
    return list(_changed(before.model_dump(mode="json", exclude=FREE), now.model_dump(mode="json", exclude=FREE), ""))


def _changed(before: Any, now: Any, field: str) -> Iterator[str]:
    if isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        before, now = dict(enumerate(before)), dict(enumerate(now))
    if isinstance(before, dict) and isinstance(now, dict):
        for name in sorted(before.keys() | now.keys(), key=str):
            yield from _changed(before.get(name), now.get(name), f"{field}.{name}" if field else str(name))
    elif before != now:
        yield f"{field} was {before}, is {now}"
