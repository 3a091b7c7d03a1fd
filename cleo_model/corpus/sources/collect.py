"""Collect: read every source into one file of records, each with id, source, licence and sha256."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from pydantic import BaseModel

from cleo_core.digest import sha256_file
from cleo_core.files import write_atomic, write_json
from cleo_core.markdown import table
from cleo_core.progress import Reporter
from cleo_core.stage.declaration import Summary
from cleo_model.corpus.canaries import CANARIES, plant
from cleo_model.corpus.pii.planted import Planted, write_planted
from cleo_model.corpus.record import RECORDS, Record, write_records
from cleo_model.corpus.sources.builtin import read_builtin
from cleo_model.corpus.sources.documentation import package_licences
from cleo_model.corpus.sources.item import Item, Refused, RefusedRecord
from cleo_model.corpus.sources.prose import PASSAGE, passages
from cleo_model.corpus.sources.readers import read_source
from cleo_model.corpus.sources.source import Kind, Source, SourcesSettings, profile_of
from cleo_model.corpus.subjects import Subjects
from cleo_model.errors import EmptyCorpus, SourceError

MANIFEST, CARD = "manifest.json", "data_card.md"
LISTED = {"name", "domain", "kind", "location", "licence", "origin", "keep_names"}


class CollectSettings(SourcesSettings):
    """What a raw corpus is made from."""

    canaries: int
    seed: int
    """Of the generated dialogues and canaries."""


class ListedSource(BaseModel):
    """A source as the manifest lists it, and how much it gave."""

    name: str
    domain: str
    kind: Kind
    location: str
    licence: str
    origin: str
    keep_names: bool
    records: int
    bytes: int


class RawManifest(BaseModel):
    """manifest.json of a raw corpus."""

    version: int = 1
    records: int
    sources: list[ListedSource]
    refused: list[RefusedRecord]
    planted: dict[str, int]
    canaries: int
    files: dict[str, str]
    """sha256 by name."""


class RawSummary(Summary):
    """What was collected."""

    records: int
    bytes: int
    domains: list[str]
    refused: list[RefusedRecord]
    """The first hundred that were too large."""
    planted_values: int
    canaries: int


def collect(settings: CollectSettings, out: Path, report: Reporter) -> RawSummary:
    """Write records.jsonl, manifest.json, data_card.md and the side files of what was planted.

    Raises:
        SourceError: a source is empty, or cannot be read; names the file and the place in it.
        UnavailableSource: a wheel or data set cannot be reached.
        EmptyCorpus: no source was given.
    """
    sources = settings.sources
    if not sources:
        raise EmptyCorpus("No source was given.", hint="Leave CLEO_MODEL_SOURCES unset to use the built-in ones.")
    refused = Refused(settings.max_record_bytes)
    counts: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    planted: list[Planted] = []
    subjects = Subjects(settings.subjects)

    def everything() -> Iterator[Record]:
        for number, source in enumerate(sources):
            report("collect", number, len(sources), unit="sources", source=source.name)
            for record, item in _records(source, refused, settings.seed, subjects):
                counts[source.name] += 1
                sizes[source.name] += len(record.text.encode())
                planted.extend(Planted(record.id, kind, value) for kind, value in item.planted)
                yield record
            if not counts[source.name] and not subjects.left_out[source.name]:
                left_out = " All its records are above the size limit." if refused.records else ""
                raise SourceError(
                    f"Source {source.name!r} ({source.location}) holds no text.{left_out}",
                    hint="Put text there, take the source away, or raise CLEO_MODEL_MAX_RECORD_BYTES.",
                )
            subjects.check(source)
        yield from plant(settings.canaries, settings.seed, out)

    total = write_records(out / RECORDS, everything())
    write_planted(out, planted)
    report("collect", len(sources), len(sources), unit="sources", records=total)
    listed = [
        ListedSource(**source.model_dump(include=LISTED), records=counts[source.name], bytes=sizes[source.name])
        for source in sources
    ]
    manifest = RawManifest(
        records=total,
        sources=listed,
        refused=refused.records,
        planted=dict(Counter(value.type for value in planted)),
        canaries=settings.canaries,
        files={name: sha256_file(out / name) for name in (RECORDS, CANARIES)},
    )
    write_json(out / MANIFEST, manifest.model_dump(mode="json"))
    card = _card(listed, refused.records, settings, len(planted))
    write_atomic(out / CARD, card)
    return RawSummary(
        records=total,
        bytes=sum(sizes.values()),
        domains=sorted({source.domain for source in sources}),
        refused=refused.records[:100],
        planted_values=len(planted),
        canaries=settings.canaries,
        notes=subjects.notes(),
        markdown={"Data card": card},
    )


def _records(source: Source, refused: Refused, seed: int, subjects: Subjects) -> Iterator[tuple[Record, Item]]:
    left = source.limit_bytes
    for item in read_builtin(source, seed) if source.kind == "builtin" else read_source(source, refused):
        if (subject := subjects.of(source, item.subject)) is None:
            continue
        for record in _cut(source, item, subject):
            if not record.text:
                continue
            if left is not None and (left := left - len(record.text.encode())) < 0:
                return
            yield record, item


def _cut(source: Source, item: Item, subject: str) -> Iterator[Record]:
    """A long document becomes several records, so that filters, deduplication and the held-out part see passages."""
    make = partial(
        Record.make, source=source.name, domain=source.domain, licence=item.licence or source.licence,
        group=item.group, keep_names=source.keep_names, profile=profile_of(source), subject=subject,
    )  # fmt: skip
    whole = make(name=item.name, text=item.text, messages=item.messages)
    if item.messages is not None or len(whole.text) <= 2 * PASSAGE:
        yield whole
    else:
        yield from (make(name=f"{item.name}#{n}", text=text) for n, text in enumerate(passages(whole.text)))


def _card(
    listed: Sequence[ListedSource], refused: Sequence[RefusedRecord], settings: CollectSettings, planted: int
) -> str:
    rows = [
        [s.name, s.domain, s.records, f"{s.bytes / 1e6:.2f}", s.licence, s.origin or f"{s.kind}: {s.location}"]
        for s in listed
    ]
    lines = ["# Data card", "", table(["source", "domain", "records", "MB", "licence", "origin"], rows, "llrrll")]
    if any(entry.location == "documentation" for entry in listed if entry.kind == "builtin"):
        lines += ["", "Packages whose documentation is read:", ""]
        lines += [f"- {name} {version}: {licence}" for name, (version, licence) in package_licences().items()]
    if kept := [entry.name for entry in listed if entry.keep_names]:
        lines += ["", f"Names of people are kept, as those of public figures, in: {', '.join(kept)}."]
    lines += ["", "## What was added", ""]
    lines += [
        f"- {planted} invented personal values (names, addresses, numbers) to test masking; masking removes them."
    ]
    lines += [f"- {settings.canaries} canaries: random sentences that show how much a model memorises."]
    if refused:
        lines += ["", f"## Left out: larger than {settings.max_record_bytes:,} bytes", ""]
        lines += [f"- {entry.record}: {entry.bytes:,} bytes" for entry in refused[:100]]
    return "\n".join(lines) + "\n"
