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
from cleo_model.corpus.account import Account, account_markdown, shown
from cleo_model.corpus.canaries import CANARIES, plant
from cleo_model.corpus.heldout import document_key
from cleo_model.corpus.pii.planted import Planted, write_planted
from cleo_model.corpus.record import RECORDS, Record, write_records
from cleo_model.corpus.sources.builtin import read_builtin
from cleo_model.corpus.sources.documentation import package_licences
from cleo_model.corpus.sources.identity import Ids, IdSettings
from cleo_model.corpus.sources.item import Item
from cleo_model.corpus.sources.prose import PASSAGE, passages
from cleo_model.corpus.sources.readers import read_source
from cleo_model.corpus.sources.reading import EMPTY, ERASED, Reading
from cleo_model.corpus.sources.source import Kind, Source, SourcesSettings, profile_of
from cleo_model.corpus.subjects import Subjects
from cleo_model.errors import EmptyCorpus, SourceError

MANIFEST, CARD = "manifest.json", "data_card.md"
SHORTEST = 10
"""Characters of a record: one with fewer is a slip, for which quality would stop the whole corpus at the end."""
TOO_SHORT = f"shorter than {SHORTEST} characters"
LISTED = {"name", "domain", "kind", "location", "licence", "origin", "keep_names"}


class CollectSettings(SourcesSettings):
    """What a raw corpus is made from."""

    canaries: int
    seed: int
    """Of the generated dialogues and canaries."""
    ids: IdSettings = IdSettings()


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

    version: int = 2
    records: int
    sources: list[ListedSource]
    accounts: list[Account]
    """What became of each source's files and records."""
    planted: dict[str, int]
    canaries: int
    files: dict[str, str]
    """sha256 by name."""


class RawSummary(Summary):
    """What was collected."""

    records: int
    bytes: int
    domains: list[str]
    accounts: list[Account]
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
    readings = [Reading(source, settings.max_record_bytes) for source in sources]
    counts: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    planted: list[Planted] = []
    subjects, ids = Subjects(settings.subjects), Ids(settings.ids)

    def everything() -> Iterator[Record]:
        for number, reading in enumerate(readings):
            source = reading.source
            report("collect", number, len(sources), unit="sources", source=source.name)
            for made, item in _records(reading, settings.seed, subjects):
                record = ids(made)
                counts[source.name] += 1
                sizes[source.name] += len(record.text.encode())
                planted.extend(Planted(record.id, kind, value) for kind, value in item.planted)
                yield record
            for line in reading.account.lines():
                report(line)
            if not counts[source.name] and not subjects.left_out[source.name]:
                raise SourceError(
                    f"Source {source.name!r} ({shown(source.location)}) holds no text{_why(reading.account)}.",
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
    accounts = [reading.account for reading in readings]
    manifest = RawManifest(
        records=total,
        sources=listed,
        accounts=accounts,
        planted=dict(Counter(value.type for value in planted)),
        canaries=settings.canaries,
        files={name: sha256_file(out / name) for name in (RECORDS, CANARIES)},
    )
    write_json(out / MANIFEST, manifest.model_dump(mode="json"))
    card = _card(listed, accounts, settings, len(planted))
    write_atomic(out / CARD, card)
    return RawSummary(
        records=total,
        bytes=sum(sizes.values()),
        domains=sorted({source.domain for source in sources}),
        accounts=accounts,
        planted_values=len(planted),
        canaries=settings.canaries,
        notes=[*(line for account in accounts if account.lost for line in account.lines()), *subjects.notes()],
        markdown={"Data card": card},
    )


def _why(account: Account) -> str:
    return "".join(f"; {reason}: {found.count:,} ({found.examples[0]})" for reason, found in account.dropped.items())


def _records(reading: Reading, seed: int, subjects: Subjects) -> Iterator[tuple[Record, Item]]:
    source = reading.source
    left = source.limit_bytes
    for item in _builtin(reading, seed) if source.kind == "builtin" else read_source(reading):
        if (subject := subjects.of(source, item.subject)) is None:
            reading.take_back(ERASED, "by their key, and by no name")
            continue
        made = [record for record in _cut(source, item, subject) if record.text]
        if sum(len(record.text) for record in made) < SHORTEST:
            reading.take_back(TOO_SHORT if made else EMPTY, item.name)
            continue
        for record in made:
            if left is not None and (left := left - len(record.text.encode())) < 0:
                return
            yield record, item


def _builtin(reading: Reading, seed: int) -> Iterator[Item]:
    for item in read_builtin(reading.source, seed):
        reading.account.kept += 1
        yield item


def _cut(source: Source, item: Item, subject: str) -> Iterator[Record]:
    """A long document becomes several records, so that filters, deduplication and the held-out part see passages."""
    make = partial(
        Record.make, source=source.name, domain=source.domain, licence=item.licence or source.licence,
        keep_names=source.keep_names, profile=profile_of(source), replace=source.replace, subject=subject,
    )  # fmt: skip
    whole = make(name=item.name, text=item.text, messages=item.messages, group=item.group)
    if item.messages is not None or len(whole.text) <= 2 * PASSAGE:
        yield whole
    else:
        group = item.group or document_key(whole.text)
        for number, text in enumerate(passages(whole.text)):
            yield make(name=f"{item.name}#{number}", text=text, group=group)


def _card(listed: Sequence[ListedSource], accounts: Sequence[Account], settings: CollectSettings, planted: int) -> str:
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
    lines += ["", "## What was read, and what was left out", "", account_markdown(accounts)]
    return "\n".join(lines) + "\n"
