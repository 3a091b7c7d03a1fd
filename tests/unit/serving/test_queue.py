"""Users take turns, newcomers find a stream, and nobody waits without a bound."""

from __future__ import annotations

import asyncio

import pytest

from cleo_serving.engine.queue import FairQueue
from cleo_serving.errors import Overloaded

pytestmark = pytest.mark.unit


class Crowd:
    """Requests whose end the test decides."""

    def __init__(self, streams: int, tokens: int | None = None, **bounds: float) -> None:
        given = {"max_waiting": 100, "wait_seconds": 60} | bounds
        self.queue = FairQueue(
            streams, tokens, max_waiting=int(given["max_waiting"]), wait_seconds=given["wait_seconds"]
        )
        self.begun: list[str] = []
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self._ends: dict[str, asyncio.Event] = {}

    async def ask(self, name: str, tokens: int = 1) -> None:
        """A request of the user whom the name begins with."""
        self._ends[name] = asyncio.Event()

        async def run() -> None:
            async with self.queue.turn(name[0], tokens):
                self.begun.append(name)
                await self._ends[name].wait()

        self.tasks[name] = asyncio.create_task(run())
        await self.settle()

    async def end(self, name: str) -> None:
        self._ends[name].set()
        await self.tasks[name]
        await self.settle()

    async def settle(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)


async def test_users_take_turns_and_not_requests() -> None:
    crowd = Crowd(streams=1)
    for name in ("a0", "a1", "a2", "a3", "b0", "c0", "b1"):
        await crowd.ask(name)
    for _ in range(7):
        await crowd.end(crowd.begun[-1])
    assert crowd.begun == ["a0", "b0", "c0", "a1", "b1", "a2", "a3"]


async def test_a_sixth_user_does_not_wait_for_five_with_two_requests_each() -> None:
    crowd = Crowd(streams=8)
    for name in (f"{user}{number}" for user in "abcde" for number in range(2)):
        await crowd.ask(name)
    assert len(crowd.begun) == 7
    await crowd.ask("f0")
    assert crowd.begun[-1] == "f0"
    # Nor does a seventh wait for the second questions of those who were there before.
    await crowd.ask("g0")
    assert len(crowd.begun) == 8
    await crowd.end("a0")
    assert crowd.begun[-1] == "g0"


async def test_a_user_alone_has_half_of_the_streams() -> None:
    crowd = Crowd(streams=8)
    for number in range(6):
        await crowd.ask(f"a{number}")
    assert len(crowd.begun) == 4
    await crowd.ask("b0")
    assert crowd.begun[-1] == "b0"


async def test_replies_do_not_hold_more_of_the_cache_than_there_is() -> None:
    crowd = Crowd(streams=8, tokens=100)
    await crowd.ask("a0", 60)
    await crowd.ask("b0", 60)
    await crowd.ask("c0", 30)
    assert crowd.begun == ["a0", "c0"]
    await crowd.end("a0")
    assert crowd.begun == ["a0", "c0", "b0"]


async def test_one_more_than_may_wait_is_told_when_to_come_back() -> None:
    crowd = Crowd(streams=1, max_waiting=2)
    for name in ("a0", "b0", "c0"):
        await crowd.ask(name)
    assert not crowd.queue.overloaded
    await crowd.ask("d0")
    with pytest.raises(Overloaded) as refused:
        await crowd.tasks["d0"]
    assert refused.value.retry_after >= 1
    assert crowd.queue.overloaded
    for name in ("a0", "b0"):
        await crowd.end(name)
    assert not crowd.queue.overloaded, "nobody waits any more"
    assert crowd.queue.turned_away == 1


async def test_waiting_has_a_bound_in_seconds() -> None:
    crowd = Crowd(streams=1, wait_seconds=0.05)
    await crowd.ask("a0")
    await crowd.ask("b0")
    with pytest.raises(Overloaded, match=r"within 0\.05 seconds"):
        await crowd.tasks["b0"]
    assert (crowd.queue.waiting, crowd.queue.active) == (0, 1)
    await crowd.end("a0")
    await crowd.ask("b1")
    assert crowd.begun == ["a0", "b1"]


async def test_who_goes_away_while_waiting_leaves_the_line() -> None:
    crowd = Crowd(streams=1)
    for name in ("a0", "b0", "c0"):
        await crowd.ask(name)
    crowd.tasks["b0"].cancel()
    await asyncio.gather(crowd.tasks["b0"], return_exceptions=True)
    await crowd.end("a0")
    assert crowd.begun == ["a0", "c0"]
    await crowd.end("c0")
    assert (crowd.queue.waiting, crowd.queue.active) == (0, 0)
