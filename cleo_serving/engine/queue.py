"""Who is next: requests wait in one line per user, and users take turns.

A user with forty questions waits for their own, not a newcomer for all forty. When half of the streams are taken, few
further ones go to users who have one already, so that five who ask two long things each leave one for a sixth.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from cleo_serving.errors import Overloaded

SECOND_STREAMS = 4
"""One in so many streams may be a second one of its user when half of all are taken."""


class FairQueue:
    """Admits requests to a number of streams, and to a number of cache tokens that they hold together."""

    def __init__(self, streams: int, tokens: int | None, *, max_waiting: int, wait_seconds: float) -> None:
        self._streams = streams
        self._tokens = tokens
        self._max_waiting = max_waiting
        self._wait_seconds = wait_seconds
        self._lines: dict[str, deque[tuple[asyncio.Future[None], int]]] = {}
        """Users who wait, each with their requests."""
        self._running: Counter[str] = Counter()
        self._served: dict[str, int] = {}
        """When each user who waits or is answered was let in last."""
        self._turns = 0
        self._held = 0
        self._turned_away_since_empty = False
        self.turned_away = 0

    @property
    def waiting(self) -> int:
        return sum(len(line) for line in self._lines.values())

    @property
    def active(self) -> int:
        return self._running.total()

    @property
    def overloaded(self) -> bool:
        """See `EngineStats.overloaded`."""
        return self._turned_away_since_empty and bool(self._lines)

    @asynccontextmanager
    async def turn(self, user: str, tokens: int) -> AsyncGenerator[None]:
        """Wait for the user's turn, and hold a stream and `tokens` of the cache while the block runs.

        Raises:
            Overloaded: too many wait already, or it took too long.
        """
        await self._enter(user, tokens)
        try:
            yield
        finally:
            self._leave(user, tokens)

    async def _enter(self, user: str, tokens: int) -> None:
        if not self._lines and self._fits(user, tokens):
            self._take(user, tokens)
            return
        if self.waiting >= self._max_waiting:
            raise self._refusal("Too many requests wait for an answer.")
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._lines.setdefault(user, deque()).append((turn, tokens))
        # Whoever waits may be one for whom a newcomer's stream is kept.
        self._admit()
        try:
            async with asyncio.timeout(self._wait_seconds):
                await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled():
                self._leave(user, tokens)  # admitted in the very moment in which it gave up
            else:
                self._forget(user, turn)
            if isinstance(error, TimeoutError):
                raise self._refusal(f"No stream became free within {self._wait_seconds:g} seconds.") from None
            raise

    def _refusal(self, message: str) -> Overloaded:
        self.turned_away += 1
        self._turned_away_since_empty = True
        # One's turn comes at the latest when everybody before has had one.
        wait = max(1, min(60, round(self._wait_seconds / 2)))
        return Overloaded(message, hint="Try again in a moment.", retry_after=wait)

    def _fits(self, user: str, tokens: int) -> bool:
        if self._tokens is not None and self.active and self._held + tokens > self._tokens:
            return False
        free = self._streams - self.active
        # The anonymous user of the command line shares with nobody.
        if user and self._running[user] and free <= self._streams // 2:
            second = self.active - len(self._running)
            return free > 0 and second < self._streams // SECOND_STREAMS
        return free > 0

    def _take(self, user: str, tokens: int) -> None:
        self._running[user] += 1
        self._held += tokens
        self._turns += 1
        self._served[user] = self._turns

    def _leave(self, user: str, tokens: int) -> None:
        self._running[user] -= 1
        if not self._running[user]:
            del self._running[user]
        self._held -= tokens
        self._admit()
        if user not in self._running and user not in self._lines:
            self._served.pop(user, None)

    def _admit(self) -> None:
        """Let in who may: users with the fewest replies in the making first, among them whose last turn is longest
        ago."""
        while True:
            for user in sorted(self._lines, key=lambda name: (self._running[name], self._served.get(name, 0))):
                turn, tokens = self._lines[user][0]
                if self._fits(user, tokens):
                    break
            else:
                break
            self._lines[user].popleft()
            if not self._lines[user]:
                del self._lines[user]
            if not turn.done():
                self._take(user, tokens)
                turn.set_result(None)
        if not self._lines:
            self._turned_away_since_empty = False

    def _forget(self, user: str, turn: asyncio.Future[None]) -> None:
        if line := self._lines.get(user):
            rest = deque(each for each in line if each[0] is not turn)
            if rest:
                self._lines[user] = rest
            else:
                del self._lines[user]
        self._admit()
