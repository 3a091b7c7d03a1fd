"""Review a masked corpus: plant values into a copy of a sample, and read the result with a second detector."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from cleo_core.files import read_jsonl
from cleo_core.progress import Reporter
from cleo_model.corpus.pii.masking.record import JOINT
from cleo_model.corpus.pii.masking.run import MaskedRow, row_of
from cleo_model.corpus.pii.missed.account import SecondReading, readings
from cleo_model.corpus.pii.missed.estimate import Estimate, estimates
from cleo_model.corpus.pii.missed.plant import Placed, Sample, missed, planted_rows, sample_size
from cleo_model.corpus.record import Record
from cleo_model.corpus.shards import run_workers, write_shards

SECOND = "cleo_model.corpus.pii.missed.second:second_shard"
SHORT = 200
"""Characters of a record up to which the second detector reads all: a name in few words is the easiest to miss."""
READ = 100_000
"""Characters of the longer records of a source that it reads."""


class Planting:
    """Copies of a sample of every source with values planted in them; they are masked in one go with the corpus.

    Args:
        languages: by source; English where a source is not named.
    """

    def __init__(self, languages: Mapping[str, str]) -> None:
        self._languages = languages
        self._sample = Sample(sample_size())
        self._texts: list[str] = []
        self._placed: list[Placed] = []

    def offer(self, record: Record) -> None:
        """A record of the corpus, which may be copied."""
        self._sample.add(record)

    def rows(self, number: int) -> Iterator[dict[str, Any]]:
        """The copies, numbered from here on."""
        copies, self._placed = planted_rows(self._sample.by_source(), self._languages)
        for place, copy in enumerate(copies):
            row = row_of(copy, number + place)
            self._texts.append(row["text"])
            yield {**row, "planted": True}

    def estimates(self, masked: Iterable[MaskedRow]) -> dict[str, dict[str, Estimate]]:
        """By source and type, once the copies were masked: how many values came through."""
        return estimates(missed(self._placed, self._texts, [row.spans for row in masked]))


def read_again(
    masked: Iterable[tuple[Record, MaskedRow]],
    sizes: Mapping[str, int],
    languages: Mapping[str, str],
    scratch: Path,
    model: str,
    size: int,
    workers: int,
    report: Reporter,
) -> dict[str, SecondReading]:
    """What the second detector finds in masked records, by source: in all that are short and a sample of the others.

    Args:
        sizes: characters of each source.
        languages: by source; English where a source is not named.
        model: folder of the spaCy pipeline.
        size: characters of a shard.
    """
    shards = write_shards(scratch / "second", _read(masked, sizes, languages), size)
    if not shards.count:
        return {}
    job = {"scratch": str(scratch), "model": model}
    run_workers("second detector", SECOND, job, shards.count, shards.characters, report, workers=workers)
    found = (row for path in sorted((scratch / "seen").glob("*.jsonl")) for row in read_jsonl(path))
    return readings(found)


def _read(
    masked: Iterable[tuple[Record, MaskedRow]], sizes: Mapping[str, int], languages: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    for record, row in masked:
        text = JOINT.join(row.pieces)
        share = READ / max(sizes[record.source], 1)
        rank = int.from_bytes(hashlib.sha256(f"second {record.id}".encode()).digest()[:8], "big")
        if row.dropped or (len(text) > SHORT and rank >= share * 2**64):
            continue
        known = {name: getattr(record, name) for name in ("id", "source", "profile", "keep_names")}
        known["language"] = languages.get(record.source, "en")
        yield {**known, "text": text, "made": list(_places(row))}


def _places(row: MaskedRow) -> Iterator[tuple[int, int]]:
    """Start and end of what masking put into the joined text."""
    start = 0
    for piece, made in zip(row.pieces, row.made, strict=True):
        yield from ((start + low, start + high) for low, high in made)
        start += len(piece) + len(JOINT)
