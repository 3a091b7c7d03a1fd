"""When a memory should change its tier. Pure: rows and a moment in, moves with their reasons out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cleo_memory.catalog.entry import Entry
from cleo_memory.records import Owner, Tier
from cleo_memory.tiering.score import decayed, heat_after

__all__ = ["Move", "TierPolicy"]


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
