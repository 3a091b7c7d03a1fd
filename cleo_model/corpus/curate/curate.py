"""Curate: language, quality by profile, exact and near duplicates, decontamination; then the held-out split.

raw records ─> shards ─> screening (workers) ─> verdicts ─┬─> train, held out
                                                          └─> account, near-duplicate clusters, scores, pictures
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

from pydantic import Field

from cleo_core.files import write_json, write_jsonl
from cleo_core.markdown import table
from cleo_core.progress import Reporter
from cleo_core.stage.declaration import StageSettings, Summary
from cleo_model.corpus.account import Account, account_markdown
from cleo_model.corpus.canaries import CANARIES
from cleo_model.corpus.curate.clusters import CLUSTERS, Clusters, clusters_table
from cleo_model.corpus.curate.verdicts import CODE, NEAR, Verdict, judged
from cleo_model.corpus.heldout import HeldOut, hold_out
from cleo_model.corpus.licences import LicencePolicy
from cleo_model.corpus.pii.planted import PLANTED
from cleo_model.corpus.plots import plot_curation, plot_quality
from cleo_model.corpus.record import DROPPED, HELDOUT, RECORDS, RESERVED, TRAIN, Record, read_records, write_records
from cleo_model.corpus.shards import compute, run_workers, shard_size, write_shards
from cleo_model.errors import EmptyCorpus

EXAMPLES = 4
"""Records kept of each reason for dropping, so that a person can judge the filters."""
EXCERPT = 600
SCREENING = "cleo_model.corpus.curate.screening"
SCORES = "scores.jsonl"
MENDS = {
    "near_duplicate": "near_duplicates: keep in the source, where records are alike by nature",
    "in_evaluation": "it is text of the evaluation: nothing to mend",
    "mostly_code": "a sentence about the code, or leave files of nothing but code out",
    "too_long": "cut it into documents",
    "licence": "CLEO_MODEL_LICENCES says which licences are allowed",
    "too_short": "records of a sentence and more",
    "language": "language: in the source, where its text is not in English",
}
"""What a person can do about a reason for dropping, by its beginning."""


class CurateSettings(StageSettings):
    """What decides which records are kept, and which of them are held out."""

    heldout_share: float
    decontaminate: tuple[str, ...]
    """Texts of the evaluation, which must not be trained on."""
    languages: dict[str, str] = Field(default_factory=dict)
    """By source, the language of its text; English where none is named."""
    alike: tuple[str, ...] = ()
    """Sources whose records are alike by nature: their near-duplicates are counted and kept."""
    licences: LicencePolicy = LicencePolicy()
    workers: int = Field(default=1, exclude=True)


class CurationSummary(Summary):
    """What was kept and dropped, by part of the corpus and domain."""

    records: dict[str, dict[str, int]]
    bytes: dict[str, dict[str, int]]
    dropped: dict[str, dict[str, int]]
    """By domain and reason."""
    accounts: list[Account] = Field(default_factory=list)
    """By domain."""
    clusters: int = 0
    """Clusters of near-duplicates."""
    evaluation: int = 0
    """Evaluation texts that were found in the corpus, and whose records were dropped."""
    quality: dict[str, float] = Field(default_factory=dict)
    """Mean score of what is kept, by domain (`cleo_model.corpus.curate.score`)."""


def curate(raw: Path, settings: CurateSettings, out: Path, report: Reporter) -> CurationSummary:
    """Write train.jsonl, heldout.jsonl, scores.jsonl, and dropped.jsonl and clusters.jsonl (examples); carry over the
    side files of `collect`.

    Raises:
        EmptyCorpus: the filters left nothing to train on; says what dropped most.
        WorkerFailed: a worker process was ended.
    """
    scratch = out / ".scratch"
    try:
        _screen(raw, scratch, settings, report)
        for name in (PLANTED, CANARIES):
            if (raw / name).is_file():
                shutil.copyfile(raw / name, out / name)
        corpus = JudgedCorpus(raw / RECORDS, scratch / "verdicts")
        heldout = corpus.hold_out(settings.heldout_share)
        return _written(corpus, heldout, out, report)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _screen(raw: Path, scratch: Path, settings: CurateSettings, report: Reporter) -> None:
    """Leave a verdict about each record below `scratch`."""
    refuses = cache(settings.licences.refuses)
    rows = (
        {
            "id": record.id,
            "text": record.text,
            "metadata": {
                "number": number,
                "profile": record.profile,
                "wanted": settings.languages.get(record.source, "en"),
                "near_duplicates": "keep" if record.source in settings.alike else "drop",
                "refused": refuses(record.licence) is not None,
                "piece": record.group != "",
            },
        }
        for number, record in enumerate(read_records(raw / RECORDS))
        if record.source != RESERVED
    )
    shards = write_shards(scratch / "shards", rows, shard_size(raw / RECORDS))
    if not shards.count:
        raise EmptyCorpus("The raw corpus holds no text.", hint="Check the sources, then collect again.")
    texts = scratch / "eval_texts.json"
    write_json(texts, settings.decontaminate)
    job = {"scratch": str(scratch), "ranks": shards.count, "eval_texts": str(texts)}
    with compute(settings.workers):
        run_workers("find exact duplicates", f"{SCREENING}:find_exact", job, 1, 1, report)
        run_workers(
            "screen", f"{SCREENING}:screen_shard", job, shards.count, shards.characters, report,
            workers=settings.workers,
        )  # fmt: skip
        run_workers("find near duplicates", f"{SCREENING}:find_near", job, 1, 1, report)


class JudgedCorpus:
    """The raw corpus with its verdicts, read from disk each time: no record outlives its turn."""

    def __init__(self, records: Path, verdicts: Path) -> None:
        self.records = records
        self.verdicts = verdicts
        # A document that is text keeps its pieces of code; one that is nothing but code goes.
        found = judged(records, verdicts)
        self._texts = {record.group for record, verdict in found if record.group and _is_text(verdict)}

    def __iter__(self) -> Iterator[tuple[Record, Verdict]]:
        for record, verdict in judged(self.records, self.verdicts):
            if verdict.code and not verdict.reason and record.group not in self._texts:
                verdict = replace(verdict, reason=CODE)
            yield record, verdict

    def hold_out(self, share: float) -> HeldOut:
        alike = {record.id: str(verdict.cluster) for record, verdict in self if verdict.cluster >= 0}
        kept = (record for record, verdict in self if not verdict.reason)
        near = (record for record, verdict in self if verdict.reason == NEAR)
        return hold_out(kept, share, alike=alike, dropped=near)


def _is_text(verdict: Verdict) -> bool:
    return not verdict.reason and not verdict.code


def _written(corpus: JudgedCorpus, heldout: HeldOut, out: Path, report: Reporter) -> CurationSummary:
    kept: dict[str, Counter[str]] = {"train": Counter(), "heldout": Counter()}
    sizes: dict[str, Counter[str]] = {"train": Counter(), "heldout": Counter()}
    canaries = 0

    def part(wanted: bool) -> Iterator[Record]:
        nonlocal canaries
        name = "heldout" if wanted else "train"
        for record, verdict in corpus:
            if not verdict.reason and (record in heldout) is wanted:
                kept[name][record.domain] += 1
                canaries += record.source == RESERVED
                sizes[name][record.domain] += len(record.text.encode())
                # Its group is a digest of its words, which masking has not seen yet.
                yield replace(record, group="")

    write_records(out / TRAIN, part(False))
    write_records(out / HELDOUT, part(True))
    told = _Told(corpus, out)
    for account in told.accounts.values():
        for line in account.lines():
            report(line)
    seen = Counter({name: account.records for name, account in told.accounts.items()})
    dropped = Counter({(d, r): why.count for d, each in told.accounts.items() for r, why in each.dropped.items()})
    _check(kept, dropped, canaries)
    plot_curation(out / "curation.png", seen, dropped)
    plot_quality(out / "quality.png", told.scores)
    accounts = list(told.accounts.values())
    return CurationSummary(
        records={name: dict(counts) for name, counts in kept.items()},
        bytes={name: dict(counts) for name, counts in sizes.items()},
        dropped={domain: {r: n for (d, r), n in dropped.most_common() if d == domain} for domain in seen},
        accounts=accounts,
        clusters=told.clusters.count,
        evaluation=len(told.evaluation),
        quality=told.mean_scores(),
        notes=[
            *(line for account in accounts if account.lost for line in account.lines()),
            *(f"All records of domain {domain} were dropped." for domain in seen if not kept["train"][domain]),
            *heldout.notes,
        ],
        markdown={
            "What each filter dropped": _table(seen, kept, dropped),
            "Account": account_markdown(accounts),
            "Near-duplicate clusters": clusters_table(told.clusters.members(), texts=False),
        },
        plots=["curation.png", "quality.png"],
    )


class _Told:
    """What is told about a judged corpus: the account, examples, clusters and scores, in one reading."""

    def __init__(self, corpus: JudgedCorpus, out: Path) -> None:
        self.accounts: dict[str, Account] = {}
        self.clusters = Clusters(corpus.verdicts)
        self.scores: dict[str, Counter[int]] = {}
        """By domain, how many records have a score of so many hundredths."""
        self.evaluation: set[int] = set()
        self._examples: list[dict[str, str]] = []
        write_jsonl(out / SCORES, self._read(corpus))
        write_jsonl(out / DROPPED, self._examples)
        write_jsonl(out / CLUSTERS, (member.model_dump() for member in self.clusters.members()))

    def _read(self, corpus: JudgedCorpus) -> Iterator[dict[str, str | float]]:
        for record, verdict in corpus:
            account = self.accounts.setdefault(record.domain, Account(name=record.domain))
            self.clusters.see(record, verdict)
            self.evaluation.update(verdict.evaluation)
            if not verdict.reason:
                account.kept += 1
                if verdict.quality is not None:
                    self.scores.setdefault(record.domain, Counter())[round(100 * verdict.quality)] += 1
                    yield {"id": record.id, "quality": verdict.quality}
                continue
            account.drop(verdict.reason, record.id)
            if account.dropped[verdict.reason].count <= EXAMPLES:
                known = {"id": record.id, "domain": record.domain, "profile": record.profile}
                self._examples.append({**known, "reason": verdict.reason, "excerpt": record.text[:EXCERPT]})

    def mean_scores(self) -> dict[str, float]:
        return {
            domain: round(sum(score * count for score, count in found.items()) / 100 / found.total(), 3)
            for domain, found in self.scores.items()
        }


def mends(reasons: Counter[str]) -> str:
    """What was dropped most, and what a person can do about it; empty where nothing was."""
    told = []
    for reason, count in reasons.most_common(3):
        mend = next((text for beginning, text in MENDS.items() if reason.startswith(beginning)), "")
        told.append(f"{reason} {count:,}" + (f" ({mend})" if mend else ""))
    return ", ".join(told)


def _check(kept: dict[str, Counter[str]], dropped: Counter[tuple[str, str]], canaries: int) -> None:
    # Canaries are planted by the chain, so they are no text that a model is trained for.
    if kept["train"].total() <= canaries:
        totals = sum((Counter({reason: count}) for (_, reason), count in dropped.items()), Counter[str]())
        most = ", ".join(f"{reason} {count}" for reason, count in totals.most_common(3))
        raise EmptyCorpus(
            f"Curation left nothing to train on: all {dropped.total()} records were dropped ({most}).",
            hint=f"What helps: {mends(totals)}.",
        )
    if not kept["heldout"].total():
        raise EmptyCorpus(
            f"Of {kept['train'].total() - canaries} records none was held out, so nothing could be measured.",
            hint="Add text, or raise CLEO_MODEL_HELDOUT_SHARE.",
        )


def _table(seen: Counter[str], kept: dict[str, Counter[str]], dropped: Counter[tuple[str, str]]) -> str:
    rows = [("read", seen)]
    for reason in sorted({reason for _, reason in dropped}):
        rows.append((f"dropped: {reason}", Counter({domain: dropped[domain, reason] for domain in seen})))
    rows += [("kept to train", kept["train"]), ("kept, held out", kept["heldout"])]
    cells = ([label, *(counts[domain] for domain in seen)] for label, counts in rows)
    return table(["", *seen], cells, "l" + "r" * len(seen))
