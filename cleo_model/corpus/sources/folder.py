"""A user's own text for `cleo train`: read as it is, with a part of it held out."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from cleo_core.progress import Reporter
from cleo_core.settings import load
from cleo_model.corpus.curate.curate import is_heldout
from cleo_model.corpus.record import HELDOUT, TRAIN, Record
from cleo_model.corpus.sources.readers import Refused, read_source
from cleo_model.corpus.sources.source import SUFFIXES, Domain, Kind, Source
from cleo_model.errors import EmptyCorpus, SourceError
from cleo_model.settings import ModelSettings

__all__ = ["read_folder", "sources_of"]

# A document is held out by pieces of this many characters: one large file has a held-out part as well.
PIECE = 4000


def sources_of(data: Path) -> list[Source]:
    """The sources in a file or folder: text and JSON Lines, of which those with `messages` are conversations.

    Raises:
        SourceError: there is no text or JSON Lines file.
    """
    files = [data] if data.is_file() else sorted(path for path in data.rglob("*") if path.is_file())
    found: dict[tuple[Kind, Domain], int] = {}
    sources: list[Source] = []
    for path in files:
        kinds: tuple[Kind, ...] = ("text", "jsonl", "parquet")
        kind = next((kind for kind in kinds if path.suffix.lower() in SUFFIXES[kind]), None)
        if kind is None:
            continue
        domain: Domain = "conversation" if kind == "jsonl" and _has_messages(path) else "domain"
        number = found[kind, domain] = found.get((kind, domain), 0) + 1
        if number > 40:
            raise SourceError(f"{data} holds more than 40 {kind} files.", hint="Join them, or use the chain's sources.")
        name = f"{kind}-{domain}-{number}"
        sources.append(
            Source(name=name, domain=domain, kind=kind, location=str(path), licence="the user's own", origin=path.name)
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


def read_folder(sources: list[Source], out: Path, report: Reporter) -> dict[str, Any]:
    """Write train.jsonl and heldout.jsonl; returns how many records there are by domain.

    Raises:
        EmptyCorpus: there is no text.
        SourceError: a file cannot be read, or a record of it cannot be used.
    """
    settings = load(ModelSettings)
    refused = Refused(settings.max_record_bytes)
    counts: Counter[str] = Counter()
    with (out / TRAIN).open("w", encoding="utf-8") as train, (out / HELDOUT).open("w", encoding="utf-8") as heldout:
        for number, source in enumerate(sources):
            report("reading text", number, len(sources), file=source.origin)
            for record in _records(source, refused):
                if not record.text.strip():
                    continue
                kept = is_heldout(record, settings.heldout_share)
                (heldout if kept else train).write(json.dumps(record.to_json(), ensure_ascii=False) + "\n")
                counts[record.domain] += not kept
    if not counts.total():
        raise EmptyCorpus("There is no text to train on.", hint="Are the files empty, or larger than the limit?")
    return {"records": dict(counts), "refused": refused.records[:100]}


def _records(source: Source, refused: Refused) -> Any:
    for item in read_source(source, refused):
        pieces = [item.text] if item.messages else [item.text[i : i + PIECE] for i in range(0, len(item.text), PIECE)]
        for index, piece in enumerate(pieces):
            yield Record.make(
                name=f"{item.name}#{index}",
                source=source.name,
                domain=source.domain,
                licence=source.licence,
                text=piece,
                messages=item.messages,
            )
