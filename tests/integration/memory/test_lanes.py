"""What is put before a model, with the default embedder: told facts first, the user's own statements, and no noise."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta

import pytest

from cleo_memory import Memory, open_memory
from cleo_memory.search import Embedder, approximate_tokens, open_embedder

pytestmark = pytest.mark.integration

FOOD = ["What shall I cook?", "Any soup ideas?", "Is rice healthy?", "How long do eggs boil?", "Bread or pasta?"]
FOOD += ["What goes with tofu?", "A quick dessert?", "Spicy or mild?", "Can I freeze soup?"]
NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return open_embedder()


@pytest.fixture
async def memory(embedder: Embedder) -> AsyncGenerator[Memory]:
    async with open_memory(embedder=embedder) as opened:
        yield opened


async def talk(memory: Memory, conversation: str, *turns: tuple[str, str]) -> None:
    for asked, answered in turns:
        await memory.append("ann", conversation, "user", asked)
        await memory.append("ann", conversation, "assistant", answered)
    await memory.settle("ann")


async def test_a_told_allergy_is_before_the_model_after_nine_questions_about_food(memory: Memory) -> None:
    await memory.remember("ann", "I am allergic to peanuts.")
    await talk(memory, "food", *((asked, "Peanut soup is a fine idea, with peanut butter.") for asked in FOOD))
    for conversation in ("food", None):
        context = await memory.context("ann", "Can I eat peanut soup?", 200, conversation=conversation)
        assert context.facts.endswith("I am allergic to peanuts.")
        assert context.notes == ""


async def test_an_invented_reply_never_stands_beside_a_told_fact(memory: Memory) -> None:
    question = "What is my dog's name?"
    await talk(memory, "one", (question, "Your dog's name is Luna."), (question, "Luna."))
    await memory.remember("ann", "My dog is called Biscuit and he is a beagle.")
    await memory.settle("ann")
    for conversation in (None, "two"):
        context = await memory.context("ann", question, 200, conversation=conversation)
        assert "Biscuit" in context.facts
        assert "Luna" not in context.text


async def test_what_bears_on_nothing_is_not_shown_and_what_is_shown_says_why(memory: Memory) -> None:
    for told in ("I am allergic to peanuts.", "My dog is called Biscuit.", "I live in Porto."):
        await memory.remember("ann", told)
    await memory.settle("ann")
    for query in ("What does the Python function len do?", "qwe zxcv plok"):
        context = await memory.context("ann", query, 200)
        assert (context.text, context.citations) == ("", ())
    (citation,) = (await memory.context("ann", "How is my dog called?", 200)).citations
    assert citation.reason == "tells what the question asks for"
    (citation,) = (await memory.context("ann", "Would my dog Biscuit enjoy the beach?", 200)).citations
    assert "shares words with the question" in citation.reason


async def test_the_newer_of_two_homes_is_shown_first(memory: Memory) -> None:
    await memory.remember("ann", "I moved to Porto last month", at=NOW - timedelta(days=30))
    await memory.remember("ann", "I live in Lyon", at=NOW - timedelta(days=400))
    await memory.settle("ann")
    for question, shown in (
        ("Where do I live?", ["I moved to Porto last month"]),  # only what holds now
        ("Is it far between Lyon, where I live, and Porto?", ["I moved to Porto last month", "I live in Lyon"]),
    ):
        lines = (await memory.context("ann", question, 200)).facts.splitlines()
        assert [line.partition(": ")[2] for line in lines] == shown


async def test_what_a_user_likes_is_shown_where_it_bears_on_the_question_and_what_was_set_always(
    memory: Memory,
) -> None:
    for said in ("I love espresso.", "Please answer in one sentence."):
        await memory.learn("ann", await memory.append("ann", "one", "user", said))
    await memory.prefer("ann", "units", "metric")
    await memory.settle("ann")
    assert "espresso" not in (await memory.context("ann", "How far is the moon?", 200)).text
    coffee = await memory.context("ann", "Do I like espresso or tea?", 200)
    assert "I love espresso" in coffee.text
    for context in (await memory.context("ann", "How far is the moon?", 200), coffee):
        assert "one sentence" in context.facts
        assert "units: metric" in context.facts


async def test_a_statement_after_the_answer_stands_beside_it_and_a_replaced_one_does_not(memory: Memory) -> None:
    for said in ("My car is a Mini.", "Did I tell you? My car is a Honda.", "The Honda of mine is in the garage."):
        await memory.learn("ann", await memory.append("ann", "one", "user", said))
    await memory.settle("ann")
    context = await memory.context("ann", "Which car do I have?", 200)
    assert "My car is a Honda" in context.facts
    assert "Mini" not in context.text
    later = await memory.context("ann", "Is there a Mini or a Honda in the garage?", 200)
    assert "Mini" not in later.text


async def test_what_the_user_said_elsewhere_is_a_note_and_what_was_asked_is_not(memory: Memory) -> None:
    await talk(memory, "one", ("My sister Clara lives in Oslo.", "Nice!"), ("Where does my sister live?", "In Paris."))
    context = await memory.context("ann", "Which city is my sister in?", 200, conversation="two")
    assert context.facts == ""
    assert [line.partition(": ")[2] for line in context.notes.splitlines()] == ["My sister Clara lives in Oslo."]


async def test_notes_shrink_before_turns_and_facts_last_among_notes(memory: Memory) -> None:
    await memory.remember("ann", "I am allergic to peanuts.")
    for n in range(6):
        await talk(memory, f"talk {n}", (f"I ate peanut bar number {n} at work and my face itched again.", "Oh!"))
    await talk(memory, "now", ("Hello there, how are you this morning?", "Very well, and how are you?"))

    async def shown(room: int) -> tuple[int, int, int]:
        context = await memory.context("ann", "Can I eat peanuts?", 200, conversation="now", room=room, turn_budget=100)
        used = sum(approximate_tokens(turn.content) + 8 for turn in context.recent)
        assert context.tokens <= max(0, room - used)
        return len(context.recent), len(context.facts.splitlines()), len(context.notes.splitlines())

    whole, tight, none = [await shown(room) for room in (400, 80, 30)]
    assert whole[:2] == (2, 1)
    assert whole[2] > 2
    assert tight[:2] == (2, 1)
    assert tight[2] < whole[2]
    assert none == (2, 0, 0)
