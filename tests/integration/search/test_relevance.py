"""What is found and what is not, with the default embedder: relevance is absolute, in many languages and lengths."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from cleo_memory import Memory, MemorySettings, open_memory
from cleo_memory.search import Embedder, open_embedder

pytestmark = pytest.mark.integration

FACTS = Path(__file__).parents[3] / "benchmarks" / "data" / "facts.json"
NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return open_embedder()


async def told(memory: Memory, *facts: str) -> None:
    for fact in facts:
        await memory.remember("ann", fact)
    await memory.settle("ann")


async def found(memory: Memory, query: str, limit: int = 10) -> list[str]:
    return [hit.record.content for hit in await memory.search("ann", query, limit=limit)]


@pytest.mark.parametrize("language", ["korean", "chinese", "japanese", "thai", "german", "french", "spanish", "dutch"])
async def test_facts_in_a_language_are_found_by_questions_in_it_and_by_no_other(
    embedder: Embedder, language: str
) -> None:
    """`benchmarks relevance` has the figures of all; here each language's nine of ten."""
    talks = json.loads(FACTS.read_text(encoding="utf-8"))["conversations"]
    talk = next(each for each in talks if each["id"] == language)
    text_of = {turn["id"]: turn["text"] for turn in talk["turns"]}
    async with open_memory(embedder=embedder) as memory:
        await told(memory, *text_of.values())
        right = quiet = 0
        for question in talk["questions"]:
            answers = await found(memory, question["question"])
            if question["evidence"]:
                right += answers[:1] == [text_of[question["evidence"][0]]]
            else:
                quiet += not answers
        assert right >= 9
        assert quiet >= sum(not question["evidence"] for question in talk["questions"]) - 1


async def test_nonsense_and_other_subjects_find_nothing(embedder: Embedder) -> None:
    async with open_memory(embedder=embedder) as memory:
        await told(memory, "I am allergic to peanuts.", "My dog is called Biscuit.", "I live in Porto.")
        await memory.append("ann", "talk", "user", "The lecture on Baroque painting was long.")
        await memory.settle("ann")
        for query in ("What does the Python function len do?", "qwe zxcv plok", "Who wrote Hamlet?", "asdf", "?!"):
            assert await found(memory, query) == []
        hits = await memory.search("ann", "What is my dog called?")
        assert [hit.record.content for hit in hits] == ["My dog is called Biscuit."]
        assert hits[0].relevance > 0.5
        assert all(hit.score > 0 for hit in hits)


async def test_without_an_embedder_words_have_a_floor_too() -> None:
    async with open_memory(MemorySettings(embedder="none")) as memory:
        await told(memory, "I am allergic to peanuts.", "My dog is called Biscuit.")
        assert await found(memory, "the name of the dog") == ["My dog is called Biscuit."]
        assert await found(memory, "What does the function len do?") == []


async def test_without_an_embedder_what_is_found_is_shown_with_its_true_reason() -> None:
    """Relevance is on one scale with and without meaning: what search lets through, context shows."""
    async with open_memory(MemorySettings(embedder="none")) as memory:
        question = "Which bakery sells rolls?"
        await told(
            memory, "I play the cello.", "My dog is old.", "The tax form is here.", "I like rain.", "My car is red."
        )
        for kind in ("told", "said"):
            text = f"The bakery was closed when I {kind} them."
            await (memory.append("ann", "c", "user", text) if kind == "said" else memory.remember("ann", text))
        hits = await memory.search("ann", question)
        assert len(hits) == 2
        context = await memory.context("ann", question, 400)
        assert "told them" in context.facts
        assert "said them" in context.notes
        assert all(
            citation.reason == "shares words with the question, itself or the turns beside it"
            for citation in context.citations
        )


class Counting:
    """The embedder, with what it was asked for."""

    def __init__(self, embedder: Embedder) -> None:
        self.name, self.dim, self._embedder, self.asked = embedder.name, embedder.dim, embedder, list[str]()

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked += texts
        return self._embedder.embed(texts)


async def test_a_context_embeds_its_question_once(embedder: Embedder) -> None:
    counting = Counting(embedder)
    async with open_memory(embedder=counting) as memory:
        await told(memory, "I live in Porto.")
        await memory.append("ann", "c", "user", "Porto was sunny.")
        await memory.settle("ann")
        context = await memory.context("ann", "Where in Porto do I live?", 400)
    assert context.facts
    assert context.notes
    assert counting.asked.count("Where in Porto do I live?") == 1


async def test_one_sentence_told_five_times_is_one_answer(embedder: Embedder) -> None:
    async with open_memory(embedder=embedder) as memory:
        for day in range(5, 0, -1):
            await memory.remember("ann", "I play the cello.", at=NOW - timedelta(days=day))
        last = await memory.remember("ann", "i play the  cello!", at=NOW - timedelta(hours=1))
        await told(memory, "My cello teacher is Mrs Lind.", "The cello needs new strings.")
        await memory.append("ann", "talk", "user", "I play the cello.")
        hits = await memory.search("ann", "cello", limit=5)
        assert len(hits) == 3
        assert last.id in [hit.record.id for hit in hits]


@pytest.mark.parametrize(
    ("old", "new", "question"),
    [
        ("I live in Lyon", "I moved to Porto last month", "Where do I live?"),
        ("I work at a bakery.", "I started a new job at the post office.", "Where do I work?"),
        ("The meeting is on Tuesdays.", "The meeting is on Thursdays.", "When is the meeting?"),
        ("Mein Auto ist ein Fiat.", "Ich habe den Fiat verkauft, ich fahre jetzt Volvo.", "Welches Auto habe ich?"),
    ],
)
async def test_what_was_told_later_about_the_same_comes_first(
    embedder: Embedder, old: str, new: str, question: str
) -> None:
    async with open_memory(embedder=embedder) as memory:
        await memory.remember("ann", new, at=NOW - timedelta(days=30))
        await memory.remember("ann", old, at=NOW - timedelta(days=400))
        await told(memory, "I planted tomatoes and basil.", "My sister got married in Dublin.")
        assert await found(memory, question) == [new, old]


async def test_the_last_line_of_a_long_memory_is_found_in_other_words(embedder: Embedder) -> None:
    lines = [f"Chapter {n} describes the harbour, its cranes and the ships that came in that year." for n in range(60)]
    diary = "\n".join([*lines, "By the way, the vet says that our hamster has a weak heart."])
    assert len(diary) > 4500
    async with open_memory(embedder=embedder) as memory:
        await told(memory, diary, "The ships were late.", "I like cranes.", "My tax form is on the desk.")
        for _ in range(2):  # as it was embedded, and as it was stored
            (hit, *_) = await memory.search("ann", "Which of my pets is ill?")
            assert hit.record.content == diary
            memory.indexes.drop(memory.keyring.owner("ann"))
        await memory.forget("ann", hit.record.id)
        assert not await memory.search("ann", "Which of my pets is ill?")
