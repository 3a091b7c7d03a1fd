"""Clusters of near-duplicates for a person to look at: which record was kept, which went, and how alike they are."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from cleo_core.markdown import table
from cleo_model.corpus.curate.verdicts import Verdict, read_verdicts
from cleo_model.corpus.record import Record

CLUSTERS = "clusters.jsonl"
MOST, MEMBERS = 50, 5
"""The largest clusters are written, each with so many of the records that went."""
EXCERPT, COMPARED = 240, 20_000
"""Characters of a record that are shown, and that are compared."""


class Member(BaseModel):
    """One record of a cluster."""

    id: str
    domain: str
    profile: str
    cluster: int
    size: int
    """Records of the cluster."""
    kept: str
    """The record that was kept."""
    alike: float
    """Share of the sequences of five words that it has in common with the kept one (Jaccard); 1 for that one itself."""
    excerpt: str


class Clusters:
    """Collects the largest clusters while the corpus is read once."""

    def __init__(self, verdicts: Path) -> None:
        sizes: dict[int, int] = {}
        for verdict in read_verdicts(verdicts):
            if verdict.cluster >= 0:
                sizes[verdict.cluster] = verdict.size
        self.count = len(sizes)
        self.largest = heapq.nlargest(MOST, sizes.items(), key=lambda pair: (pair[1], -pair[0]))
        self._seen: dict[int, list[tuple[Record, bool]]] = {number: [] for number, _ in self.largest}

    def see(self, record: Record, verdict: Verdict) -> None:
        """A record of the corpus, in its order."""
        seen = self._seen.get(verdict.cluster)
        if seen is None:
            return
        kept = not verdict.reason
        # The kept one may come last; of the others the first are enough.
        if kept or sum(not each for _, each in seen) < MEMBERS:
            if kept and any(each for _, each in seen) and len(seen) > MEMBERS:
                return  # a source whose near-duplicates are all kept
            seen.append((record, kept))

    def members(self) -> Iterable[Member]:
        """The members of each cluster, the largest cluster first and in it the kept record."""
        for number, size in self.largest:
            seen = sorted(self._seen[number], key=lambda pair: not pair[1])
            if not seen:
                continue
            first = seen[0][0]
            wanted = _grams(first)
            for record, _ in seen:
                yield Member(
                    id=record.id,
                    domain=record.domain,
                    profile=record.profile,
                    cluster=number,
                    size=size,
                    kept=first.id,
                    alike=_alike(wanted, _grams(record)),
                    excerpt=record.text[:EXCERPT],
                )


def _grams(record: Record) -> NDArray[np.uint64]:
    from cleo_model.corpus.curate.words import ngram_hashes, words_of  # datatrove takes a second to import

    return np.unique(ngram_hashes(words_of(record.text[:COMPARED]), 5))


def _alike(one: NDArray[np.uint64], other: NDArray[np.uint64]) -> float:
    both = len(np.union1d(one, other))
    return round(len(np.intersect1d(one, other, assume_unique=True)) / both, 2) if both else 1.0


def clusters_table(members: Iterable[Member], *, texts: bool) -> str:
    """A table of clusters; `texts` shows how the records begin, which is for masked ones alone."""
    rows = [
        [
            member.cluster if member.id == member.kept else "",
            member.size if member.id == member.kept else "",
            "kept" if member.id == member.kept else "",
            f"`{member.id}`",
            f"{member.alike:.2f}",
            *([_plain(member.excerpt)] if texts else []),
        ]
        for member in members
    ]
    header = ["cluster", "records", "", "record", "alike", *(["beginning (masked)"] if texts else [])]
    return table(header, rows, "rrllr" + "l" * texts)


def _plain(text: str) -> str:
    return "".join(f"\\{char}" if char in "<>`*_" else char for char in " ".join(text.split())[:120])
