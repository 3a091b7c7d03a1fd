"""Curate: language, quality by profile, exact and near duplicates, decontamination; then the held-out split."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from pydantic import Field

from cleo_core.files import read_jsonl, write_json, write_jsonl
from cleo_core.markdown import table
from cleo_core.progress import Reporter
from cleo_core.stage.declaration import StageSettings, Summary
from cleo_model.corpus.canaries import CANARIES
from cleo_model.corpus.heldout import hold_out
from cleo_model.corpus.pii.planted import PLANTED
from cleo_model.corpus.plots import plot_curation
from cleo_model.corpus.record import DROPPED, HELDOUT, RECORDS, RESERVED, TRAIN, Record, read_records, write_records
from cleo_model.corpus.shards import run_workers, shard_size, write_shards
from cleo_model.errors import EmptyCorpus

EXAMPLES = 4
"""Records kept of each reason for dropping, so that a person can judge the filters."""
EXCERPT = 600
SCREENING = "cleo_model.corpus.curate.screening"


class CurateSettings(StageSettings):
    """What decides which records are kept, and which of them are held out."""

    heldout_share: float
    decontaminate: tuple[str, ...]
    """Texts of the evaluation, which must not be trained on."""
    workers: int = Field(default=1, exclude=True)


class CurationSummary(Summary):
    """What was kept and dropped, by part of the corpus and domain."""

    records: dict[str, dict[str, int]]
    bytes: dict[str, dict[str, int]]
    dropped: dict[str, dict[str, int]]
    """By domain and reason."""


def curate(raw: Path, settings: CurateSettings, out: Path, report: Reporter) -> CurationSummary:
    """Write train.jsonl, heldout.jsonl, dropped.jsonl (examples) and carry over the side files of `collect`.

    Raises:
        EmptyCorpus: the filters left nothing to train on, or nothing held out; says what dropped most.
        WorkerFailed: a worker process was ended.
    """
    scratch = out / ".scratch"
    try:
        reasons = _screen(raw, scratch, settings, report)
        for name in (PLANTED, CANARIES):
            if (raw / name).is_file():
                shutil.copyfile(raw / name, out / name)
        return _split(raw, out, reasons, settings.heldout_share)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _screen(raw: Path, scratch: Path, settings: CurateSettings, report: Reporter) -> dict[str, str]:
    """The reason for each record that is dropped, by its id."""
    rows = (
        {"id": record.id, "text": record.text, "metadata": {"profile": record.profile}}
        for record in read_records(raw / RECORDS)
        if record.source != RESERVED
    )
    shards = write_shards(scratch / "shards", rows, shard_size(raw / RECORDS))
    if not shards.count:
        raise EmptyCorpus("The raw corpus holds no text.", hint="Check the sources, then collect again.")
    texts = scratch / "eval_texts.json"
    write_json(texts, settings.decontaminate)
    job = {"scratch": str(scratch), "ranks": shards.count, "eval_texts": str(texts)}
    run_workers("find exact duplicates", f"{SCREENING}:find_exact", job, 1, 1, report)
    run_workers(
        "screen", f"{SCREENING}:screen_shard", job, shards.count, shards.characters, report, workers=settings.workers
    )
    run_workers("find near duplicates", f"{SCREENING}:find_near", job, 1, 1, report)
    reasons = {}
    for path in sorted((scratch / "dropped").rglob("*.jsonl")):
        for row in read_jsonl(path):
            step = path.parent.name
            reasons[row["id"]] = step if step.endswith("duplicate") else row["metadata"].get("filter_reason", step)
    return reasons


def _split(raw: Path, out: Path, reasons: dict[str, str], share: float) -> CurationSummary:
    kept: dict[str, Counter[str]] = {"train": Counter(), "heldout": Counter()}
    sizes: dict[str, Counter[str]] = {"train": Counter(), "heldout": Counter()}
    dropped: Counter[tuple[str, str]] = Counter()
    seen: Counter[str] = Counter()
    examples: list[dict[str, str]] = []
    heldout = hold_out((record for record in read_records(raw / RECORDS) if record.id not in reasons), share)

    def part(wanted: bool) -> Iterator[Record]:
        name = "heldout" if wanted else "train"
        for record in read_records(raw / RECORDS):
            if record.id not in reasons and (record in heldout) is wanted:
                kept[name][record.domain] += 1
                sizes[name][record.domain] += len(record.text.encode())
                # Its group is a digest of its words, which masking has not seen yet.
                yield replace(record, group="")

    write_records(out / TRAIN, part(False))
    write_records(out / HELDOUT, part(True))
    for record in read_records(raw / RECORDS):
        seen[record.domain] += 1
        if reason := reasons.get(record.id):
            dropped[record.domain, reason] += 1
            if dropped[record.domain, reason] <= EXAMPLES:
                known = {"id": record.id, "domain": record.domain, "profile": record.profile}
                examples.append({**known, "reason": reason, "excerpt": record.text[:EXCERPT]})
    write_jsonl(out / DROPPED, examples)
    _check(kept, dropped)
    plot_curation(out / "curation.png", seen, dropped)
    return CurationSummary(
        records={name: dict(counts) for name, counts in kept.items()},
        bytes={name: dict(counts) for name, counts in sizes.items()},
        dropped={domain: {r: n for (d, r), n in dropped.most_common() if d == domain} for domain in seen},
        notes=[
            *(f"All records of domain {domain} were dropped." for domain in seen if not kept["train"][domain]),
            *heldout.notes,
        ],
        markdown={"What each filter dropped": _table(seen, kept, dropped)},
        plots=["curation.png"],
    )


def _check(kept: dict[str, Counter[str]], dropped: Counter[tuple[str, str]]) -> None:
    if not kept["train"].total():
        totals = sum((Counter({reason: count}) for (_, reason), count in dropped.items()), Counter[str]())
        most = ", ".join(f"{reason} {count}" for reason, count in totals.most_common(3))
        raise EmptyCorpus(
            f"Curation left nothing to train on: all {dropped.total()} records were dropped ({most}).",
            hint="Is it English text, each record a few sentences long? See cleo_model/corpus/profiles.py.",
        )
    if not kept["heldout"].total():
        raise EmptyCorpus(
            f"Of {kept['train'].total()} records none was held out, so nothing could be measured.",
            hint="Add text, or raise CLEO_MODEL_HELDOUT_SHARE.",
        )


def _table(seen: Counter[str], kept: dict[str, Counter[str]], dropped: Counter[tuple[str, str]]) -> str:
    rows = [("read", seen)]
    for reason in sorted({reason for _, reason in dropped}):
        rows.append((f"dropped: {reason}", Counter({domain: dropped[domain, reason] for domain in seen})))
    rows += [("kept to train", kept["train"]), ("kept, held out", kept["heldout"])]
    cells = ([label, *(counts[domain] for domain in seen)] for label, counts in rows)
    return table(["", *seen], cells, "l" + "r" * len(seen))
