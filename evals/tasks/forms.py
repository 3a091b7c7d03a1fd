"""The forms a task can have, as lm-eval configurations, and what one item of each form looks like.

    multiple_choice   id, cluster, query, choices, gold           which continuation of the query is likeliest
    partial           id, cluster, contexts, continuation, gold   after which context is the continuation likeliest
    last_word         id, cluster, context, word                  LAMBADA (Paperno et al. 2016, arXiv:1606.06031)
    perplexity        id, cluster, text                           bits per byte of a document

A configuration names fields only, never a Python function: items and task folders are data, not code.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from cleo_core.errors import InputError
from cleo_core.files import numbered_jsonl
from evals.errors import BadItems
from evals.protocol import Form, TaskSpec

Item = dict[str, Any]

MAX_TEXT = 40_000  # characters of one field; longer is no item but a mistake
DATA = Path(__file__).with_name("data")
FORMS: dict[Form, dict[str, Any]] = yaml.safe_load((DATA / "forms.yaml").read_text(encoding="utf-8"))

SHAPES: dict[Form, dict[str, type]] = {
    "multiple_choice": {"query": str, "choices": list, "gold": int},
    "partial": {"contexts": list, "continuation": str, "gold": int},
    "last_word": {"context": str, "word": str},
    "perplexity": {"text": str},
}


def configuration(spec: TaskSpec, data: str, cache: str | None = None) -> dict[str, Any]:
    """The lm-eval configuration of a task whose items lie in the file `data`."""
    kwargs: dict[str, Any] = {"data_files": {"test": data}}
    if cache:
        kwargs["cache_dir"] = cache
    return {
        "task": spec.name,
        "dataset_path": "json",
        "dataset_kwargs": kwargs,
        "test_split": "test",
        "num_fewshot": 0,
        **FORMS[spec.form],
        "metadata": {"version": 1.0},
    }


def write_yaml(spec: TaskSpec, folder: Path, data: str, cache: str | None = None) -> Path:
    path = folder / f"{spec.name}.yaml"
    path.write_text(yaml.safe_dump(configuration(spec, data, cache), sort_keys=False, allow_unicode=True))
    return path


def check_item(item: Any, form: Form, where: str) -> Item:
    """Return the item when it has the shape of its form.

    Raises:
        BadItems: names the file and line, and what is wrong.
    """
    if not isinstance(item, dict):
        raise BadItems(f"{where}: not a JSON object.")
    for name, kind in {"id": str, "cluster": str, **SHAPES[form]}.items():
        value = item.get(name)
        if not isinstance(value, kind) or isinstance(value, bool):
            raise BadItems(f"{where}: {name!r} is {str(value)[:40]!r}, not a {kind.__name__}.")
        if isinstance(value, str) and (not value.strip() or len(value) > MAX_TEXT):
            raise BadItems(f"{where}: {name!r} is empty or longer than {MAX_TEXT} characters.")
    if (options := item.get("choices", item.get("contexts"))) is not None:
        if not all(isinstance(option, str) and option.strip() and len(option) <= MAX_TEXT for option in options):
            raise BadItems(f"{where}: a choice is empty, too long, or not text.")
        if not 2 <= len(set(options)) <= len(options) <= 26:
            raise BadItems(f"{where}: there must be 2 to 26 different choices, found {len(set(options))}.")
        if not 0 <= item["gold"] < len(options):
            raise BadItems(f"{where}: gold is {item['gold']}, but there are {len(options)} choices, counted from 0.")
        if options.count(options[item["gold"]]) > 1:
            raise BadItems(f"{where}: the right choice stands there twice, so that no answer is the right one.")
    return {name: item[name] for name in ("id", "cluster", *SHAPES[form])}


def read_items(path: Path, form: Form) -> list[Item]:
    """Read and check a JSON Lines file of items; ids must be unique.

    Raises:
        BadItems: the file cannot be read, is empty, or a line of it is not an item.
    """
    items = [check_item(value, form, f"{path.name} line {line}") for line, value in read_lines(path)]
    seen: set[str] = set()
    for item in items:
        if item["id"] in seen:
            raise BadItems(f"{path.name}: id {item['id']!r} is used twice.")
        seen.add(item["id"])
    return items


def read_lines(path: Path) -> list[tuple[int, Any]]:
    """The JSON values of a file with their line numbers.

    Raises:
        BadItems: no such file, not UTF-8, not JSON, or nothing in it.
    """
    try:
        values = list(numbered_jsonl(path))
    except OSError as error:
        raise BadItems(f"{path} cannot be read: {error.strerror}.", hint="Give a JSON Lines file.") from None
    except InputError as error:
        raise BadItems(error.message, hint=error.hint) from None
    if not values:
        raise BadItems(f"{path} has no items.", hint="One JSON object per line.")
    return values


def text_of(item: Item, form: Form) -> str:
    """The item with its right answer, as running text: what must not be in the training data."""
    if form == "multiple_choice":
        return f"{item['query']} {item['choices'][item['gold']]}"
    if form == "partial":
        return f"{item['contexts'][item['gold']]} {item['continuation']}"
    if form == "last_word":
        return f"{item['context']} {item['word']}"
    return str(item["text"])
