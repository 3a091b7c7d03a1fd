"""The one bridge for callers without an event loop: the same memory, its coroutines run on a loop of its own thread."""

from __future__ import annotations

import asyncio
import functools
import inspect
import threading
from collections.abc import Coroutine
from typing import Any, Self, TypeVar

from cleo_memory.memory import Memory
from cleo_memory.open import open_memory
from cleo_memory.settings import MemorySettings

T = TypeVar("T")


class SyncMemory:
    """`Memory` without await: ``with SyncMemory() as memory: memory.search("ann", "peanuts")``.

    Every method of `Memory` is here under its name with its arguments. Calls from several threads share one loop.
    """

    def __init__(self, settings: MemorySettings | None = None) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="memory", daemon=True)
        self._thread.start()
        try:
            self._memory: Memory = self._run(_open(settings))
        except BaseException:
            self._stop()
            raise

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except KeyboardInterrupt:
            future.cancel()
            raise

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._memory, name)
        if name.startswith("_") or not inspect.iscoroutinefunction(method):
            raise AttributeError(f"the memory has no call {name!r}")

        @functools.wraps(method)
        def call(*arguments: Any, **named: Any) -> Any:
            return self._run(method(*arguments, **named))

        return call

    def close(self) -> None:
        if self._thread.is_alive():
            self._run(self._memory.close())
            self._stop()

    def _stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


async def _open(settings: MemorySettings | None) -> Memory:
    return await open_memory(settings)
