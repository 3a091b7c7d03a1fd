"""Find personal data in the records of one shard."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from cleo_core.files import write_jsonl
from cleo_model.corpus.pii.detector import Detector
from cleo_model.corpus.pii.find import Find
from cleo_model.corpus.pii.policy import MaskingPolicy
from cleo_model.corpus.shards import Progress, read_shard

BATCH = 256
"""Records that are read at a time, so that memory does not grow with the shard. No result depends on it."""


class Detectors:
    """One detector for each kind of record, made when it is first needed.

    Args:
        policies: by name of the source; a source that is not named is searched by `default`.
        default: its policy.
    """

    def __init__(self, policies: Mapping[str, MaskingPolicy], default: MaskingPolicy | None = None) -> None:
        self._policies, self._default = policies, default or MaskingPolicy()
        self._made: dict[tuple[MaskingPolicy, bool], Detector] = {}

    def of(self, row: Mapping[str, Any]) -> Detector:
        """The detector of a row of a shard; the id of a record begins with the name of its source."""
        policy = self._policies.get(row["id"].partition("/")[0], self._default)
        kind = (policy, bool(row["keep_names"]))
        if kind not in self._made:
            self._made[kind] = Detector(policy, keep_names=row["keep_names"])
        return self._made[kind]

    def find(self, rows: list[dict[str, Any]]) -> list[tuple[list[Find], list[Find]]]:
        """For each row the united finds, and what each finder saw."""
        found: list[tuple[list[Find], list[Find]] | None] = [None] * len(rows)
        groups: dict[int, tuple[Detector, list[int]]] = {}
        for number, row in enumerate(rows):
            detector = self.of(row)
            groups.setdefault(id(detector), (detector, []))[1].append(number)
        for detector, numbers in groups.values():
            for number, seen in zip(numbers, detector.seen([rows[n]["text"] for n in numbers]), strict=True):
                found[number] = (detector.united(seen), seen)
        return [each for each in found if each is not None]


def detect_shard(job: dict[str, Any], rank: int, progress: Progress) -> None:
    """Read `shards/<rank>.jsonl` (id, keep_names, text); write `found/<rank>.jsonl`.

    A line of it is `id`, `spans` (start, end, type; in order, none overlaps another) and `finders` (how many finds
    each finder made of each type). `job` has `scratch`, and perhaps `policies` (by source) and `policy`
    (of all others).
    """
    scratch = Path(job["scratch"])
    policies = {name: MaskingPolicy.model_validate(each) for name, each in job.get("policies", {}).items()}
    default = MaskingPolicy.model_validate(job.get("policy", {}))
    detectors = Detectors(policies, default)

    def found() -> Iterator[dict[str, Any]]:
        seen = 0
        rows = read_shard(scratch / "shards", rank)
        while batch := list(islice(rows, BATCH)):
            for row, (finds, each) in zip(batch, detectors.find(batch), strict=True):
                counts: dict[str, Counter[str]] = {}
                for find in each:
                    counts.setdefault(find.finder, Counter())[find.entity] += 1
                yield {
                    "id": row["id"],
                    "spans": [(find.start, find.end, find.entity) for find in finds],
                    "finders": {name: dict(count) for name, count in counts.items()},
                }
                seen += len(row["text"])
                progress(seen)

    write_jsonl(scratch / "found" / f"{rank:05d}.jsonl", found())
