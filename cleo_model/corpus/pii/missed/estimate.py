"""How many of the planted values came through, with the interval that so few can tell."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping

from pydantic import BaseModel

NORMAL = 1.959964
"""Of a two-sided interval of 95 %."""


class Estimate(BaseModel):
    """Planted values, how many of them were missed, and the 95 % interval of the share (Wilson 1927)."""

    planted: int
    missed: int
    low: float
    high: float

    @classmethod
    def of(cls, planted: int, missed: int) -> Estimate:
        low, high = wilson(missed, planted)
        return cls(planted=planted, missed=missed, low=round(low, 4), high=round(high, 4))

    @property
    def rate(self) -> float:
        """The share that was missed."""
        return self.missed / self.planted if self.planted else math.nan

    def __str__(self) -> str:
        if not self.planted:
            return "–"
        return f"{100 * self.rate:.0f} % [{100 * self.low:.0f}, {100 * self.high:.0f}]"


def wilson(hits: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a share; from 0 to 1 where nothing was tried."""
    if not of:
        return 0.0, 1.0
    share, square = hits / of, NORMAL**2
    centre = (share + square / (2 * of)) / (1 + square / of)
    half = NORMAL * math.sqrt(share * (1 - share) / of + square / (4 * of**2)) / (1 + square / of)
    return max(centre - half, 0.0), min(centre + half, 1.0)


def estimates(counted: Iterable[tuple[str, str, bool]]) -> dict[str, dict[str, Estimate]]:
    """By source and type, from source, type and whether it was missed of each planted value."""
    planted: defaultdict[tuple[str, str], list[bool]] = defaultdict(list)
    for source, kind, missed in counted:
        planted[source, kind].append(missed)
    found: defaultdict[str, dict[str, Estimate]] = defaultdict(dict)
    for (source, kind), each in sorted(planted.items()):
        found[source][kind] = Estimate.of(len(each), sum(each))
    return dict(found)


def total(parts: Iterable[Estimate]) -> Estimate:
    """All of these together."""
    listed = list(parts)
    return Estimate.of(sum(part.planted for part in listed), sum(part.missed for part in listed))


def by_type(by_source: Mapping[str, Mapping[str, Estimate]]) -> dict[str, Estimate]:
    """Over all sources."""
    kinds = sorted({kind for each in by_source.values() for kind in each})
    return {kind: total(each[kind] for each in by_source.values() if kind in each) for kind in kinds}
