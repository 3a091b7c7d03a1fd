"""A store behind a deadline, a retry and a circuit breaker: whatever fails there is a `BackendDown`."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, cast

from cleo_core.errors import CleoError
from cleo_core.resilience import Breaker, CircuitOpen, retry_async
from cleo_memory.errors import BackendDown
from cleo_memory.storage.protocol import Store

T = TypeVar("T")


def resilient(store: Store, *, deadline: float = 5.0, failures: int = 3, rest: float = 5.0) -> Store:
    """The same store, each of its calls guarded. All of them are idempotent, so each may be tried twice.

    Args:
        deadline: seconds for a call, both tries together.
        failures: in a row, after which the store is left alone for `rest` seconds.
    """
    return cast(Store, _Resilient(store, deadline, Breaker(store.name, failures=failures, rest=rest)))


class _Resilient:
    """Has what the store has; its coroutines, but for `close`, are guarded."""

    def __init__(self, store: Store, deadline: float, breaker: Breaker) -> None:
        self._store, self._deadline, self._breaker = store, deadline, breaker

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._store, name)
        if name == "close" or not inspect.iscoroutinefunction(value):
            return value
        guarded = functools.wraps(value)(functools.partial(self._call, value))
        self.__dict__[name] = guarded  # the next look finds it here
        return guarded

    async def _call(self, operation: Callable[..., Awaitable[T]], *arguments: Any) -> T:
        async def once() -> T:
            async with self._breaker.guard(), asyncio.timeout(self._deadline):
                return await operation(*arguments)

        try:
            return await retry_async(once, on=(Exception,), attempts=2, deadline=self._deadline, longest=0.2)
        except CircuitOpen as error:
            raise BackendDown(f"{self._store.name} is left alone for a moment: it failed just now.") from error
        except CleoError:
            raise
        except Exception as error:
            raise BackendDown(f"{self._store.name} does not answer ({type(error).__name__}).") from error
