"""manifest.json of a masked corpus, and what masking says about its result."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from cleo_core.digest import digest_sorted, sha256_file
from cleo_core.files import read_jsonl, write_atomic, write_json
from cleo_core.markdown import table
from cleo_core.stage.declaration import Summary
from cleo_model.corpus.curate.clusters import CLUSTERS, Member, clusters_table
from cleo_model.corpus.pii.missed.account import MissedPii, missed_table, second_table
from cleo_model.corpus.plots import plot_missed, plot_pii
from cleo_model.corpus.record import DROPPED, HELDOUT, TRAIN, read_records

MANIFEST, CARD = "manifest.json", "data_card.md"
EXAMPLES = (DROPPED, CLUSTERS)
"""Files with examples of what curation did: records that were dropped, and clusters of near-duplicates."""


class MaskedSource(BaseModel):
    """What is in a corpus of one source."""

    train: int = 0
    heldout: int = 0
    bytes: int = 0
    licence: list[str]


class MaskedPii(BaseModel):
    """Personal values: how many places were replaced, how many values they held, and which records went with them."""

    replaced: dict[str, int]
    """By type."""
    distinct: dict[str, int]
    """By type."""
    by_source: dict[str, dict[str, int]] = {}
    """Places by source and type."""
    dropped: dict[str, int] = {}
    """Records by source, of those whose `replace` is drop."""
    missed: MissedPii | None = None


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


class Counts:
    """What masking did, by source."""

    def __init__(self) -> None:
        self.replaced: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.dropped: Counter[str] = Counter()
        self.kept = 0

    def add(self, source: str, replaced: Mapping[str, int], dropped: bool) -> None:
        if dropped:
            self.dropped[source] += 1
        else:
            self.replaced[source].update(replaced)
            self.kept += 1


def summarise(out: Path, counts: Counts, distinct: Mapping[str, int], missed: MissedPii) -> MaskingSummary:
    """Write the manifest, the pictures and the data card of the masked records in `out`; return what is shown."""
    sources: dict[str, Counter[str]] = defaultdict(Counter)
    licences: dict[str, set[str]] = defaultdict(set)

    def told() -> Iterator[str]:
        for name in (TRAIN, HELDOUT):
            for record in read_records(out / name):
                sources[record.source][name.removesuffix(".jsonl")] += 1
                sources[record.source]["bytes"] += len(record.text.encode())
                licences[record.source].add(record.licence)
                yield f"{name} {record.id} {record.sha256}"

    records_digest = digest_sorted(told())
    by_source = {source: dict(found) for source, found in sorted(counts.replaced.items()) if found}
    plot_pii(out / "pii.png", by_source)
    plot_missed(out / "pii_missed.png", missed.types)
    manifest = CorpusManifest(
        sources={
            source: MaskedSource(**each, licence=sorted(licences[source])) for source, each in sorted(sources.items())
        },
        records=sum(each[part] for each in sources.values() for part in ("train", "heldout")),
        records_digest=records_digest,
        pii=MaskedPii(
            replaced=dict(sum(counts.replaced.values(), Counter[str]())),
            distinct=dict(distinct),
            by_source=by_source,
            dropped=dict(counts.dropped),
            missed=missed,
        ),
        files={p.name: sha256_file(p) for p in sorted(out.iterdir()) if p.suffix in (".jsonl", ".json")},
    )
    write_json(out / MANIFEST, manifest.model_dump(mode="json"))
    tables = pii_markdown(manifest.pii)
    before = (out / CARD).read_text(encoding="utf-8").rstrip() if (out / CARD).is_file() else "# Data card"
    parts = [before, *(f"## {title}\n\n{text}" for title, text in tables.items())]
    write_atomic(out / CARD, "\n\n".join(parts) + "\n")
    return MaskingSummary(
        **manifest.model_dump(),
        notes=[
            f"Source {source}: {count} records held personal data and were dropped, as its `replace` says."
            for source, count in sorted(counts.dropped.items())
        ],
        markdown={
            **tables,
            "Examples of what curation dropped": _examples(out),
            "Near-duplicates (masked)": clusters_table(_clusters(out), texts=True),
        },
        plots=["pii.png", "pii_missed.png"],
    )


def pii_markdown(pii: MaskedPii) -> dict[str, str]:
    """What was found, replaced and missed, as tables by title."""
    sources = list(pii.by_source)
    rows = (
        [kind, *(pii.by_source[source].get(kind, 0) for source in sources), pii.distinct.get(kind, 0)]
        for kind in sorted(pii.distinct)
    )
    tables = {"Personal data": table(["type", *sources, "distinct"], rows, "l" + "r" * (len(sources) + 1))}
    if pii.dropped:
        told = ", ".join(f"{count:,} of {source}" for source, count in sorted(pii.dropped.items()))
        tables["Personal data"] += f"\n\nRecords that held personal data and were dropped: {told}."
    if pii.missed:
        tables["What masking missed, estimated"] = (
            "Invented values were planted into a copy of a sample of each source, at the ends of sentences, and the "
            "copy was masked by the same code. A value was missed when any letter or digit of it was left.\n\n"
            + missed_table(pii.by_source, pii.missed)
        )
        tables["What a second detector found"] = (
            "spaCy's names and Presidio's own recognizers read all short records and a sample of the others after "
            "masking; kinds that can be checked are judged, and surrogates left aside.\n\n" + second_table(pii.missed)
        )
    return tables


def _examples(out: Path) -> str:
    rows = (
        [row["domain"], row["reason"], re.sub(r"([<>`*_])", r"\\\1", " ".join(row["excerpt"].split())[:120])]
        for row in example_rows(out / DROPPED)
    )
    return table(["domain", "rule", "beginning (masked)"], rows, "lll")


def _clusters(out: Path) -> Iterator[Member]:
    return map(Member.model_validate, example_rows(out / CLUSTERS))


def example_rows(path: Path) -> list[dict[str, Any]]:
    """Examples of what curation did; none where there is no such file."""
    return list(read_jsonl(path)) if path.is_file() else []
