"""Planted values that survived masking."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from pydantic import BaseModel

from cleo_core.files import read_jsonl
from cleo_model.corpus.curate.clusters import CLUSTERS
from cleo_model.corpus.pii.masking.repeats import Repeats, entry
from cleo_model.corpus.pii.planted import Planted
from cleo_model.corpus.pii.values import fold
from cleo_model.corpus.record import DROPPED, HELDOUT, TRAIN


class Residue(BaseModel):
    """A planted value that survived masking, without the value itself."""

    record: str
    type: str
    file: str


def residue(masked: Path, planted: Sequence[Planted]) -> list[Residue]:
    """Planted values that survived masking: whole anywhere in the corpus, or a word of a name in its own record.

    Case and white space do not matter; for numbers nothing but letters and digits does. One pass over the corpus,
    however many values were planted. Returns an empty list when all is well.
    """
    index = Repeats.of((value.value, number) for number, value in enumerate(planted, 1))
    # Of values with one form the index knows the first.
    same: defaultdict[str, list[Planted]] = defaultdict(list)
    own: defaultdict[str, list[Planted]] = defaultdict(list)
    for value in planted:
        if known := entry(value.value):
            same[known[2]].append(value)
        own[value.record].append(value)
    survived: dict[tuple[str, str, str], Residue] = {}
    for name in (TRAIN, HELDOUT, DROPPED, CLUSTERS):
        for identity, text in _texts(masked / name):
            found = [planted[number - 1] for _, _, number in index.find(text)]
            left = [value for each in found if (known := entry(each.value)) for value in same[known[2]]]
            left += [value for value in own[identity] if _stands_in(value, text)]
            for value in left:
                row = Residue(record=value.record, type=value.type, file=name)
                survived[value.record, value.value, name] = row
    return list(survived.values())


def _texts(path: Path) -> Iterable[tuple[str, str]]:
    for row in read_jsonl(path) if path.is_file() else ():
        said = [message["content"] for message in row.get("messages") or ()]
        yield row["id"], "\n".join([row.get("text") or row.get("excerpt", ""), *said])


def _stands_in(value: Planted, text: str) -> bool:
    """Whether a value stands in its own record, if only in part or as part of a longer word."""
    if fold(value.value) in fold(text):
        return True
    if value.type == "PERSON":
        words = [word for word in value.value.split() if len(word) > 2]
        return any(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE) for word in words)
    digits = re.sub(r"[^0-9a-z]", "", fold(value.value))
    return len(digits) >= 9 and digits.isdigit() and digits in re.sub(r"[^0-9a-z]", "", fold(text))
