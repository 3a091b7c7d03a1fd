"""Use of memories, noted here and written to the catalogue together every few seconds; and when a memory should change
its tier. The policy is pure: rows and a moment in, moves with their reasons out.

An access is not worth a commit of its own: what a crash loses here is a rank, not a memory. How much a memory is used
is one number that never has to be recomputed. Forward decay (Cormode et al. 2009, "Forward decay: a practical time
decay model for streaming systems"): an access at time t counts 2^((t - landmark) / half-life), fixed for good, since
what decays later is the common denominator. The sum is kept as its logarithm to base 2, so the numbers stay small for
centuries, and the order of two memories by it is the order of their decayed counts at any later moment.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Iterable
from dataclasses import dataclass

from cleo_core.errors import CleoError
from cleo_memory.catalog.entry import Entry
from cleo_memory.catalog.repository import Catalog
from cleo_memory.records import Owner, Tier

LANDMARK = 1_735_689_600.0  # 2025-01-01; never change it: stored numbers are relative to it


def heat_after(heat: float | None, at: float, half_life: float, weight: float = 1.0) -> float:
    """Log2 of the counter after one more access of a weight at time `at` (seconds); None: there was none before."""
    fresh = (at - LANDMARK) / half_life + math.log2(weight)
    if heat is None:
        return fresh
    high, low = max(heat, fresh), min(heat, fresh)
    return high + math.log2(1.0 + 2.0 ** (low - high))


def decayed(heat: float, now: float, half_life: float) -> float:
    """The decayed count at `now`: 1.0 is one access at this very moment, 0.5 one access a half-life ago."""
    return float(2.0 ** min(heat - (now - LANDMARK) / half_life, 60.0))


def heat_below(count: float, now: float, half_life: float) -> float:
    """The stored number of a memory whose decayed count at `now` is `count`: a floor to compare rows with."""
    return (now - LANDMARK) / half_life + math.log2(count)


@dataclass(frozen=True, slots=True)
class Move:
    owner: Owner
    entry: Entry
    target: Tier
    why: str

    @property
    def source(self) -> Tier:
        return Tier(self.entry.tier)


@dataclass(frozen=True, slots=True, kw_only=True)
class TierPolicy:
    half_life: float = 7 * 86400.0
    """Seconds after which an access counts half."""
    hot_floor: float = 0.35
    """A hot memory whose decayed count of accesses is below this becomes warm."""
    warm_floor: float = 0.06
    """A warm memory below this becomes cold. Promotion asks for two accesses, so nothing swings between the two."""
    residency: float = 3600.0
    """Seconds that a memory stays where it came to."""
    window: float = 86400.0
    """A second access within this many seconds of the one before promotes."""

    def first_heat(self, importance: float, at: float) -> float:
        """The access score that a memory begins with."""
        return self.heat_after_access(None, importance, at)

    def heat_after_access(self, heat: float | None, importance: float, at: float) -> float:
        """An access counts more for what matters more."""
        return heat_after(heat, at, self.half_life, 0.5 + importance)

    def floor(self, tier: Tier) -> float:
        return {Tier.HOT: self.hot_floor, Tier.WARM: self.warm_floor, Tier.COLD: 0.0}[tier]

    def demotions(self, rows: Iterable[tuple[Owner, Entry]], now: float) -> list[Move]:
        """The next colder tier for what has cooled below its tier's floor."""
        moves = []
        for owner, entry in rows:
            tier, count = Tier(entry.tier), decayed(entry.heat, now, self.half_life)
            if tier is Tier.COLD or entry.pinned or not entry.live or now - entry.moved_at < self.residency:
                continue
            if count < self.floor(tier):
                why = f"decayed count {count:.3f} is below {self.floor(tier)}"
                moves.append(Move(owner, entry, Tier.WARM if tier is Tier.HOT else Tier.COLD, why))
        return moves

    def promotes(self, entry: Entry, before: float, now: float) -> bool:
        """Whether an access now, after the last one at `before` (0: never), makes a memory hot."""
        return entry.tier != Tier.HOT and bool(entry.live) and before > 0 and now - before <= self.window


log = logging.getLogger(__name__)
EVERY = 5.0


class AccessLog:
    def __init__(self, catalog: Catalog, policy: TierPolicy) -> None:
        self.catalog, self.policy = catalog, policy
        self._noted: dict[Owner, dict[str, tuple[float, float]]] = {}
        self._promotions: dict[Owner, set[str]] = {}

    def note(self, owner: Owner, entries: Iterable[Entry]) -> None:
        now, noted = time.time(), self._noted.setdefault(owner, {})
        for entry in entries:
            heat, before = noted.get(entry.id, (entry.heat, entry.touched_at))
            if self.policy.promotes(entry, before, now):
                self._promotions.setdefault(owner, set()).add(entry.id)
            noted[entry.id] = (self.policy.heat_after_access(heat, entry.importance, now), now)

    def take_promotions(self) -> dict[Owner, set[str]]:
        """Memories that earned a hotter tier since the last call."""
        taken, self._promotions = self._promotions, {}
        return taken

    async def flush(self) -> None:
        noted, self._noted = self._noted, {}
        for owner, heats in noted.items():
            noted_heats = [(id, heat, at) for id, (heat, at) in heats.items()]
            await self.catalog.of(owner).write(lambda rows, heats: rows.memories.touch(heats), noted_heats)

    def drop(self, owner: Owner) -> None:
        self._noted.pop(owner, None)
        self._promotions.pop(owner, None)

    async def run(self) -> None:
        while True:
            await asyncio.sleep(EVERY)
            try:
                await self.flush()
            except CleoError as error:
                log.warning("Access scores could not be written: %s", error.code)
