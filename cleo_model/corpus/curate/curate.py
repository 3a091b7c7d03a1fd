"""Curate: language, quality by domain, exact and near duplicates, decontamination; then the held-out split."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from cleo_core.progress import Reporter
from cleo_core.settings import load
from cleo_model.corpus.canaries import CANARIES
from cleo_model.corpus.pii.planted import PLANTED
from cleo_model.corpus.record import DROPPED, HELDOUT, RECORDS, TRAIN, Record, read_records, write_records
from cleo_model.corpus.shards import run_workers
from cleo_model.corpus.sources.source import RESERVED
from cleo_model.errors import EmptyCorpus
from cleo_model.settings import ModelSettings

__all__ = ["curate", "is_heldout"]

EXAMPLES = 4
"""Records kept of each reason for dropping, so that a person can judge the filters."""
EXCERPT = 600
DOMAINS = ("prose", "domain", "conversation")


def is_heldout(record: Record, share: float) -> bool:
    """Whether a record is held out: by the hash of its group, so it stays so however the rest of the corpus changes."""
    if record.source == RESERVED:
        return False
    digest = hashlib.sha256(f"heldout {record.group or record.id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") < share * 2**64


def curate(
    raw: Path, out: Path, eval_texts: Sequence[str], report: Reporter, *, settings: ModelSettings | None = None
) -> dict[str, Any]:
    """Write train.jsonl, heldout.jsonl, dropped.jsonl (examples) and carry over the side files of `collect`.

    Returns a summary: what was kept and dropped by domain and reason, with a table and a plot.

    Raises:
        EmptyCorpus: the filters left nothing to train on, or nothing held out; says what dropped most.
        WorkerFailed: a worker process was ended.
    """
    settings = settings or load(ModelSettings)
    scratch = out / ".scratch"
    try:
        reasons = _screen(raw, scratch, eval_texts, report, settings.corpus_workers)
        for name in (PLANTED, CANARIES):
            if (raw / name).is_file():
                shutil.copyfile(raw / name, out / name)
        return _split(raw, out, reasons, settings.heldout_share)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _screen(raw: Path, scratch: Path, eval_texts: Sequence[str], report: Reporter, ranks: int) -> dict[str, str]:
    """The reason for each record that is dropped, by its id."""
    shards = scratch / "shards"
    shards.mkdir(parents=True)
    total = _shard(raw, shards, ranks)
    if not total:
        raise EmptyCorpus("The raw corpus holds no text.", hint="Check the sources, then collect again.")
    texts = scratch / "eval_texts.json"
    texts.write_text(json.dumps(list(eval_texts)), encoding="utf-8")
    job = {"scratch": str(scratch), "ranks": ranks, "eval_texts": str(texts)}
    run_workers("find exact duplicates", job, 1, 1, report)
    run_workers("screen", job, ranks, total, report)
    run_workers("find near duplicates", job, 1, 1, report)
    reasons = {}
    for path in sorted((scratch / "dropped").rglob("*.jsonl")):
        for row in map(json.loads, path.read_text(encoding="utf-8").splitlines()):
            step = path.parent.name
            reasons[row["id"]] = step if step.endswith("duplicate") else row["metadata"].get("filter_reason", step)
    return reasons


def _shard(raw: Path, folder: Path, ranks: int) -> int:
    """Deal the records out so that each rank has about as many characters; returns the characters."""
    handles = [(folder / f"{rank:05d}.jsonl").open("w", encoding="utf-8") for rank in range(ranks)]
    sizes = [0] * ranks
    try:
        for record in read_records(raw / RECORDS):
            if record.source == RESERVED:
                continue
            rank = sizes.index(min(sizes))
            sizes[rank] += len(record.text)
            line = {"id": record.id, "text": record.text, "metadata": {"domain": record.domain}}
            handles[rank].write(json.dumps(line, ensure_ascii=False) + "\n")
    finally:
        for handle in handles:
            handle.close()
    return sum(sizes)


def _split(raw: Path, out: Path, reasons: dict[str, str], share: float) -> dict[str, Any]:
    kept: dict[str, Counter[str]] = {"train": Counter(), "heldout": Counter()}
    sizes: dict[str, Counter[str]] = {"train": Counter(), "heldout": Counter()}
    dropped: Counter[tuple[str, str]] = Counter()
    seen: Counter[str] = Counter()
    examples: list[Record] = []

    def part(wanted: bool) -> Iterator[Record]:
        name = "heldout" if wanted else "train"
        for record in read_records(raw / RECORDS):
            if record.id not in reasons and is_heldout(record, share) is wanted:
                kept[name][record.domain] += 1
                sizes[name][record.domain] += len(record.text.encode())
                yield record

    write_records(out / TRAIN, part(False))
    write_records(out / HELDOUT, part(True))
    for record in read_records(raw / RECORDS):
        seen[record.domain] += 1
        if reason := reasons.get(record.id):
            dropped[record.domain, reason] += 1
            if dropped[record.domain, reason] <= EXAMPLES:
                examples.append(record)
    with (out / DROPPED).open("w", encoding="utf-8") as handle:
        for record in examples:
            row = {
                "id": record.id,
                "domain": record.domain,
                "reason": reasons[record.id],
                "excerpt": record.text[:EXCERPT],
            }
            handle.write(json.dumps(row, ensure_ascii=False) + "\n")
    _check(kept, dropped)
    table = _table(seen, kept, dropped)
    from cleo_model.corpus.plots import plot_curation

    plot_curation(out / "curation.png", seen, dropped)
    return {
        "records": {name: dict(counts) for name, counts in kept.items()},
        "bytes": {name: dict(counts) for name, counts in sizes.items()},
        "dropped": {domain: {r: n for (d, r), n in dropped.most_common() if d == domain} for domain in seen},
        "warnings": [f"All records of domain {domain} were dropped." for domain in seen if not kept["train"][domain]],
        "markdown": {"What each filter dropped": table},
        "plots": ["curation.png"],
    }


def _check(kept: dict[str, Counter[str]], dropped: Counter[tuple[str, str]]) -> None:
    if not kept["train"].total():
        totals: Counter[str] = Counter()
        for (_, reason), count in dropped.items():
            totals[reason] += count
        most = ", ".join(f"{reason} {count}" for reason, count in totals.most_common(3))
        raise EmptyCorpus(
            f"Curation left nothing to train on: all {dropped.total()} records were dropped ({most}).",
            hint="Is it English text, each record a few sentences long? See cleo_model.corpus.curate.profiles.",
        )
    if not kept["heldout"].total():
        raise EmptyCorpus(
            f"Of {kept['train'].total()} records none was held out, so nothing could be measured.",
            hint="Add text, or raise CLEO_MODEL_HELDOUT_SHARE.",
        )


def _table(seen: Counter[str], kept: dict[str, Counter[str]], dropped: Counter[tuple[str, str]]) -> str:
    domains = [domain for domain in DOMAINS if seen[domain]]
    lines = ["| | " + " | ".join(domains) + " |", "| --- |" + " ---: |" * len(domains)]
    rows = [("read", seen)]
    for reason in sorted({reason for _, reason in dropped}):
        rows.append((f"dropped: {reason}", Counter({domain: dropped[domain, reason] for domain in domains})))
    rows += [("kept to train", kept["train"]), ("kept, held out", kept["heldout"])]
    lines += [
        f"| {label} | " + " | ".join(f"{counts[domain]:,}" for domain in domains) + " |" for label, counts in rows
    ]
    return "\n".join(lines) + "\n"
