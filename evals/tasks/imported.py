"""Items in the formats in which public sets are handed around, as a task set.

HellaSwag, ARC, PIQA, OpenBookQA   query, choices, gold
WinoGrande                         context_options, continuation, gold
LAMBADA                            context, continuation
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from evals.errors import BadItems
from evals.protocol import Form, TaskSpec
from evals.settings import protocol
from evals.tasks.forms import Item, check_item, read_lines
from evals.tasks.sealed import TaskSet, seal

QUESTION = "Question: "


def build_imported(files: list[Path], out: Path) -> TaskSet:
    """Turn each file into a task named after it.

    Raises:
        BadItems: a file cannot be read, is of no known format, or a line of it is not an item.
    """
    tasks: dict[TaskSpec, list[Item]] = {}
    for path in files:
        name = re.sub(r"\W+", "_", path.stem).strip("_").lower() or "items"
        name = name if name.isidentifier() else f"set_{name}"
        if any(spec.name == name for spec in tasks):
            raise BadItems(f"Two files would both be the task {name!r}.", hint="Rename one of them.")
        lines = read_lines(path)
        form = _form(lines[0][1], path)
        items = [
            check_item(_convert(value, form, number), form, f"{path.name} line {number}") for number, value in lines
        ]
        tasks[TaskSpec(name=name, form=form, items=0, sha256="", what=path.name, origin="given by the user")] = items
    return seal(out, tasks, protocol())


def _form(first: Any, path: Path) -> Form:
    names = set(first) if isinstance(first, dict) else set()
    forms: list[tuple[set[str], Form]] = [
        ({"query", "choices", "gold"}, "multiple_choice"),
        ({"context_options", "continuation", "gold"}, "partial"),
        ({"context", "continuation"}, "last_word"),
        ({"text"}, "perplexity"),
    ]
    for needed, form in forms:
        if needed <= names:
            return form
    raise BadItems(
        f"{path.name} is of no known format: its first line has {', '.join(sorted(map(str, names))) or 'no fields'}.",
        hint="Known: query+choices+gold, context_options+continuation+gold, context+continuation, text.",
    )


def _convert(value: Any, form: Form, number: int) -> Any:
    if not isinstance(value, dict):
        return value
    known = {"id": f"line-{number}", "cluster": str(value.get("cluster", f"line-{number}"))}
    if form == "multiple_choice":
        query = value.get("query")
        if isinstance(query, str):
            query = query.rstrip()
            # "Question: …" sets are asked with "Answer:", as lm-eval asks ARC and PIQA.
            query = f"{query}\nAnswer:" if query.startswith(QUESTION) else query
        return {**known, "query": query, "choices": value.get("choices"), "gold": value.get("gold")}
    if form == "partial":
        asked = {name: value.get(name) for name in ("continuation", "gold")}
        return {**known, "contexts": value.get("context_options"), **asked}
    if form == "last_word":
        return {**known, "context": value.get("context"), "word": value.get("continuation")}
    return {**known, "text": value.get("text")}
