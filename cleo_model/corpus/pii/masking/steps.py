"""The two steps of masking as workers run them: `survey_shard`, then `replace_shard` once the surveys are united."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cleo_core.files import read_jsonl, write_jsonl
from cleo_model.corpus.pii.find import Find
from cleo_model.corpus.pii.masking.record import RecordMasker
from cleo_model.corpus.pii.masking.vocabulary import Survey, Vocabulary, numbered
from cleo_model.corpus.pii.surrogates import Surrogates
from cleo_model.corpus.pii.values import squash
from cleo_model.corpus.shards import Progress, read_shard

SHARDS, FOUND, SURVEYS, VOCABULARY, MASKED = "shards", "found", "surveys", "vocabulary", "masked"


def survey_shard(job: dict[str, Any], rank: int, progress: Progress) -> None:
    """Read a shard and what was found in it; write which values occur, as hashes; planted copies are no part of it."""
    scratch = Path(job["scratch"])
    survey = Survey(numbered(job.get("own", ())))
    for row, finds in _rows(scratch, rank, progress):
        for find in finds if not row.get("planted") else ():
            survey.add(find.entity, row["text"][find.start : find.end])
    survey.save(scratch / SURVEYS / f"{rank:05d}")


def replace_shard(job: dict[str, Any], rank: int, progress: Progress) -> None:
    """Write `masked/<rank>.jsonl`: of each record its number and its `MaskedText`."""
    scratch = Path(job["scratch"])
    vocabulary = Vocabulary(scratch / VOCABULARY)
    key = bytes.fromhex(job["key"])
    surrogates = Surrogates(key, vocabulary.avoid, vocabulary.names, vocabulary.given, vocabulary.family)
    masker = RecordMasker(surrogates, vocabulary.everywhere(), numbered(job.get("own", ())))
    allowed = {name: frozenset(map(squash, each["allow"])) for name, each in job.get("policies", {}).items()}

    def masked() -> Iterator[dict[str, Any]]:
        for row, finds in _rows(scratch, rank, progress):
            left = allowed.get(row["source"], frozenset())
            made = masker.mask(row["id"], row["text"], row["lengths"], finds, row["replace"], left)
            yield {"number": row["number"], **asdict(made)}

    write_jsonl(scratch / MASKED / f"{rank:05d}.jsonl", masked())


def _rows(scratch: Path, rank: int, progress: Progress) -> Iterator[tuple[dict[str, Any], list[Find]]]:
    """The rows of a shard with what was found in each, one at a time."""
    seen = 0
    found = scratch / FOUND / f"{rank:05d}.jsonl"
    for row, known in zip(read_shard(scratch / SHARDS, rank), read_jsonl(found), strict=True):
        if row["id"] != known["id"]:
            raise ValueError(f"what was found of {known['id']} stands beside {row['id']}")
        yield row, [Find(*span) for span in known["spans"]]
        seen += len(row["text"])
        progress(seen)
