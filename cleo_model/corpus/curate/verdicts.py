"""Verdicts: what curation decided about each record, a line each, in the order of the records.

The steps write them beside their shards; whoever reads the corpus again reads them along with it, so that nobody holds
the verdicts of a whole corpus in memory.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from typing import IO, TYPE_CHECKING

from cleo_core.files import read_jsonl
from cleo_model.corpus.record import RESERVED, Record, read_records

if TYPE_CHECKING:
    from datatrove.data import Document

NEAR, CODE = "near_duplicate", "mostly_code"
TOLD = ("number", "quality", "cluster", "size", "code", "evaluation")
"""What of a document's metadata a verdict says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """About one record."""

    number: int
    """Its place among the records, from 0."""
    reason: str = ""
    """Why it is dropped; empty where it is kept."""
    quality: float | None = None
    """Its score, where it came so far as to be scored."""
    cluster: int = -1
    """Which near-duplicates it is one of; -1 for none."""
    size: int = 1
    """How many these are."""
    code: bool = False
    """Whether it is a piece of a document and nothing but code: kept where the document has text."""
    evaluation: list[int] = field(default_factory=list)
    """Numbers of the evaluation texts that were found in it."""


KEPT = Verdict(number=-1)
"""Of a record that no step speaks about: a planted canary."""


class VerdictWriter:
    """Writes the verdicts of one step as datatrove's writers do: used as a context, a file for each rank.

    Args:
        reason: of every document that is written; by default what the filter says, and none where it is kept.
    """

    def __init__(self, folder: str, reason: str = "") -> None:
        self.folder = Path(folder)
        self.reason = reason
        self._file: IO[str] | None = None

    def __enter__(self) -> VerdictWriter:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file:
            self._file.close()
            self._file = None

    def write(self, document: Document, rank: int = 0) -> None:
        if self._file is None:
            self._file = (self.folder / f"{rank:05d}.jsonl").open("w", encoding="utf-8")
        known = document.metadata
        told = {name: known[name] for name in TOLD if name in known}
        reason = self.reason or known.get("filter_reason", "")
        self._file.write(json.dumps({**told, "reason": reason}) + "\n")


def read_verdicts(folder: Path) -> Iterator[Verdict]:
    """The verdicts of all steps, whose folders lie in this one, in the order of the records."""

    def of_step(step: Path) -> Iterator[Verdict]:
        for path in sorted(step.glob("*.jsonl")):
            for row in read_jsonl(path):
                yield Verdict(**row)

    steps = [of_step(step) for step in sorted(folder.iterdir()) if step.is_dir()] if folder.is_dir() else []
    return heapq.merge(*steps, key=attrgetter("number"))


def judged(records: Path, verdicts: Path) -> Iterator[tuple[Record, Verdict]]:
    """Every record with what was decided about it."""
    waiting = read_verdicts(verdicts)
    following = next(waiting, None)
    for number, record in enumerate(read_records(records)):
        if record.source != RESERVED and following is not None and following.number == number:
            yield record, following
            following = next(waiting, None)
        else:
            yield record, KEPT
