"""Retries and circuit breakers: for calls that may be made twice, within a deadline, and never against a dead backend.

A retry is for idempotent calls only, and the caller says so by using it. Waits grow with full jitter, so that many
clients do not come back at once. A breaker opens after a number of failures in a row and lets calls through again
after a while: the first that fails opens it again, the first that works closes it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from purgatory import AsyncCircuitBreakerFactory
from purgatory.domain.model import OpenedState
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, stop_after_delay
from tenacity import wait_random_exponential as jitter

from cleo_core.errors import CleoError

T = TypeVar("T")
Kinds = tuple[type[BaseException], ...]


class CircuitOpen(CleoError, code="CIRCUIT_OPEN", http_status=503, exit_code=3):
    """A backend failed too often just now; it is left alone for a while."""


async def retry_async(
    call: Callable[[], Awaitable[T]],
    *,
    on: Kinds,
    unless: Kinds = (CircuitOpen,),
    attempts: int = 4,
    deadline: float = 10.0,
    longest: float = 1.0,
) -> T:
    """Call something idempotent until it works.

    Args:
        on: errors worth another try.
        unless: errors among them that are not.
        deadline: seconds after which no further try is begun.
        longest: longest wait between two tries, in seconds.
    """
    retrying = AsyncRetrying(
        retry=retry_if_exception(lambda error: isinstance(error, on) and not isinstance(error, unless)),
        stop=stop_after_attempt(attempts) | stop_after_delay(deadline),
        wait=jitter(multiplier=0.05, max=longest),
        reraise=True,
    )
    return await retrying(call)


class Breaker:
    """A circuit breaker for one backend.

    Args:
        name: of the backend, for messages and metrics.
        failures: in a row, until it opens.
        rest: seconds until a call is let through again.
        ignore: errors that say nothing about the backend's health, such as a refused request.
    """

    def __init__(self, name: str, *, failures: int = 5, rest: float = 10.0, ignore: Kinds = ()) -> None:
        self.name = name
        self._rest = rest
        self._breakers = AsyncCircuitBreakerFactory(default_threshold=failures, default_ttl=rest, exclude=list(ignore))

    @asynccontextmanager
    async def guard(self) -> AsyncIterator[None]:
        """Around one call.

        Raises:
            CircuitOpen: the backend is left alone for now; the call was not made.
        """
        breaker = await self._breakers.get_breaker(self.name)
        try:
            await breaker.__aenter__()
        except OpenedState:
            raise CircuitOpen(
                f"{self.name} failed too often; it is tried again within {self._rest:g} seconds."
            ) from None
        fault: Exception | None = None
        try:
            yield
        except Exception as error:  # not a cancelled call: that is the caller's doing
            fault = error
            raise
        finally:
            await breaker.__aexit__(type(fault) if fault else None, fault, None)
