"""Memory learns from a user's turns: once, with the turn it came from, in the order of the facts and not of arrival."""

from __future__ import annotations

import json
import threading
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from pydantic import ValidationError

from cleo_memory import Kind, Learned, Memory, MemorySettings, Record, open_memory
from cleo_memory.errors import MemoryNotFound, UserErased

pytestmark = pytest.mark.integration
NOW = datetime.now(UTC)


@pytest.fixture
async def memory() -> AsyncIterator[Memory]:
    async with open_memory(MemorySettings(embedder="none")) as opened:
        yield opened


async def say(memory: Memory, text: str, at: datetime | None = None, speaker: str = "user") -> tuple[Record, Learned]:
    turn = await memory.append("ann", "talk", speaker, text, at=at)
    return turn, await memory.learn("ann", turn, epoch=await memory.epoch("ann"))


async def told(memory: Memory) -> dict[str | None, str]:
    return {record.key: record.content for record in await memory.told("ann")}


async def test_a_told_fact_is_kept_with_the_turn_it_came_from(memory: Memory) -> None:
    turn, learned = await say(memory, "My dog is called Biscuit, and I love espresso.")
    dog, coffee = learned.written
    assert (dog.key, dog.kind, dog.content) == ("dog.name", Kind.EPISODIC, "My dog is called Biscuit")
    assert (coffee.key, coffee.kind) == ("like.espresso", Kind.PREFERENCE)
    assert dog.provenance["turn"] == coffee.provenance["turn"] == turn.id
    assert await memory.recall("ann", dog.id) == dog


async def test_what_is_known_is_not_written_again_in_whatever_words(memory: Memory) -> None:
    for text in ("My dog is called Biscuit.", "Biscuit is my dog.", "We have a dog named Biscuit."):
        await say(memory, text)
    assert await told(memory) == {"dog.name": "My dog is called Biscuit."}


async def test_an_event_told_in_six_ways_is_one_memory(memory: Memory) -> None:
    for text in (
        "I moved to Porto in May.",
        "I live in Porto now.",
        "We relocated to Porto.",
        "Porto is my new home.",
        "I've been living in Porto since May.",
        "My new flat is in Porto.",
    ):
        await say(memory, text)
    assert await told(memory) == {"home.city": "I moved to Porto in May."}


async def test_a_move_ends_the_place_before_it_whichever_is_told_first(memory: Memory) -> None:
    await say(memory, "I live in Lyon.")
    _, learned = await say(memory, "I moved from Lyon to Porto in May.")
    assert [record.content for record in learned.ended] == ["I live in Lyon."]
    assert await told(memory) == {"home.city": "I moved from Lyon to Porto in May."}
    await say(memory, "I live in Ghent.", at=NOW - timedelta(days=900))  # an old conversation that is taken in later
    assert await told(memory) == {"home.city": "I moved from Lyon to Porto in May."}


async def test_of_two_dated_moves_the_later_one_holds_whichever_is_told_last(memory: Memory) -> None:
    await say(memory, "I moved to Porto in 2022.")
    await say(memory, "I moved to Nice in 2019.")
    assert await told(memory) == {"home.city": "I moved to Porto in 2022."}


async def test_what_the_user_ends_no_longer_holds(memory: Memory) -> None:
    await say(memory, "I live in Lyon.")
    await say(memory, "I no longer live in Lyon.")
    await say(memory, "I love tea.")
    await say(memory, "I don't like tea.")
    assert await told(memory) == {"dislike.tea": "I don't like tea."}


async def test_nothing_is_learned_from_the_assistants_words(memory: Memory) -> None:
    _, learned = await say(memory, "My dog is called Luna.", speaker="assistant")
    assert learned == Learned()
    _, learned = await say(memory, "My dog is called Biscuit.")
    assert len(learned.written) == 1


async def test_learning_honours_an_erasure_and_a_forgotten_turn(memory: Memory) -> None:
    epoch = await memory.epoch("ann")
    turn = await memory.append("ann", "talk", "user", "My dog is called Biscuit.")
    await memory.forget("ann", turn.id)
    with pytest.raises(MemoryNotFound):
        await memory.learn("ann", turn, epoch=epoch)
    await memory.erase("ann")
    with pytest.raises(UserErased):
        await memory.learn("ann", turn, epoch=epoch)
    assert await memory.told("ann") == []


