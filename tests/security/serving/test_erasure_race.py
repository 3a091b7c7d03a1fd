"""After the receipt nothing of the user is written, however slow the engine was."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from cleo_memory import Memory, open_memory
from cleo_serving.chat.assistant import Assistant
from cleo_serving.chat.events import Ended, Question, Started
from cleo_serving.engine.base import Piece, Sampling
from cleo_serving.errors import Erased
from cleo_serving.metrics import Metrics
from cleo_serving.model.holder import ModelHolder
from cleo_serving.model.loader import ServedModel
from cleo_serving.security.limits import RateLimits
from cleo_serving.settings import ServingSettings
from tests.engines import WordsEngine

pytestmark = pytest.mark.security


class Slow(WordsEngine):
    """An engine that takes the request, and answers when the test says so: first word, then the rest."""

    def __init__(self) -> None:
        super().__init__(context=500)
        self.taken, self.first, self.rest = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def stream(self, prompt: Any, sampling: Sampling, *, request: str, user: str = "") -> AsyncGenerator[Piece]:
        self.taken.set()
        await self.first.wait()
        yield Piece("tea ", 1, None)
        await self.rest.wait()
        yield Piece("it is", 2, "stop")


@pytest.fixture
async def memory(home: Path) -> AsyncIterator[Memory]:
    async with open_memory() as opened:
        yield opened


@pytest.fixture
def engine() -> Slow:
    return Slow()


@pytest.fixture
def assistant(engine: Slow, memory: Memory) -> Assistant:
    settings = ServingSettings()
    model = ServedModel(engine, "slow", "unsigned", "0" * 64, "unsigned", "unsigned")
    return Assistant(ModelHolder(model, settings), memory, settings.prompt, RateLimits(settings.rate), Metrics())


async def ask(assistant: Assistant, user: str, conversation: str | None = None) -> list[Any]:
    question = Question(text="what do I drink", conversation=conversation)
    async with aclosing(assistant.answer(user, question)) as parts:
        return [part async for part in parts]


def while_answering(monkeypatch: pytest.MonkeyPatch, memory: Memory, deed: Callable[[], Awaitable[Any]]) -> None:
    """Do a deed after the earlier turns of a conversation were read, and before the model is asked."""
    context = memory.context

    async def then(*arguments: Any, **more: Any) -> Any:
        found = await context(*arguments, **more)
        await deed()
        return found

    monkeypatch.setattr(memory, "context", then)


async def kept(memory: Memory, user: str) -> int:
    return len([line async for line in memory.export_lines(user) if "drink" in line or "tea" in line])


async def test_a_reply_in_the_making_is_not_kept_in_a_conversation_that_is_deleted_meanwhile(
    assistant: Assistant, engine: Slow, memory: Memory
) -> None:
    asked = asyncio.create_task(ask(assistant, "ann", None))
    engine.first.set()
    while not (found := (await memory.conversations("ann")).items):  # noqa: ASYNC110 - the question is kept by another task
        await asyncio.sleep(0.01)
    assert (await memory.delete_conversation("ann", found[0].id)).turns == 1
    engine.rest.set()
    assert isinstance((await asked)[-1], Ended)
    assert await kept(memory, "ann") == 0
    assert (await memory.conversations("ann")).items == []
    assert (await memory.stats("ann")).memories == 0


async def test_a_question_that_waited_through_an_erasure_is_refused_and_not_kept(
    assistant: Assistant, engine: Slow, memory: Memory
) -> None:
    asked = asyncio.create_task(ask(assistant, "ann"))
    await engine.taken.wait()
    await memory.erase("ann")
    engine.first.set()
    engine.rest.set()
    with pytest.raises(Erased):
        await asked
    assert await kept(memory, "ann") == 0
    # Another user's, and one asked after the receipt, are kept whole.
    for user in ("bob", "ann"):
        parts = await ask(assistant, user)
        assert isinstance(parts[0], Started)
        assert isinstance(parts[-1], Ended)
        assert await kept(memory, user) == 2


async def test_a_reply_in_the_making_is_not_kept_after_an_erasure(
    assistant: Assistant, engine: Slow, memory: Memory
) -> None:
    engine.first.set()
    async with aclosing(assistant.answer("ann", Question(text="what do I drink"))) as parts:
        assert isinstance(await anext(parts), Started)
        assert await kept(memory, "ann") == 1
        await memory.erase("ann")
        engine.rest.set()
        async for _ in parts:
            pass
    assert await kept(memory, "ann") == 0


async def test_a_turn_being_written_ends_before_the_erasure(assistant: Assistant, engine: Slow, memory: Memory) -> None:
    """Both at once, again and again: whichever comes first, nothing is left after the receipt."""
    engine.first.set()
    engine.rest.set()
    for steps in range(12):
        begun = (await ask(assistant, "ann"))[0]
        memory.shadow.end("ann", begun.conversation)  # as after a restart: it is read again from the conversation
        asked = asyncio.create_task(ask(assistant, "ann", begun.conversation))
        for _ in range(steps * 3):
            await asyncio.sleep(0)
        await memory.erase("ann")
        await asyncio.gather(asked, return_exceptions=True)
        assert await kept(memory, "ann") == 0
        assert len(memory.shadow) == 0


async def test_a_turn_that_is_forgotten_meanwhile_is_not_looked_at(
    assistant: Assistant, engine: Slow, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.first.set()
    engine.rest.set()
    begun = (await ask(assistant, "ann"))[0]
    turns = await memory.window("ann", begun.conversation)
    memory.shadow.end("ann", begun.conversation)
    while_answering(monkeypatch, memory, lambda: memory.forget("ann", [turn.id for turn in turns]))
    noted: list[str] = []
    note = memory.shadow.note

    def noting(*given: Any, **more: Any) -> None:
        noted.append(given[3])
        note(*given, **more)

    monkeypatch.setattr(memory.shadow, "note", noting)
    assert isinstance((await ask(assistant, "ann", begun.conversation))[-1], Ended)
    assert len(noted) == 2  # the question and its reply; no earlier turn


async def test_earlier_turns_are_not_looked_at_after_an_erasure(
    assistant: Assistant, engine: Slow, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.first.set()
    engine.rest.set()
    begun = (await ask(assistant, "ann"))[0]
    memory.shadow.end("ann", begun.conversation)
    while_answering(monkeypatch, memory, lambda: memory.erase("ann"))
    with pytest.raises(Erased):
        await ask(assistant, "ann", begun.conversation)
    assert len(memory.shadow) == 0
