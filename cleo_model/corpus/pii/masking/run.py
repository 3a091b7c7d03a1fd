"""Mask rows of text in worker processes: the same bytes for any number of them, and memory for the values' hashes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cleo_core.files import read_jsonl
from cleo_core.progress import Reporter
from cleo_model.corpus.pii.masking.record import JOINT
from cleo_model.corpus.pii.masking.steps import MASKED, SHARDS, SURVEYS, VOCABULARY
from cleo_model.corpus.pii.masking.vocabulary import unite
from cleo_model.corpus.record import Record
from cleo_model.corpus.shards import run_workers, write_shards

STEPS = "cleo_model.corpus.pii.masking.steps"
DETECT = "cleo_model.corpus.pii.detect:detect_shard"


@dataclass(frozen=True, slots=True)
class MaskedRow:
    """What became of a row."""

    number: int
    pieces: list[str]
    replaced: dict[str, int]
    """Places by type."""
    dropped: bool
    """Its source drops what holds personal data, and it held some."""
    spans: list[list[int]]
    """Start and end of each place in the text of the row."""
    made: list[list[list[int]]]
    """For each piece the start and end of what took their places."""


@dataclass(frozen=True, slots=True)
class Masked:
    """Rows after masking."""

    rows: Callable[[], Iterator[MaskedRow]]
    """In the order of their numbers, read from the scratch folder one at a time."""
    distinct: dict[str, int]
    """How many different values there were, by type."""


def row_of(record: Record, number: int) -> dict[str, Any]:
    """A record as the workers read it: its fields, and its pieces (the messages) as one text."""
    pieces = pieces_of(record)
    kept = {name: getattr(record, name) for name in Record.__slots__ if name not in ("text", "messages", "sha256")}
    return {**kept, "number": number, "text": JOINT.join(pieces), "lengths": list(map(len, pieces))}


def pieces_of(record: Record) -> list[str]:
    """Every text of a record that masking reads: all that a message holds but its role."""
    if record.messages is None:
        return [record.text]
    return [text for message in record.messages for name, text in message.items() if name != "role"]


def with_pieces(record: Record, pieces: list[str]) -> Record:
    """The record with these texts in place of its own."""
    if record.messages is None:
        return record.with_text(pieces[0], None)
    left = iter(pieces)
    return record.with_text(
        "",
        [
            {name: text if name == "role" else next(left) for name, text in message.items()}
            for message in record.messages
        ],
    )


def mask_rows(
    rows: Iterable[Mapping[str, Any]],
    scratch: Path,
    key: bytes,
    detection: Mapping[str, Any],
    size: int,
    workers: int,
    report: Reporter,
) -> Masked:
    """Find and replace the personal data of rows as `row_of` makes them, numbered in their order.

    Args:
        scratch: an empty folder, which will hold the text unmasked; the caller removes it.
        key: of the surrogates.
        detection: what `detect_shard` is told beside the shards, as JSON values.
        size: characters of a shard (`shards.shard_size`).

    Raises:
        WorkerFailed: a worker process was ended.
    """
    shards = write_shards(scratch / SHARDS, rows, size)
    job = {"scratch": str(scratch), "key": key.hex(), **detection}

    def run(step: str, target: str) -> None:
        if shards.count:
            run_workers(step, target, job, shards.count, shards.characters, report, workers=workers)

    run("find personal data", DETECT)
    run("list values", f"{STEPS}:survey_shard")
    distinct = unite(sorted((scratch / SURVEYS).glob("*")), scratch / VOCABULARY)
    run("replace personal data", f"{STEPS}:replace_shard")

    def masked() -> Iterator[MaskedRow]:
        # The shards were cut in the order of the rows.
        return (MaskedRow(**row) for path in sorted((scratch / MASKED).glob("*.jsonl")) for row in read_jsonl(path))

    return Masked(masked, distinct)
