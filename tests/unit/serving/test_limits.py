"""Shares: cost per user, failures per address, replies in the making."""

from __future__ import annotations

import pytest

from cleo_core.errors import ConfigError
from cleo_serving.errors import RateLimited
from cleo_serving.security.limits import RateLimits
from cleo_serving.security.query.guard import admit
from cleo_serving.settings import QueryLimits, RateSettings

pytestmark = pytest.mark.unit


async def test_a_user_spends_a_share_and_no_more() -> None:
    limits = RateLimits(RateSettings(cost_per_minute=100))
    await limits.charge("ann", 60)
    await limits.charge("ann", 40)
    with pytest.raises(RateLimited) as refused:
        await limits.charge("ann", 1)
    assert 1 <= refused.value.retry_after <= 60
    await limits.charge("bob", 100)


async def test_a_fast_typist_who_has_every_field_streamed_is_not_stopped_by_default() -> None:
    document = (
        "subscription($i: AskInput!) { chat(input: $i) { ... on ChatToken { text } ... on ChatStarted { conversationId"
        " provenance { replyId modelName modelVersion bundleDigest approvalId approvedBy degraded signs guidance"
        " session { detector score why } memories { id kind score why } } } ... on ChatEnded { text finishReason"
        " promptTokens tokens linksRemoved composed learned { id kind key content } } } }"
    )
    cost = admit(document, {}, None, QueryLimits(), introspection=False).measure.cost
    limits = RateLimits(RateSettings())
    for _ in range(40):
        await limits.charge("ann", cost)
    with pytest.raises(RateLimited):  # a program would be
        await limits.charge("ann", 40 * cost)


async def test_a_refused_query_costs_nothing() -> None:
    limits = RateLimits(RateSettings(cost_per_minute=100))
    with pytest.raises(RateLimited):
        await limits.charge("ann", 101)
    await limits.charge("ann", 100)


async def test_an_address_that_fails_too_often_waits() -> None:
    limits = RateLimits(RateSettings(failures_per_minute=3))
    for _ in range(3):
        await limits.count_failure("10.0.0.1")
    with pytest.raises(RateLimited):
        await limits.count_failure("10.0.0.1")
    await limits.count_failure("10.0.0.2")


def test_places_for_replies_are_given_back() -> None:
    limits = RateLimits(RateSettings(generations_per_user=1))
    with limits.generation("ann"):
        with pytest.raises(RateLimited), limits.generation("ann"):
            pass
        with limits.generation("bob"):
            pass
    with pytest.raises(ZeroDivisionError), limits.generation("ann"):
        _ = 1 / 0
    with limits.generation("ann"):
        pass
    assert not limits._held["generation"]


@pytest.mark.parametrize("storage", ["", "nope://x", "memory"])
def test_a_storage_that_cannot_be_used_is_named(storage: str) -> None:
    with pytest.raises(ConfigError, match="CLEO_SERVING_RATE__STORAGE"):
        RateLimits(RateSettings(storage=storage))
