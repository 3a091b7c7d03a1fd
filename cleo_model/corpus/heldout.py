"""Which records are held out: decided by what they say, not by where they stand.

    record ─> its unit (the document it is a piece of, or its own words) ─> a number in [0, 1) ─> below the share?

The same text is on the same side in every version of a corpus, wherever it was moved and whatever came before it, so
what one version was judged on no later one trains on. Case and white space do not count. A document that was cut into
pieces is one unit, named by one of its own paragraphs: it stays where it is as long as that paragraph stays in it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from cleo_model.corpus.record import RESERVED, Record

SHORTEST = 40
"""Characters of a paragraph that may name its document: shorter ones (headings, greetings) stand in many."""


def _digest(text: str) -> str:
    return hashlib.sha256(" ".join(text.casefold().split()).encode()).hexdigest()


def document_key(text: str) -> str:
    """What names a document through its versions: the paragraph with the least digest (Broder 1997, min-hash).

    Two versions that share a part p of their paragraphs have the same key with probability p.
    """
    paragraphs = [part for part in text.split("\n\n") if len(part) >= SHORTEST]
    return min(map(_digest, paragraphs or [text]))


def unit_of(record: Record) -> str:
    """What is held out as a whole: the record's group, or its words where it has none."""
    return record.group or _digest(record.text)


def rank_of(unit: str) -> float:
    """The number in [0, 1) that decides about a unit."""
    return int.from_bytes(hashlib.sha256(f"heldout {unit}".encode()).digest()[:8], "big") / 2**64


def is_heldout(record: Record, share: float) -> bool:
    """Whether a record is held out by its content alone."""
    return record.source != RESERVED and rank_of(unit_of(record)) < share


@dataclass(frozen=True, slots=True)
class HeldOut:
    """The held-out part of a corpus."""

    share: float
    taken: dict[str, str] = field(default_factory=dict)
    """By domain, a unit that is held out because no other was."""
    spared: dict[str, str] = field(default_factory=dict)
    """By domain, a unit that is trained on because all would have been held out."""
    by_piece: frozenset[str] = frozenset()
    """Domains of one document, of which pieces are held out."""
    clusters: frozenset[str] = frozenset()
    """Clusters of near-duplicates that are held out as a whole."""
    alike: Mapping[str, str] = field(default_factory=dict)
    """The cluster of each record that has near-duplicates."""
    notes: list[str] = field(default_factory=list)
    """Sentences to say aloud: which domains are too small for their share."""

    def __contains__(self, record: Record) -> bool:
        if record.source == RESERVED:
            return False
        unit = _digest(record.text) if record.domain in self.by_piece else unit_of(record)
        if self.spared.get(record.domain) == unit:
            return False
        return (
            rank_of(unit) < self.share
            or self.taken.get(record.domain) == unit
            or self.alike.get(record.id) in self.clusters
        )


@dataclass(slots=True)
class _Domain:
    """The least and the greatest unit of a domain, which are all that the choice needs."""

    least: tuple[float, str] = (2.0, "")
    greatest: tuple[float, str] = (-1.0, "")

    def see(self, unit: str) -> None:
        ranked = (rank_of(unit), unit)
        self.least, self.greatest = min(self.least, ranked), max(self.greatest, ranked)


def hold_out(
    records: Iterable[Record],
    share: float,
    *,
    alike: Mapping[str, str] | None = None,
    dropped: Iterable[Record] = (),
) -> HeldOut:
    """Choose the held-out part: about `share` of each domain, and at least one unit where it has two.

    Args:
        records: those that are kept; read once.
        alike: the cluster of each record that has near-duplicates, also of the dropped ones.
        dropped: near-duplicates that were dropped: where one of them would be held out, its cluster is.
    """
    units: dict[str, _Domain] = {}
    pieces: dict[str, _Domain] = {}
    clusters: set[str] = set()
    alike = alike or {}
    for record in records:
        if record.source == RESERVED:
            continue
        units.setdefault(record.domain, _Domain()).see(unit_of(record))
        pieces.setdefault(record.domain, _Domain()).see(_digest(record.text))
        if record.id in alike and is_heldout(record, share):
            clusters.add(alike[record.id])
    clusters.update(alike[record.id] for record in dropped if record.id in alike and is_heldout(record, share))
    made = HeldOut(share, clusters=frozenset(clusters), alike=alike)
    by_piece: set[str] = set()
    for domain, found in units.items():
        if found.least == found.greatest:
            found = pieces[domain]
            if found.least == found.greatest:
                made.notes.append(
                    f"Domain {domain} is a single record: it is trained on, and nothing of it is held out to measure."
                )
                made.spared[domain] = found.least[1]
                by_piece.add(domain)
                continue
            by_piece.add(domain)
            made.notes.append(f"Domain {domain} is a single document: pieces of it are held out, from its own midst.")
        if found.least[0] >= share:
            made.taken[domain] = found.least[1]
            made.notes.append(
                f"Domain {domain} is too small for {share:.0%} of it to be a record: one was held out. When text is "
                "added, it may come to be trained on."
            )
        elif found.greatest[0] < share:
            made.spared[domain] = found.greatest[1]
            made.notes.append(f"All of domain {domain} would have been held out: one is trained on.")
    return HeldOut(share, made.taken, made.spared, frozenset(by_piece), made.clusters, made.alike, made.notes)
