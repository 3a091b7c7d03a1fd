"""`cleo interactive` remembers, by the same memory and assistant as the API, until it is told to forget."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from cleo_memory import Memory, MemorySettings, open_memory
from cleo_serving.engine.base import Sampling
from cleo_serving.local.talks import Forgetful, Remembering, remembering
from cleo_serving.model.loader import ServedModel
from cleo_serving.settings import ServingSettings
from tests.engines import WordsEngine

pytestmark = pytest.mark.integration
SAMPLING = Sampling(temperature=0.0, max_tokens=32)


class Parrot(WordsEngine):
    """An engine that always says the same, and keeps what stood before it."""

    def __init__(self) -> None:
        super().__init__(says="I see.")

    @property
    def seen(self) -> list[str]:
        return [f"{message.role}: {message.content}" for message in self.read]


def served(engine: Parrot) -> ServedModel:
    return ServedModel(engine, "parrot", "unsigned", "0" * 64, "unsigned", "unsigned")  # type: ignore[arg-type]


@pytest.fixture
async def memory(home: Path) -> AsyncIterator[Memory]:
    async with open_memory(MemorySettings(embedder="none")) as opened:
        yield opened


def talk_of(memory: Memory, engine: Parrot, user: str = "ann") -> Remembering:
    return Remembering(memory, served(engine), ServingSettings(), user, SAMPLING)


async def said(talk: Remembering | Forgetful, text: str) -> str:
    shown: list[str] = []
    await talk.answer(text, shown.append)
    return "".join(shown)


async def test_who_i_am_is_remembered_after_a_new_beginning_and_in_another_talk(memory: Memory) -> None:
    async def asked(talk: Remembering, engine: Parrot) -> str:
        """What the reply says or the model was shown."""
        engine.read = []
        return " ".join([await said(talk, "Do you remember who I am?"), *engine.seen])

    engine, other, stranger = Parrot(), Parrot(), Parrot()
    talk = talk_of(memory, engine)
    assert await said(talk, "My name is Ada and my dog is called Biscuit.") == "I see."
    talk.begin_anew()
    assert "Ada" in await asked(talk, engine)
    assert "Ada" in await asked(talk_of(memory, other), other)
    assert "Ada" in await talk.known()
    assert "Ada" not in await asked(talk_of(memory, stranger, "bob"), stranger)


async def test_a_talk_is_a_conversation_of_the_memory_that_the_api_has(memory: Memory) -> None:
    talk = talk_of(memory, Parrot())
    await said(talk, "The boat leaves at noon.")
    await said(talk, "And the train at one.")
    talk.begin_anew()
    await said(talk, "Good morning.")
    assert sorted(each.turns for each in (await memory.conversations("ann")).items) == [2, 4]


async def test_what_is_forgotten_stands_before_no_model_again(memory: Memory) -> None:
    engine = Parrot()
    talk = talk_of(memory, engine)
    await said(talk, "I am allergic to peanuts.")
    listed = await talk.known()
    assert "peanuts" in listed
    assert "forgotten" in await talk.forget(listed.split()[0])
    assert await talk.known() == "Nothing is remembered."
    assert "Nothing" in await talk.forget("my bicycle")
    await said(talk, "I am allergic to peanuts.")
    assert "peanuts" in await talk.forget("my allergy")
    # Its only turns went with it: the talk begins anew instead of failing.
    await said(talk, "Can I eat peanut soup?")
    assert "allergic" not in " ".join(engine.seen)


async def test_a_talk_without_memory_remembers_its_own_turns_and_keeps_nothing(memory: Memory) -> None:
    engine = Parrot()
    talk = Forgetful(engine, "", SAMPLING)  # type: ignore[arg-type]
    await said(talk, "My name is Ada.")
    await said(talk, "Who am I?")
    assert "user: My name is Ada." in engine.seen
    talk.begin_anew()
    await said(talk, "Who am I?")
    assert engine.seen == ["user: Who am I?"]
    assert "--no-memory" in await talk.known()
    assert (await memory.stats("ann")).memories == 0


async def test_the_words_of_the_system_and_the_length_of_a_reply_are_those_of_the_command(home: Path) -> None:
    engine = Parrot()

    @asynccontextmanager
    async def opening() -> AsyncIterator[ServedModel]:
        yield served(engine)

    given: AbstractAsyncContextManager[ServedModel] = opening()
    async with remembering(given, ServingSettings(), "ann", "You are a pirate.", SAMPLING) as talk:
        await talk.answer("Good morning.", lambda _: None)
    assert engine.seen[0].startswith("system: You are a pirate.")
