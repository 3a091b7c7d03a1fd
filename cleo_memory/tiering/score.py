"""How much a memory is used, as one number that never has to be recomputed.

Forward decay (Cormode et al. 2009, "Forward decay: a practical time decay model for streaming systems"): an access at
time t counts 2^((t - landmark) / half-life), fixed for good, since what decays later is the common denominator. The
sum is kept as its logarithm to base 2, so the numbers stay small for centuries, and the order of two memories by it
is the order of their decayed counts at any later moment.
"""

from __future__ import annotations

import math

__all__ = ["LANDMARK", "decayed", "heat_after", "heat_below"]

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
