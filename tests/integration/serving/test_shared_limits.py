"""Several API processes share their counters on a real server."""

from __future__ import annotations

import uuid

import pytest

from cleo_serving.errors import RateLimited
from cleo_serving.security.limits import RateLimits
from cleo_serving.settings import RateSettings

pytestmark = pytest.mark.integration


async def test_two_processes_spend_one_share(redis_url: str) -> None:
    settings = RateSettings(cost_per_minute=100, failures_per_minute=3, storage=redis_url)
    one, other = RateLimits(settings), RateLimits(settings)
    user, address = uuid.uuid4().hex, uuid.uuid4().hex
    await one.charge(user, 60)
    await other.charge(user, 40)
    for limits in (one, other):
        with pytest.raises(RateLimited):
            await limits.charge(user, 1)
    await other.charge(uuid.uuid4().hex, 100)
    for limits in (one, other, one):
        await limits.count_failure(address)
    with pytest.raises(RateLimited):
        await other.count_failure(address)
