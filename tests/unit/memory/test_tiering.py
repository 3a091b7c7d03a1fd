"""Scores and the policy of the tiers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleo_memory.catalog.entry import Entry
from cleo_memory.records import Owner, Tier
from cleo_memory.tiering.policy import LANDMARK, TierPolicy, decayed, heat_after, heat_below

pytestmark = pytest.mark.unit
DAY = 86400.0
NOW = LANDMARK + 400 * DAY
OWNER = Owner("a" * 32)


def entry(**changes: object) -> Entry:
    values: dict[str, object] = {
        "id": "1", "version": 1, "kind": "episodic", "live": 1, "tier": "hot", "thread": None, "slot": None,
        "importance": 0.5, "created_at": NOW, "valid_from": NOW, "valid_to": None, "expires_at": None, "pinned": 0,
        "heat": heat_after(None, NOW - 30 * DAY, 7 * DAY), "touched_at": 0.0, "moved_at": NOW - 30 * DAY, "bytes": 1,
        "digest": "", "key_version": 1,
    }  # fmt: skip
    return Entry(**{**values, **changes})  # type: ignore[arg-type]


def test_an_access_counts_half_after_a_half_life() -> None:
    heat = heat_after(None, NOW, 7 * DAY)
    assert decayed(heat, NOW, 7 * DAY) == pytest.approx(1.0)
    assert decayed(heat, NOW + 7 * DAY, 7 * DAY) == pytest.approx(0.5)
    assert decayed(heat_after(heat, NOW + 7 * DAY, 7 * DAY), NOW + 7 * DAY, 7 * DAY) == pytest.approx(1.5)
    assert decayed(heat_below(0.25, NOW, DAY), NOW, DAY) == pytest.approx(0.25)


@given(st.lists(st.floats(0, 5000), min_size=1, max_size=6), st.lists(st.floats(0, 5000), min_size=1, max_size=6))
def test_the_order_of_two_memories_never_changes_by_waiting(one: list[float], other: list[float]) -> None:
    def total(days: list[float]) -> float:
        heat = None
        for day in sorted(days):
            heat = heat_after(heat, LANDMARK + day * DAY, 7 * DAY)
        assert heat is not None
        return heat

    first, second = total(one), total(other)
    plain = [sum(2.0 ** ((day - 5000) / 7) for day in days) for days in (one, other)]
    if abs(plain[0] - plain[1]) > 1e-6 * max(plain):
        assert (first > second) == (plain[0] > plain[1])


def test_what_cooled_goes_one_tier_down_with_its_reason() -> None:
    policy = TierPolicy()
    (hot,) = policy.demotions([(OWNER, entry())], NOW)
    assert (hot.source, hot.target) == (Tier.HOT, Tier.WARM)
    assert "below 0.35" in hot.why
    (warm,) = policy.demotions([(OWNER, entry(tier="warm"))], NOW)
    assert warm.target == Tier.COLD


@pytest.mark.parametrize(
    "changes",
    [{"tier": "cold"}, {"pinned": 1}, {"live": 0}, {"moved_at": NOW - 60}, {"heat": heat_after(None, NOW, 7 * DAY)}],
)
def test_what_is_cold_pinned_dead_new_or_in_use_stays(changes: dict[str, object]) -> None:
    assert TierPolicy().demotions([(OWNER, entry(**changes))], NOW) == []


def test_the_second_access_within_the_window_promotes() -> None:
    policy = TierPolicy()
    cold = entry(tier="cold")
    assert not policy.promotes(cold, 0.0, NOW)
    assert policy.promotes(cold, NOW - 3600, NOW)
    assert not policy.promotes(cold, NOW - 2 * DAY, NOW)
    assert not policy.promotes(entry(tier="hot"), NOW - 3600, NOW)
    assert not policy.promotes(entry(tier="cold", live=0), NOW - 3600, NOW)
