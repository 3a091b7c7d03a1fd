"""Which tasks there are: hand-written ones, and ones made from the held-out corpus."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from cleo_core.settings import load
from evals.protocol import Form, Protocol, TaskSpec
from evals.settings import EvalSettings
from evals.settings import protocol as rules
from evals.tasks.contamination import contamination_file
from evals.tasks.forms import DATA, Item, read_items, text_of
from evals.tasks.heldout import documents, last_words, read_heldout
from evals.tasks.imported import read_files
from evals.tasks.sealed import TaskSet, seal

OWN = "written for this project (Apache-2.0)"
HANDWRITTEN: dict[str, tuple[Form, str]] = {
    "cleo_knowledge": ("multiple_choice", "general knowledge: nature, places, history, language, numbers"),
    "cleo_commonsense": ("multiple_choice", "what follows, what something is for, what a person would do"),
    "cleo_python": ("multiple_choice", "Python and its standard library"),
    "cleo_last_word": ("last_word", "the last word of a short story"),
}

LAST_WORDS = 120
"""Most items of the last-word task from held-out text; fewer when the corpus gives fewer."""
DOCUMENTS = 32
"""Most documents of each domain's perplexity task."""
FEWEST = {"last_word": 32, "perplexity": 8}
"""A task with fewer items says nothing and is left out; in the macro difference it would drown the others in noise."""
CANARIES, TRAIN = "canaries.json", "train.jsonl"
RUNNING = ("prose", "general")
"""Profiles of text in whole sentences, of which the last word can be asked for."""


@cache
def handwritten() -> dict[TaskSpec, list[Item]]:
    """The hand-written tasks."""
    found = {}
    for name, (form, what) in HANDWRITTEN.items():
        spec = TaskSpec(name=name, form=form, items=0, sha256="", what=what, origin=OWN)
        found[spec] = read_items(DATA / f"{name.removeprefix('cleo_')}.jsonl", form)
    return found


def decontamination_texts() -> list[str]:
    """Each item with its right answer, hand-written or in a file of CLEO_EVALS_ITEMS: text that must not be trained on.

    Imports no torch.
    """
    registered = read_files(load(EvalSettings).items)
    return [text_of(item, spec.form) for tasks in (handwritten(), registered) for spec in tasks for item in tasks[spec]]


def build(masked: Path | None, out: Path, *, protocol: Protocol | None = None, limit: int | None = None) -> TaskSet:
    """Write the task set into `out` and seal it.

    Args:
        masked: folder with ``heldout.jsonl``; None leaves the tasks out that need it.
        out: an empty folder.
        protocol: margins and the like, sealed with the items; by default those of the settings.
        limit: at most so many items per task, the first of each (for quick looks; it changes the seal).

    Raises:
        BadItems: ``heldout.jsonl`` is missing or broken.
    """
    tasks = dict(handwritten())
    heldout = read_heldout(masked) if masked else {}
    running = [record for records in heldout.values() for record in records if record.get("profile") in RUNNING]
    if len(items := last_words(running, LAST_WORDS)) >= FEWEST["last_word"]:
        what = "the last word of a held-out passage, which stands in it before"
        origin = "held-out running text of the corpus"
        spec = TaskSpec(name="heldout_last_word", form="last_word", items=0, sha256="", what=what, origin=origin)
        tasks[spec] = items
    for domain, records in sorted(heldout.items()):
        origin = f"held-out {domain} records of the corpus"
        if len(items := documents(records, DOCUMENTS)) >= FEWEST["perplexity"]:
            what = f"bits per byte of held-out {domain} text"
            spec = TaskSpec(name=f"heldout_{domain}", form="perplexity", items=0, sha256="", what=what, origin=origin)
            tasks[spec] = items
    if limit is not None:
        tasks = {spec: items[:limit] for spec, items in tasks.items()}
    canaries = masked / CANARIES if masked else None
    extras = {CANARIES: canaries.read_bytes()} if canaries and canaries.is_file() else {}
    if masked:
        extras |= contamination_file(tasks, masked / TRAIN)
    return seal(out, tasks, protocol or rules(), extras)
