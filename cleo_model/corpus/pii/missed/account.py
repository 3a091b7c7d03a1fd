"""What masking missed, as the manifest, the cards and the checks have it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pydantic import BaseModel, computed_field

from cleo_core.markdown import table
from cleo_model.corpus.pii.missed.estimate import Estimate, by_type, total

FEW = 2
"""So many finds of the second detector say nothing yet, however little it read."""
NAMED = 5


class SecondReading(BaseModel):
    """What the second detector found in the masked text of one source."""

    records: int = 0
    characters: int = 0
    finds: dict[str, int] = {}
    """By type."""
    named: list[str] = []
    """The first records with a find, by id."""

    @property
    def rate(self) -> float:
        """Finds in 100,000 characters."""
        return 100_000 * sum(self.finds.values()) / max(self.characters, 1)

    def passes(self, limit: float) -> bool:
        return sum(self.finds.values()) <= FEW or self.rate <= limit


class MissedPii(BaseModel):
    """Personal data that masking missed: estimated by planted values, and found by a second detector."""

    planted: dict[str, dict[str, Estimate]] = {}
    """By source and type."""
    second: dict[str, SecondReading] = {}
    """By source."""
    limit: float
    """Finds of the second detector in 100,000 characters above which a source is blocked."""

    @computed_field  # type: ignore[prop-decorator]
    @property
    def overall(self) -> Estimate:
        """Over all sources and types."""
        return total(by_type(self.planted).values())

    @computed_field  # type: ignore[prop-decorator]
    @property
    def types(self) -> dict[str, Estimate]:
        """By type, over all sources."""
        return by_type(self.planted)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def sources(self) -> dict[str, Estimate]:
        """By source, over all types."""
        return {source: total(found.values()) for source, found in self.planted.items()}

    def above(self) -> dict[str, SecondReading]:
        """The sources in which the second detector found more than the limit allows."""
        return {source: each for source, each in self.second.items() if not each.passes(self.limit)}


def expected(replaced: int, estimate: Estimate) -> str:
    """How many values were missed where so many were found: the estimate of the share, turned to a count."""
    if not estimate.planted or not replaced:
        return "–" if replaced else "0"
    low, middle, high = (
        round(replaced * share / (1 - share)) if share < 1 else None
        for share in (estimate.low, estimate.rate, estimate.high)
    )
    if middle is None or low is None:
        return "all"
    return f"{middle:,} [{low:,}, {'∞' if high is None else f'{high:,}'}]"


def missed_table(replaced: Mapping[str, Mapping[str, int]], missed: MissedPii) -> str:
    """By source and type: places found and replaced, planted values missed with their interval, estimated missed."""
    rows = []
    for source in sorted({*replaced, *missed.planted}):
        counts, found = replaced.get(source, {}), missed.planted.get(source, {})
        rows += [
            [
                source,
                kind,
                counts.get(kind, 0),
                _tried(found.get(kind)),
                expected(counts.get(kind, 0), found.get(kind, NOTHING)),
            ]
            for kind in sorted({*counts, *found})
        ]
        all_found = total(found.values())
        rows.append([source, "all", sum(counts.values()), _tried(all_found), ""])
    header = ["source", "type", "found and replaced", "planted: missed, 95 % interval", "estimated missed"]
    return table(header, rows, "llrrr")


NOTHING = Estimate.of(0, 0)


def _tried(estimate: Estimate | None) -> str:
    if estimate is None or not estimate.planted:
        return "not planted"
    return f"{estimate.missed} of {estimate.planted}: {estimate}"


def second_table(missed: MissedPii) -> str:
    """What the second detector read and found, by source."""
    rows = [
        [source, each.records, each.characters, _listed(each.finds), f"{each.rate:.1f}", _codes(each.named)]
        for source, each in sorted(missed.second.items())
    ]
    header = ["source", "records", "characters", "finds", f"in 100,000 (limit {missed.limit:g})", "the first"]
    return table(header, rows, "lrrlrl")


def _listed(finds: Mapping[str, int]) -> str:
    return ", ".join(f"{kind} {count}" for kind, count in sorted(finds.items())) or "none"


def _codes(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def readings(rows: Iterable[Mapping[str, object]]) -> dict[str, SecondReading]:
    """The lines of the second detector, counted by source; the same in whatever order they come."""
    found: dict[str, SecondReading] = {}
    for row in rows:
        each = found.setdefault(str(row["source"]), SecondReading())
        kinds = row["finds"]
        if not isinstance(kinds, list):
            raise TypeError("finds is no list")
        each.records += 1
        each.characters += int(str(row["characters"]))
        for kind in kinds:
            each.finds[kind] = each.finds.get(kind, 0) + 1
        if kinds:
            each.named = sorted([*each.named, str(row["id"])])[:NAMED]
    return dict(sorted(found.items()))
