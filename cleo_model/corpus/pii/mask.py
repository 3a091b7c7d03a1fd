"""Mask: find personal data in the curated corpus and put something in its place, as each source says.

curated ──> shards ──detect, survey, replace (workers)──> masked records, in order ──> manifest
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, SecretBytes, field_serializer

from cleo_core.digest import digest_json
from cleo_core.errors import ConfigError
from cleo_core.files import write_jsonl
from cleo_core.progress import Reporter
from cleo_core.stage.declaration import StageSettings
from cleo_core.wheels import SPACY_EN, fetch
from cleo_model.corpus.canaries import CANARIES
from cleo_model.corpus.pii.manifest import CARD, EXAMPLES, Counts, MaskingSummary, example_rows, summarise
from cleo_model.corpus.pii.masking.run import MaskedRow, mask_rows, row_of, with_pieces
from cleo_model.corpus.pii.missed.account import MissedPii
from cleo_model.corpus.pii.missed.review import Planting, read_again
from cleo_model.corpus.pii.policy import MaskingPolicy, own_types
from cleo_model.corpus.record import HELDOUT, RESERVED, TRAIN, Record, read_records, write_records
from cleo_model.corpus.shards import compute, shard_size
from cleo_model.corpus.subjects import write_subjects
from cleo_model.errors import EmptyCorpus

SHORTEST_KEY = 16


class MaskSettings(StageSettings):
    """What decides which surrogate stands for which value."""

    key: SecretBytes
    """Secret of at least 16 bytes; the same key gives the same surrogates."""
    policies: dict[str, MaskingPolicy] = Field(default_factory=dict)
    """How each source is searched, by its name; one that is not named is searched as by default."""
    missed_limit: float = 5.0
    """Finds of the second detector in 100,000 characters of a source above which the corpus is blocked."""
    workers: int = Field(default=1, exclude=True)

    @field_serializer("key")
    def _digest(self, key: SecretBytes) -> str:
        # The fingerprint tells keys apart without holding one.
        return digest_json({"masking key": key.get_secret_value().hex()})


def checked_key(key: bytes) -> bytes:
    """The key, if it is long enough.

    Raises:
        ConfigError: it is too short.
    """
    if len(key) < SHORTEST_KEY:
        raise ConfigError(f"The masking key has {len(key)} bytes.", hint=f"Use at least {SHORTEST_KEY} random bytes.")
    return key


def detection(policies: Mapping[str, MaskingPolicy]) -> dict[str, Any]:
    """What the workers that find personal data are told.

    Raises:
        UnavailableSource: the spaCy wheel cannot be reached.
    """
    return {
        "model": str(next(fetch(SPACY_EN).glob("*/_model"))),
        "policies": {name: policy.model_dump(mode="json") for name, policy in policies.items()},
        "own": sorted({entity for policy in policies.values() for entity in own_types(policy)}),
    }


def mask(curated: Path, settings: MaskSettings, out: Path, report: Reporter, raw: Path | None = None) -> MaskingSummary:
    """Write train.jsonl, heldout.jsonl and dropped.jsonl without personal data, canaries.json, and manifest.json.

    What was found stays in the scratch folder, which goes: only counts and what took the place of values are kept.
    Canaries are left as they are. What was missed is estimated and looked for, and stands in the manifest.

    Args:
        raw: the raw corpus, whose data card is carried on.

    Raises:
        ConfigError: the key is too short.
        EmptyCorpus: there is no text, or every record was dropped for its personal data.
        UnavailableSource: the spaCy wheel cannot be reached.
        WorkerFailed: a worker process was ended.
    """
    key = checked_key(settings.key.get_secret_value())
    told = detection(settings.policies)
    scratch, counts = out / ".scratch", Counts()
    languages = {name: policy.language for name, policy in settings.policies.items()}
    planting, sizes = Planting(languages), Counter[str]()
    size = shard_size(curated / TRAIN, curated / HELDOUT)
    try:
        with compute(settings.workers):
            masked = mask_rows(_rows(curated, planting, sizes), scratch, key, told, size, settings.workers, report)
            if not sizes.total():
                raise EmptyCorpus("The curated corpus holds no text.", hint="Check the sources, then curate again.")
            rows = masked.rows()
            _write(curated, rows, counts, out)
            planted = planting.estimates(rows)
            pairs = zip(_searched(curated), masked.rows(), strict=False)  # examples and copies come after the records
            second = read_again(pairs, sizes, languages, scratch, told["model"], size, settings.workers, report)
    finally:
        # The scratch folder holds the corpus unmasked.
        shutil.rmtree(scratch, ignore_errors=True)
    for folder, name in ((curated, CANARIES), (raw, CARD)):
        if folder and (folder / name).is_file():
            shutil.copyfile(folder / name, out / name)
    write_subjects(out)
    missed = MissedPii(planted=planted, second=second, limit=settings.missed_limit)
    return summarise(out, counts, masked.distinct, missed)


def _searched(curated: Path) -> Iterator[Record]:
    return (record for name in (TRAIN, HELDOUT) for record in read_records(curated / name) if record.source != RESERVED)


def _rows(curated: Path, planting: Planting, sizes: Counter[str]) -> Iterator[dict[str, Any]]:
    """What the workers read: records, examples of what curation dropped, and copies with planted values."""
    number = 0
    for record in _searched(curated):
        planting.offer(record)
        sizes[record.source] += len(record.text)
        yield row_of(record, number)
        number += 1
    for name in EXAMPLES:
        for row in example_rows(curated / name):
            yield row_of(_excerpt(row), number)
            number += 1
    yield from planting.rows(number)


def _excerpt(row: dict[str, Any]) -> Record:
    return Record(
        id=row["id"], text=row["excerpt"], messages=None, source="", domain=row["domain"], licence="",
        profile=row["profile"],
    )  # fmt: skip


def _write(curated: Path, rows: Iterator[MaskedRow], counts: Counts, out: Path) -> None:
    for name in (TRAIN, HELDOUT):
        write_records(out / name, _records(curated / name, rows, counts))
    if not counts.kept:  # canaries are always kept
        raise EmptyCorpus(
            f"All {counts.dropped.total()} records held personal data and were dropped.",
            hint="Set `replace` of the source to surrogate or placeholder.",
        )
    for name in EXAMPLES:
        examples = example_rows(curated / name)
        write_jsonl(out / name, ({**row, "excerpt": next(rows).pieces[0]} for row in examples))


def _records(curated: Path, rows: Iterator[MaskedRow], counts: Counts) -> Iterator[Record]:
    for record in read_records(curated):
        if record.source == RESERVED:
            yield record
            continue
        row = next(rows)
        counts.add(record.source, row.replaced, row.dropped)
        if not row.dropped:
            yield with_pieces(record, row.pieces)
