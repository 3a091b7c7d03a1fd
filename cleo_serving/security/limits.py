"""Rate limits: query cost per user, failed sign-ins per address, replies in the making per user."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from limits import RateLimitItemPerMinute
from limits.aio.strategies import SlidingWindowCounterRateLimiter

from cleo_serving.errors import RateLimited
from cleo_serving.settings import RateSettings


class RateLimits:
    """Counters of all shares. In-flight counts are per process, the rest wherever `storage` says."""

    def __init__(self, settings: RateSettings) -> None:
        self._limiter = SlidingWindowCounterRateLimiter(settings.open_storage())
        self._cost = RateLimitItemPerMinute(settings.cost_per_minute)
        self._failures = RateLimitItemPerMinute(settings.failures_per_minute)
        self._settings = settings
        self._held: dict[str, Counter[str]] = {"generation": Counter(), "socket": Counter()}

    async def charge(self, user: str, cost: int) -> None:
        """Take the cost of a query from the user's share.

        Raises:
            RateLimited: the share of this minute does not cover it.
        """
        if not await self._limiter.hit(self._cost, "cost", user, cost=max(1, cost)):
            wait = await self._wait(self._cost, "cost", user)
            raise RateLimited("The share of this minute is used up.", retry_after=wait)

    async def count_failure(self, address: str) -> None:
        """Count a request without a valid token; one with a token is never counted, nor refused for this.

        Raises:
            RateLimited: too many came from this address.
        """
        if not await self._limiter.hit(self._failures, "failure", address):
            wait = await self._wait(self._failures, "failure", address)
            raise RateLimited("Too many requests without a valid token.", retry_after=wait)

    def generation(self, user: str) -> AbstractContextManager[None]:
        """Hold one of the user's places for a reply in the making."""
        limit = self._settings.generations_per_user
        return self._hold("generation", user, limit, "Your last reply is still being made.")

    def socket(self, user: str) -> AbstractContextManager[None]:
        """Hold one of the user's places for a connection."""
        return self._hold("socket", user, self._settings.sockets_per_user, "Too many open connections.")

    @contextmanager
    def _hold(self, what: str, user: str, limit: int, message: str) -> Iterator[None]:
        held = self._held[what]
        if held[user] >= limit:
            raise RateLimited(message, retry_after=1)
        held[user] += 1
        try:
            yield
        finally:
            held[user] -= 1
            if not held[user]:
                del held[user]

    async def _wait(self, item: RateLimitItemPerMinute, *identifiers: str) -> int:
        window = await self._limiter.get_window_stats(item, *identifiers)
        return max(1, min(60, int(window.reset_time - time.time()) + 1))
