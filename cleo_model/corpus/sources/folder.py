"""A user's own text for `cleo train`: read as it is, with a part of it held out."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from cleo_core.progress import Reporter
from cleo_core.stage.declaration import Summary
from cleo_model.corpus.heldout import is_heldout
from cleo_model.corpus.record import HELDOUT, TRAIN, Record, write_records
from cleo_model.corpus.sources.item import Refused, RefusedRecord
from cleo_model.corpus.sources.readers import read_source
from cleo_model.corpus.sources.source import SUFFIXES, Kind, Source, SourcesSettings
from cleo_model.corpus.subjects import Subjects, write_subjects
from cleo_model.errors import EmptyCorpus, SourceError

# A document is held out by pieces of this many characters: one large file has a held-out part as well.
PIECE = 4000


class TextSettings(SourcesSettings):
    """Which files are read, and how much of them is held out."""

    heldout_share: float


class TextSummary(Summary):
    """What was read."""

    records: dict[str, dict[str, int]]
    """By part (train, heldout) and domain."""
    refused: list[RefusedRecord]


def sources_of(data: Path, subject: str = "") -> list[Source]:
    """The sources in a file or folder: text and JSON Lines, of which those with `messages` are conversations.

    Args:
        subject: field that says whose a record is; plain text has none.

    Raises:
        SourceError: there is no text or JSON Lines file.
    """
    files = [data] if data.is_file() else sorted(path for path in data.rglob("*") if path.is_file())
    found: dict[tuple[Kind, str], int] = {}
    sources: list[Source] = []
    for path in files:
        kinds: tuple[Kind, ...] = ("text", "jsonl", "parquet")
        kind = next((kind for kind in kinds if path.suffix.lower() in SUFFIXES[kind]), None)
        if kind is None:
            continue
        domain = "conversation" if kind == "jsonl" and _has_messages(path) else "documentation"
        number = found[kind, domain] = found.get((kind, domain), 0) + 1
        if number > 40:
            raise SourceError(f"{data} holds more than 40 {kind} files.", hint="Join them, or use the chain's sources.")
        name = f"{kind}-{domain}-{number}"
        sources.append(
            Source(
                name=name,
                domain=domain,
                kind=kind,
                location=str(path),
                licence="the user's own",
                origin=path.name,
                subject=subject if kind != "text" else "",
            )
        )
    if not sources:
        raise SourceError(f"{data} holds no text or JSON Lines file.", hint="Give a folder with .txt, .md or .jsonl.")
    return sources


def _has_messages(path: Path) -> bool:
    with path.open("rb") as handle:
        first = handle.readline(2**20)
    try:
        return "messages" in json.loads(first)
    except (ValueError, TypeError):
        return False


def read_folder(settings: TextSettings, out: Path, report: Reporter) -> TextSummary:
    """Write train.jsonl and heldout.jsonl.

    Raises:
        EmptyCorpus: there is no text.
        SourceError: a file cannot be read, or a record of it cannot be used.
    """
    refused = Refused(settings.max_record_bytes)
    counts: dict[str, Counter[str]] = {"train": Counter(), "heldout": Counter()}
    notes: list[str] = []

    def part(wanted: bool) -> Iterator[Record]:
        refused.records.clear()
        subjects = Subjects(settings.subjects)
        for number, source in enumerate(settings.sources):
            report("reading text", number, len(settings.sources), file=source.origin)
            for record in _records(source, refused, subjects):
                if record.text.strip() and is_heldout(record, settings.heldout_share) is wanted:
                    counts["heldout" if wanted else "train"][record.domain] += 1
                    yield record
            subjects.check(source)
        notes[:] = subjects.notes()

    write_records(out / TRAIN, part(False))
    write_records(out / HELDOUT, part(True))
    write_subjects(out)
    if not counts["train"].total():
        raise EmptyCorpus("There is no text to train on.", hint="Are the files empty, or larger than the limit?")
    records = {name: dict(found) for name, found in counts.items()}
    return TextSummary(records=records, refused=refused.records[:100], notes=notes)


def _records(source: Source, refused: Refused, subjects: Subjects) -> Iterator[Record]:
    for item in read_source(source, refused):
        if (subject := subjects.of(source, item.subject)) is None:
            continue
        pieces = [item.text] if item.messages else [item.text[i : i + PIECE] for i in range(0, len(item.text), PIECE)]
        for index, piece in enumerate(pieces):
            yield Record.make(
                name=f"{item.name}#{index}",
                source=source.name,
                domain=source.domain,
                licence=source.licence,
                text=piece,
                messages=item.messages,
                subject=subject,
            )
