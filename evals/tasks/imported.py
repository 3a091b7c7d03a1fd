"""Items in the forms in which public sets are handed around, as a task set.

HellaSwag             ctx, endings, label                          raw, or query, choices, gold
ARC, OpenBookQA       question with stem and choices, answerKey    raw (also of the hub), or query, choices, gold
PIQA                  goal, sol1, sol2, label                      raw, or query, choices, gold
WinoGrande            sentence with _, option1, option2, answer    raw, or context_options, continuation, gold
LAMBADA               context, continuation                        (text alone is scored in bits per byte)

What is likely a slip (a choice twice, line breaks in a query, an open bracket at its end) is accepted, and said.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from cleo_core.progress import Reporter, silent
from evals.errors import BadItems
from evals.protocol import Form, TaskSpec
from evals.settings import protocol
from evals.tasks.contamination import contamination_file
from evals.tasks.forms import Item, check_item, read_lines
from evals.tasks.sealed import TaskSet, seal

QUESTION, ANSWER = "Question: ", "\nAnswer:"
OPEN = ("(", "[", "{", '"', "'", "“", "‘", "`", "/", "-", "_")
FORMS: tuple[tuple[set[str], Form], ...] = (
    ({"query", "choices", "gold"}, "multiple_choice"),
    ({"context_options", "continuation", "gold"}, "partial"),
    ({"context", "continuation"}, "last_word"),
    ({"text"}, "perplexity"),
)


def build_imported(files: list[Path], out: Path, report: Reporter = silent, corpus: Path | None = None) -> TaskSet:
    """Turn each file into a task named after it.

    Args:
        corpus: folder with the train.jsonl of the model, in which the items are looked for.

    Raises:
        BadItems: a file cannot be read, is of no known format, or a line of it is not an item.
    """
    tasks = read_files(files, report)
    return seal(out, tasks, protocol(), contamination_file(tasks, corpus / "train.jsonl") if corpus else {})


def read_files(files: Iterable[Path], report: Reporter = silent) -> dict[TaskSpec, list[Item]]:
    """The items of each file, as a task named after it.

    Raises:
        BadItems: a file cannot be read, is of no known format, or a line of it is not an item.
    """
    tasks: dict[TaskSpec, list[Item]] = {}
    for path in files:
        name = re.sub(r"\W+", "_", path.stem).strip("_").lower() or "items"
        name = name if name.isidentifier() else f"set_{name}"
        if any(spec.name == name for spec in tasks):
            raise BadItems(f"Two files would both be the task {name!r}.", hint="Rename one of them.")
        lines = [(number, _plain(value)) for number, value in read_lines(path)]
        form = _form(lines[0][1], path)
        doubts: Counter[str] = Counter()
        first: dict[str, int] = {}
        items = []
        for number, value in lines:
            if isinstance(value, Mapping) and not next(needed for needed, kind in FORMS if kind == form) <= set(value):
                raise BadItems(
                    f"{path.name} line {number} has other fields than the first line ({', '.join(map(str, value))}).",
                    hint="One file is one task: put items of another form into a file of their own.",
                )
            item = _convert(value, form, number)
            for doubt in _doubts(value, item):
                doubts[doubt] += 1
                first.setdefault(doubt, number)
            items.append(check_item(item, form, f"{path.name} line {number}"))
        for doubt, count in doubts.most_common():
            report(f"{path.name}: {doubt}, in {count:,} of {len(items):,} items (first in line {first[doubt]})")
        tasks[TaskSpec(name=name, form=form, items=0, sha256="", what=path.name, origin="given by the user")] = items
    return tasks


def _doubts(value: Any, item: Any) -> Iterator[str]:
    """What is likely a slip in an item, in words."""
    if not isinstance(item, Mapping) or not isinstance(item.get("query"), str):
        return
    query, choices = item["query"].removesuffix(ANSWER), item.get("choices")
    if isinstance(choices, list) and len({str(choice) for choice in choices}) < len(choices):
        yield "a choice stands there twice"
    if str(value["query"]).rstrip(" ").endswith("\n"):
        yield "the query ends in a line break; a blank stands between it and each choice in its place"
    elif "\n" in query:
        yield "the query has line breaks; it is scored as it is"
    if query.endswith(OPEN):
        yield "the query ends in an open bracket or quote, and a blank is put between it and each choice"


def _plain(value: Any) -> Any:
    """A line of a raw set in the form of its items; any other line as it is."""
    if not isinstance(value, Mapping):
        return value
    for needed, convert in RAW:
        if needed <= set(value):
            return convert(value) or value
    return value


def _hellaswag(value: Mapping[str, Any]) -> dict[str, Any]:
    label = str(value.get("activity_label") or "").strip()
    context = value["ctx"]
    if value.get("ctx_a") is not None and value.get("ctx_b") is not None:
        context = f"{value['ctx_a']} {str(value['ctx_b']).capitalize()}"
    context = re.sub(r"\[.*?\]", "", str(context).replace(" [title]", ". ")).replace("  ", " ").strip()
    return {"query": f"{label}: {context}" if label else context, "choices": value["endings"], "gold": value["label"]}


def _arc(value: Mapping[str, Any]) -> dict[str, Any] | None:
    asked = value["question"] if isinstance(value["question"], Mapping) else value
    stem = asked.get("stem", asked.get("question", asked.get("question_stem")))
    choices = asked.get("choices")
    if isinstance(choices, Mapping):  # as the hub keeps a list of tables
        labels, texts = choices.get("label"), choices.get("text")
    elif isinstance(choices, list) and all(isinstance(choice, Mapping) for choice in choices):
        labels, texts = ([choice.get(name) for choice in choices] for name in ("label", "text"))
    else:
        return None
    key = value.get("answerKey")
    if not isinstance(labels, list) or key not in labels:
        return None
    return {"query": f"{QUESTION}{stem}", "choices": texts, "gold": labels.index(key)}


def _openbook(value: Mapping[str, Any]) -> dict[str, Any] | None:
    return _arc({**value, "question": {"stem": value["question_stem"], "choices": value["choices"]}})


def _piqa(value: Mapping[str, Any]) -> dict[str, Any]:
    return {"query": f"{QUESTION}{value['goal']}", "choices": [value["sol1"], value["sol2"]], "gold": value["label"]}


def _winogrande(value: Mapping[str, Any]) -> dict[str, Any] | None:
    before, blank, after = str(value["sentence"]).partition("_")
    options = [value["option1"], value["option2"]]
    if not blank or str(value.get("answer")) not in ("1", "2"):
        return None
    contexts = [f"{before}{option}" for option in options]
    return {"context_options": contexts, "continuation": after.strip(), "gold": int(value["answer"]) - 1}


RAW: tuple[tuple[set[str], Callable[[Mapping[str, Any]], dict[str, Any] | None]], ...] = (
    ({"ctx", "endings", "label"}, _hellaswag),
    ({"question", "answerKey"}, _arc),
    ({"question_stem", "choices", "answerKey"}, _openbook),
    ({"goal", "sol1", "sol2", "label"}, _piqa),
    ({"sentence", "option1", "option2", "answer"}, _winogrande),
)
"""Raw sets by the fields of their lines."""


def _form(first: Any, path: Path) -> Form:
    names = set(first) if isinstance(first, dict) else set()
    for needed, form in FORMS:
        if needed <= names:
            return form
    raise BadItems(
        f"{path.name} is of no known format: its first line has {', '.join(sorted(map(str, names))) or 'no fields'}.",
        hint="Known: query+choices+gold, context_options+continuation+gold, context+continuation, text, and the raw "
        "lines of HellaSwag, ARC, OpenBookQA, PIQA and WinoGrande.",
    )


def _convert(value: Any, form: Form, number: int) -> Any:
    if not isinstance(value, dict):
        return value
    known = {"id": f"line-{number}", "cluster": str(value.get("cluster", f"line-{number}"))}
    if form == "multiple_choice":
        query, choices = value.get("query"), value.get("choices")
        if isinstance(query, str):
            query = query.rstrip()
            # "Question: …" sets are asked with "Answer:", as lm-eval asks ARC and PIQA.
            query = f"{query}{ANSWER}" if query.startswith(QUESTION) else query
        if isinstance(choices, list):
            # A blank is put between query and choice when they are scored.
            choices = [choice.strip() if isinstance(choice, str) else choice for choice in choices]
        return {**known, "query": query, "choices": choices, "gold": _number(value.get("gold"))}
    if form == "partial":
        asked = {"continuation": value.get("continuation"), "gold": _number(value.get("gold"))}
        return {**known, "contexts": value.get("context_options"), **asked}
    if form == "last_word":
        return {**known, "context": value.get("context"), "word": value.get("continuation")}
    return {**known, "text": value.get("text")}


def _number(gold: Any) -> Any:
    """A number that was written as text."""
    return int(gold) if isinstance(gold, str) and gold.strip().isdecimal() else gold
