"""A request that is sent again under its key is not done again: one memory, one reply, bound to user and body."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from cleo_memory import Memory, MemorySettings, open_memory
from cleo_memory.errors import ReplyGone, RequestMismatch, StorageFault
from tests.integration.memory.test_backends import in_database, new_database

pytestmark = pytest.mark.integration
WORDS_ONLY = MemorySettings(embedder="none")


@pytest.fixture(params=["sqlite", "postgres"])
def settings(request: pytest.FixtureRequest) -> MemorySettings:
    if request.param == "sqlite":
        return WORDS_ONLY
    url = request.getfixturevalue("postgres_url")
    return MemorySettings(embedder="none", catalogue=in_database(new_database(url), url))


@pytest.fixture
async def memory(settings: MemorySettings) -> AsyncIterator[Memory]:
    async with open_memory(settings) as opened:
        yield opened


class Answering:
    """Work that counts how often it is done, and waits until it may end."""

    def __init__(self, text: bytes = b"the reply") -> None:
        self.done, self.text = 0, text
        self.begun, self.may_end = asyncio.Event(), asyncio.Event()
        self.may_end.set()

    async def __call__(self) -> bytes:
        self.done += 1
        self.begun.set()
        await self.may_end.wait()
        return self.text


async def test_a_memory_sent_twice_is_kept_once_also_after_a_restart(settings: MemorySettings) -> None:
    async with open_memory(settings) as memory:
        kept = await memory.remember("ann", "The boat leaves at noon.", request="k1")
        assert await memory.remember("ann", "The boat leaves at noon.", request="k1") == kept
        other = await memory.remember("bob", "The boat leaves at noon.", request="k1")
        assert other.id != kept.id
    async with open_memory(settings) as memory:
        assert await memory.remember("ann", "The boat leaves at noon.", request="k1") == kept
        assert (await memory.memories("ann")).items == [kept]
        assert (await memory.remember("ann", "The boat leaves at noon.", request="k2")).id != kept.id


async def test_many_at_once_are_one(memory: Memory) -> None:
    given = ["The boat leaves at noon."] * 20
    records = await asyncio.gather(*(memory.remember("ann", each, request="k") for each in given))
    assert len({each.id for each in records}) == 1
    assert (await memory.stats("ann")).memories == 1


async def test_another_body_under_a_key_is_refused(memory: Memory) -> None:
    kept = await memory.remember("ann", "The boat leaves at noon.", request="k")
    with pytest.raises(RequestMismatch):
        await memory.remember("ann", "The boat leaves at one.", request="k")
    with pytest.raises(RequestMismatch):
        await memory.remember("ann", "The boat leaves at noon.", importance=0.9, request="k")
    work = Answering()
    with pytest.raises(RequestMismatch):
        await memory.once("ann", "k", "a question", work)
    assert work.done == 0
    assert (await memory.memories("ann")).items == [kept]
    assert await memory.once("ann", "q", "a question", work) == b"the reply"
    with pytest.raises(RequestMismatch):
        await memory.once("ann", "q", "another question", work)
    assert work.done == 1


async def test_work_is_done_once_and_its_reply_given_again(settings: MemorySettings) -> None:
    work = Answering()
    async with open_memory(settings) as memory:
        work.may_end.clear()
        both = [asyncio.create_task(memory.once("ann", "q", "body", work)) for _ in range(3)]
        await work.begun.wait()
        work.may_end.set()
        assert await asyncio.gather(*both) == [b"the reply"] * 3
        assert await memory.once("ann", "q", "body", work) == b"the reply"
    async with open_memory(settings) as memory:
        assert await memory.once("ann", "q", "body", work) == b"the reply"
        assert work.done == 1
        assert await memory.once("bob", "q", "body", work) == b"the reply"
        assert work.done == 2


async def test_a_client_that_goes_away_finds_the_whole_reply_when_it_comes_back(memory: Memory) -> None:
    work = Answering()
    work.may_end.clear()
    first = asyncio.create_task(memory.once("ann", "q", "body", work))
    await work.begun.wait()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    again = asyncio.create_task(memory.once("ann", "q", "body", work))
    await asyncio.sleep(0)
    work.may_end.set()
    assert await again == b"the reply"
    assert work.done == 1


async def test_two_processes_do_it_once(settings: MemorySettings) -> None:
    async with open_memory(settings) as one, open_memory(settings) as other:
        work, late = Answering(), Answering(b"another")
        work.may_end.clear()
        first = asyncio.create_task(one.once("ann", "q", "body", work))
        await work.begun.wait()
        second = asyncio.create_task(other.once("ann", "q", "body", late))
        await asyncio.sleep(0.3)
        assert not second.done()
        work.may_end.set()
        assert await asyncio.gather(first, second) == [b"the reply"] * 2
        assert late.done == 0


async def test_work_that_fails_is_done_again(memory: Memory) -> None:
    async def fail() -> bytes:
        raise StorageFault("once")

    with pytest.raises(StorageFault):
        await memory.once("ann", "q", "body", fail)
    assert await memory.once("ann", "q", "body", Answering()) == b"the reply"


def forget(memory: Memory, id: str) -> Awaitable[object]:
    return memory.forget("ann", id)


def edit(memory: Memory, id: str) -> Awaitable[object]:
    return memory.edit("ann", id, content="new words")


def rotate(memory: Memory, id: str) -> Awaitable[object]:
    return memory.rotate_key("ann")


@pytest.mark.parametrize("deed", [forget, edit, rotate])
async def test_a_reply_that_may_quote_what_was_deleted_is_cleared_and_not_made_again(
    memory: Memory, deed: Callable[[Memory, str], Awaitable[object]]
) -> None:
    kept = await memory.remember("ann", "old words", request="r")
    done, making = Answering(), Answering()
    await memory.once("ann", "done", "body", done)
    making.may_end.clear()
    running = asyncio.create_task(memory.once("ann", "making", "body", making))
    await making.begun.wait()
    await deed(memory, kept.id)
    making.may_end.set()
    await running
    for key, work in (("done", done), ("making", making)):
        with pytest.raises(ReplyGone):
            await memory.once("ann", key, "body", work)
        assert work.done == 1
    if deed is forget:
        with pytest.raises(ReplyGone):
            await memory.remember("ann", "old words", request="r")
        assert (await memory.stats("ann")).memories == 0
    else:
        assert (await memory.remember("ann", "old words", request="r")).id == kept.id


async def test_an_erased_user_leaves_no_request_behind(memory: Memory) -> None:
    await memory.remember("ann", "old words", request="r")
    await memory.once("ann", "q", "body", Answering())
    making = Answering()
    making.may_end.clear()
    running = asyncio.create_task(memory.once("ann", "making", "body", making))
    await making.begun.wait()
    await memory.erase("ann")
    making.may_end.set()
    await running
    owner = memory.keyring.owner("ann")
    sql = "SELECT count(*) FROM requests WHERE owner = ?"
    assert (await memory.catalog._database.read(lambda tx: tx.execute(sql, (owner,)).fetchone()))[0] == 0
    again = Answering(b"anew")
    assert await memory.once("ann", "q", "body", again) == b"anew"


async def test_a_key_is_known_for_a_while_and_then_tidied(home: Path) -> None:
    hours = 1e-7
    async with open_memory(MemorySettings(embedder="none", request_hours=hours)) as memory:
        first = await memory.remember("ann", "old words", request="r")
        await asyncio.sleep(hours * 3600 * 2)
        assert (await memory.remember("ann", "old words", request="r")).id != first.id
        await asyncio.sleep(hours * 3600 * 2)
        await memory.retention.apply_to_all_users()
        sql = "SELECT count(*) FROM requests"
        assert (await memory.catalog._database.read(lambda tx: tx.execute(sql).fetchone()))[0] == 0


def everything(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


async def test_neither_key_nor_body_nor_reply_is_readable_on_the_disk(home: Path) -> None:
    secrets = [b"quince-4711", b"medlar-body", b"loquat-reply"]
    async with open_memory(WORDS_ONLY) as memory:
        await memory.once("ann", "quince-4711", "medlar-body", Answering(b"loquat-reply"))
        owner = memory.keyring.owner("ann").encode()
        held = await asyncio.to_thread(everything, home)
        assert owner in held
        assert not [each for each in secrets if each in held]


KILLED = """
import asyncio, os
from cleo_memory import MemorySettings, open_memory
async def main():
    memory = await open_memory(MemorySettings(embedder="none"))
    await memory.remember("ann", "The boat leaves at noon.", request="k")
    print("acknowledged", flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""


def test_a_killed_process_has_kept_the_key_with_the_memory() -> None:
    process = subprocess.Popen([sys.executable, "-c", KILLED], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"acknowledged\n"
        process.send_signal(signal.SIGKILL)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()

    async def again() -> int:
        async with open_memory(WORDS_ONLY) as memory:
            await memory.remember("ann", "The boat leaves at noon.", request="k")
            return (await memory.stats("ann")).memories

    assert asyncio.run(again()) == 1
