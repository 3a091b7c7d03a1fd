"""Retries end, breakers open and close again, and a cancelled call is nobody's failure."""

from __future__ import annotations

import asyncio

import pytest

from cleo_core.errors import CleoError
from cleo_core.resilience import Breaker, CircuitOpen, retry_async

pytestmark = pytest.mark.unit


class Flaky:
    """Fails a number of times, then works."""

    def __init__(self, failures: int, error: Exception | None = None) -> None:
        self.left, self.calls, self.error = failures, 0, error or ConnectionError("gone")

    def __call__(self) -> str:
        self.calls += 1
        if self.left:
            self.left -= 1
            raise self.error
        return "done"

    async def later(self) -> str:
        return self()


async def test_a_call_that_works_again_is_retried() -> None:
    flaky = Flaky(2)
    assert await retry_async(flaky.later, on=(ConnectionError,), longest=0.001) == "done"
    assert flaky.calls == 3


async def test_a_call_that_never_works_ends_with_its_own_error() -> None:
    for attempts in (1, 3):
        flaky = Flaky(99)
        with pytest.raises(ConnectionError, match="gone"):
            await retry_async(flaky.later, on=(ConnectionError,), attempts=attempts, longest=0.001)
        assert flaky.calls == attempts


async def test_no_try_is_begun_after_the_deadline() -> None:
    flaky = Flaky(10**6)
    with pytest.raises(ConnectionError):
        await retry_async(flaky.later, on=(ConnectionError,), attempts=10**6, deadline=0.1, longest=0.01)
    assert 1 < flaky.calls < 10**6


async def test_an_error_that_was_not_named_is_not_retried() -> None:
    flaky = Flaky(1, ValueError("wrong"))
    with pytest.raises(ValueError, match="wrong"):
        await retry_async(flaky.later, on=(ConnectionError,))
    flaky = Flaky(1, CircuitOpen("left alone"))
    with pytest.raises(CircuitOpen):
        await retry_async(flaky.later, on=(CleoError,))
    assert flaky.calls == 1


async def test_a_breaker_opens_after_failures_in_a_row_and_closes_when_it_works() -> None:
    breaker = Breaker("redis", failures=2, rest=0.05)
    calls = []

    async def call(error: Exception | None = None) -> None:
        async with breaker.guard():
            calls.append(1)
            if error:
                raise error

    await call()
    for _ in range(2):
        with pytest.raises(ConnectionError):
            await call(ConnectionError())
    with pytest.raises(CircuitOpen, match="redis failed too often"):
        await call()
    assert len(calls) == 3, "the call was not made"
    await asyncio.sleep(0.06)  # the rest of the breaker itself
    await call()
    await call()


async def test_failures_that_are_not_in_a_row_do_not_open_it() -> None:
    breaker = Breaker("redis", failures=2, rest=60)
    for _ in range(5):
        with pytest.raises(ConnectionError):
            async with breaker.guard():
                raise ConnectionError
        async with breaker.guard():
            pass


async def test_an_error_that_says_nothing_of_health_does_not_open_it() -> None:
    breaker = Breaker("redis", failures=1, rest=60, ignore=(KeyError,))
    for _ in range(3):
        with pytest.raises(KeyError):
            async with breaker.guard():
                raise KeyError("refused")
    async with breaker.guard():
        pass


async def test_a_cancelled_call_is_no_failure() -> None:
    breaker = Breaker("mongo", failures=1, rest=60)

    async def wait() -> None:
        async with breaker.guard():
            await asyncio.sleep(60)

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with breaker.guard():
        pass
