"""Items that stand in the training text: what a model scores on them says how well it remembers, not what it can do.

Curation drops every record that shares ten words with an item it knows. What is left are items it did not know (a file
of the user's own), and held-out passages with twins in the training part. An item counts as found where a fifth of its
sequences of ten words stand in the training text (the clean subset of Llama 2, arXiv:2307.09288, appendix A.6).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from cleo_core.files import read_jsonl
from evals.protocol import TaskSpec
from evals.tasks.forms import Item, text_of

CONTAMINATION = "contamination.json"
FOUND = 0.2
"""Share of an item's sequences from which on it counts as found."""


def contaminated(tasks: Mapping[TaskSpec, list[Item]], train: Path) -> dict[str, list[str]]:
    """By task, the ids of the items that stand in a training text (a JSON Lines file of records)."""
    from cleo_model.corpus.curate.overlap import Overlap

    known = [(spec, item) for spec, items in tasks.items() for item in items]
    overlap = Overlap.of([text_of(item, spec.form) for spec, item in known])
    # Of a record only its text: a folder of the user's own has no more in it than is needed.
    shares = overlap.shares((str(record.get("text") or "") for record in read_jsonl(train)), len(known))
    found: dict[str, list[str]] = {spec.name: [] for spec in tasks}
    for (spec, item), share in zip(known, shares, strict=True):
        if share >= FOUND:
            found[spec.name].append(str(item["id"]))
    return found


def contamination_file(tasks: Mapping[TaskSpec, list[Item]], train: Path) -> dict[str, bytes]:
    """The found items as a file of a task set, sealed with it; nothing where there is no training text."""
    if not train.is_file():
        return {}
    return {CONTAMINATION: json.dumps(contaminated(tasks, train), indent=1, sort_keys=True).encode()}


def read_contamination(folder: Path) -> dict[str, set[str]] | None:
    """What was found of each task of a set; None where nobody looked."""
    path = folder / CONTAMINATION
    if not path.is_file():
        return None
    return {name: set(ids) for name, ids in json.loads(path.read_text(encoding="utf-8")).items()}