async def test_what_was_asked_to_be_remembered_is_kept_whatever_the_rules_make_of_it(memory: Memory) -> None:
    turn = await memory.append("ann", "talk", "user", "Remember that the spare key lies under the blue pot.")
    learned = await memory.learn("ann", turn, asked="the spare key lies under the blue pot")
    assert [record.content for record in learned.written] == ["the spare key lies under the blue pot"]
    again = await memory.learn("ann", turn, asked="the spare key lies under the blue pot")
    assert (again.written, again.known) == ((), learned.written)


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("I'm allergic to peanuts.", "my allergy"),
        ("I'm allergic to peanuts.", "that I'm allergic to peanuts"),
        ("Ich bin allergisch gegen Nüsse.", "meine Allergie"),
        ("Je suis allergique aux noix.", "mon allergie"),
        ("Soy alérgica a las nueces.", "mi alergia"),
        ("Ik ben allergisch voor noten.", "mijn allergie"),
        ("Sono allergica alle noci.", "la mia allergia"),
        ("Sou alérgica a nozes.", "a minha alergia"),
    ],
)
async def test_what_a_user_asks_to_forget_is_gone_with_the_turns_that_say_it(
    memory: Memory, said: str, asked: str
) -> None:
    await say(memory, said)
    await say(memory, "My name is Ann.")
    forgot = await memory.forget_told("ann", asked)
    assert [record.content for record in forgot.told] == [said]
    assert await told(memory) == {"name": "My name is Ann."}
    assert [turn.content for turn in await memory.window("ann", "talk")] == ["My name is Ann."]


async def test_my_name_is_not_my_dogs(memory: Memory) -> None:
    await say(memory, "My name is Ann and my dog is called Biscuit.")
    await memory.forget_told("ann", "my dog's name")
    assert list(await told(memory)) == ["name"]
    assert (await memory.forget_told("ann", "my unicorn")).told == ()
    await memory.forget_told("ann", "", everything=True)
    assert await told(memory) == {}


class _Endpoint(BaseHTTPRequestHandler):
    answer: Any = None

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        content = json.dumps({"choices": [{"message": {"content": json.dumps(self.answer)}}]}).encode()
        self.send_response(200 if self.answer is not None else 500)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def endpoint() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Endpoint)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    server.shutdown()
    server.server_close()
    thread.join()


async def test_of_a_models_answer_only_what_the_user_said_is_kept(endpoint: str) -> None:
    settings = MemorySettings(embedder="none", formation="model", formation_url=endpoint, formation_model="m")
    async with open_memory(settings) as memory:
        _Endpoint.answer = {
            "facts": [
                {"about": "dog.name", "value": "Biscuit"},
                {"about": "cat.name", "value": "Luna"},
                {"about": "hobby", "value": "sailing"},
            ]
        }
        _, learned = await say(memory, "Biscuit, that's our beagle. Do you like sailing?")
        assert [(record.key, record.content) for record in learned.written] == [
            ("dog.name", "Biscuit, that's our beagle.")
        ]
        _Endpoint.answer = None  # it fails: the rules read the turn
        _, learned = await say(memory, "My name is Ann.")
        assert [record.key for record in learned.written] == ["name"]


def test_a_model_without_an_address_is_refused_by_name() -> None:
    with pytest.raises(ValidationError, match="CLEO_MEMORY_FORMATION_URL"):
        MemorySettings(formation="model")


async def test_formation_can_be_turned_off() -> None:
    async with open_memory(MemorySettings(embedder="none", formation="off")) as memory:
        assert (await say(memory, "My name is Ann."))[1] == Learned()


async def test_forgetting_takes_what_held_before_as_well(memory: Memory) -> None:
    await say(memory, "I live in Lyon.", at=NOW - timedelta(days=9))
    await say(memory, "I moved to Porto.", at=NOW - timedelta(days=2))
    assert (await memory.forget_told("ann", "where I live in general")).told == ()
    forgot = await memory.forget_told("ann", "", everything=True)
    assert {record.provenance["value"] for record in forgot.told} == {"Lyon", "Porto"}
    assert (await memory.memories("ann")).items == []


async def test_forgetting_one_value_leaves_another_of_the_same_kind(memory: Memory) -> None:
    await say(memory, "I live in Lyon.", at=NOW - timedelta(days=9))
    await say(memory, "I moved to Porto.", at=NOW - timedelta(days=2))
    await memory.forget_told("ann", "that I live in Lyon")
    kept = [record.content for record in (await memory.memories("ann")).items]
    assert any("Porto" in text for text in kept)
    assert not any("Lyon" in text for text in kept)


async def test_an_edited_fact_keeps_none_of_its_old_words(memory: Memory) -> None:
    _, learned = await say(memory, "My dog is called Biscuit.")
    await memory.edit("ann", learned.written[0].id, content="My dog is called Waffle.")
    fact = await memory.recall("ann", learned.written[0].id)
    assert "Biscuit" not in repr(fact)
    assert fact.learned


async def test_what_is_asked_to_be_remembered_is_kept_whole(memory: Memory) -> None:
    turn = await memory.append("ann", "talk", "user", "Remember that I live in Porto and the gate code is 4711.")
    learned = await memory.learn("ann", turn, asked="I live in Porto and the gate code is 4711")
    assert any("4711" in record.content for record in learned.written)
    turn = await memory.append("ann", "talk", "user", "Remember that I am allergic to peanuts.")
    assert len((await memory.learn("ann", turn, asked="I am allergic to peanuts")).written) == 1
