"""What an application is promised by the public interface, on the embedded default."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from cleo_memory import Memory, MemorySettings, open_memory
from cleo_memory.errors import InvalidMemory, InvalidUser, MemoryClosed, MemoryNotFound, SegmentDamaged
from cleo_memory.search import Segment

pytestmark = pytest.mark.integration
WORDS_ONLY = MemorySettings(embedder="none")


@pytest.fixture
async def memory() -> AsyncIterator[Memory]:
    async with open_memory(WORDS_ONLY) as opened:
        yield opened


async def test_a_memory_is_found_by_its_words_at_once_and_after_a_restart() -> None:
    async with open_memory(WORDS_ONLY) as memory:
        kept = await memory.remember("ann", "Ann is allergic to peanuts.", importance=0.9, provenance={"by": "ann"})
        await memory.remember("ann", "The boat leaves at noon.")
        assert [hit.record for hit in await memory.search("ann", "allergic peanuts", limit=1)] == [kept]
    async with open_memory(WORDS_ONLY) as memory:
        (hit,) = await memory.search("ann", "allergic peanuts", limit=1)
        assert hit.record == kept
        assert sum(hit.parts.values()) == pytest.approx(hit.score, abs=0.01)
        assert await memory.recall("ann", kept.id) == kept


async def test_meaning_finds_what_no_word_shares_and_survives_a_restart() -> None:
    async with open_memory() as memory:
        await memory.remember("ann", "She cannot eat nuts without a rash.")
        await memory.remember("ann", "The quarterly report is due on Friday.")
        await memory.settle("ann")
    async with open_memory() as memory:
        (hit,) = await memory.search("ann", "any food intolerance?", limit=1)
        assert hit.record.content.startswith("She cannot eat")
        assert not memory.indexes.resident.peek(memory.keyring.owner("ann")).unembedded()  # type: ignore[union-attr]


async def test_segments_of_an_older_analysis_are_made_anew_from_the_records(monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_memory() as memory:
        await memory.remember("ann", "She cannot eat nuts without a rash.")
        await memory.settle("ann")
    damaged = SegmentDamaged("The segment is of another version of the analysis.")
    with monkeypatch.context() as patch:
        patch.setattr(Segment, "from_bytes", classmethod(lambda *_: (_ for _ in ()).throw(damaged)))
        async with open_memory() as memory:
            (hit,) = await memory.search("ann", "nuts", limit=1)
            assert hit.record.content.startswith("She cannot eat")
            await memory.settle("ann")
    async with open_memory() as memory:
        assert [hit.record.content for hit in await memory.search("ann", "nuts", limit=5)] == [hit.record.content]


async def test_a_conversation_is_kept_in_order_and_listed(memory: Memory) -> None:
    for n in range(6):
        await memory.append("ann", "trip", "user" if n % 2 == 0 else "assistant", f"turn {n}")
    await memory.append("ann", "work", "user", "hello")
    assert [turn.content for turn in await memory.window("ann", "trip", turns=3)] == ["turn 3", "turn 4", "turn 5"]
    assert [turn.speaker for turn in await memory.window("ann", "trip", tokens=3)] == ["assistant"]
    first = await memory.conversations("ann", first=1)
    assert [(each.id, each.turns) for each in first.items] == [("work", 1)]
    rest = await memory.conversations("ann", first=1, after=first.end)
    assert [(each.id, each.turns) for each in rest.items] == [("trip", 6)]
    assert await memory.window("bob", "trip") == []


async def test_a_preference_is_superseded_and_its_past_stays(memory: Memory) -> None:
    before = datetime.now(UTC)
    await memory.prefer("ann", "colour", "blue", at=before - timedelta(days=2))
    await memory.prefer("ann", "colour", "green", at=before - timedelta(days=1))
    await memory.prefer("ann", "city", "Lisbon", at=before)
    now = await memory.preferences("ann")
    assert {key: record.content for key, record in now.items()} == {"colour": "green", "city": "Lisbon"}
    then = await memory.preferences("ann", at=before - timedelta(days=1, hours=1))
    assert {key: record.content for key, record in then.items()} == {"colour": "blue"}
    assert [hit.record.content for hit in await memory.search("ann", "colour")][:1] == ["green"]
    assert "blue" not in [hit.record.content for hit in await memory.search("ann", "colour")]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (2, 0, 1), (0, 2, 1)])
async def test_a_preference_takes_its_place_in_time_whenever_it_arrives(memory: Memory, order: tuple[int, ...]) -> None:
    now = datetime.now(UTC)
    begun = [now - timedelta(days=days) for days in (400, 90, 5)]
    cities = ["Lyon", "Paris", "Porto"]
    for place in order:
        await memory.prefer("ann", "city", cities[place], at=begun[place])
    assert (await memory.preferences("ann"))["city"].content == "Porto"
    for city, at in zip(cities, begun, strict=True):
        assert (await memory.preferences("ann", at=at + timedelta(hours=1)))["city"].content == city
    assert await memory.preferences("ann", at=begun[0] - timedelta(hours=1)) == {}
    spans = sorted((each.valid_from, each.valid_to) for each in (await memory.memories("ann")).items)
    assert spans == list(zip(begun, [*begun[1:], None], strict=True))
    assert [hit.record.content for hit in await memory.search("ann", "city")] == ["Porto"]


async def test_of_two_preferences_that_begin_together_the_later_word_holds(memory: Memory) -> None:
    at = datetime.now(UTC) - timedelta(days=1)
    await memory.prefer("ann", "city", "Lyon", at=at)
    await memory.prefer("ann", "city", "Porto", at=at)
    assert (await memory.preferences("ann"))["city"].content == "Porto"


async def test_a_forgotten_memory_is_in_no_answer(memory: Memory) -> None:
    gone = await memory.append("ann", "trip", "user", "my secret is plum")
    kept = await memory.append("ann", "trip", "user", "my hat is red")
    assert await memory.search("ann", "secret plum", limit=1)
    assert await memory.forget("ann", gone.id) == 1
    assert await memory.forget("ann", gone.id) == 0
    assert await memory.search("ann", "secret plum") == []
    assert [hit.record for hit in await memory.search("ann", "red hat")] == [kept]
    assert await memory.window("ann", "trip") == [kept]
    assert (await memory.memories("ann")).items == [kept]
    with pytest.raises(MemoryNotFound):
        await memory.recall("ann", gone.id)
    await memory.forget("ann", kept.id)
    assert (await memory.conversations("ann")).items == []


async def test_an_expired_memory_is_in_no_answer(memory: Memory) -> None:
    past = datetime.now(UTC) - timedelta(seconds=1)
    gone = await memory.remember("ann", "the code is plum", expires_at=past)
    kept = await memory.remember("ann", "the code is pear", expires_at=past + timedelta(days=1))
    assert [hit.record for hit in await memory.search("ann", "code")] == [kept]
    assert (await memory.memories("ann")).items == [kept]
    with pytest.raises(MemoryNotFound):
        await memory.recall("ann", gone.id)


async def test_pages_cover_all_memories_once(memory: Memory) -> None:
    kept = [await memory.remember("ann", f"note {n}", kind="procedural") for n in range(7)]
    seen, after = [], None
    while True:
        page = await memory.memories("ann", first=3, after=after)
        seen += page.items
        if (after := page.end) is None:
            break
    assert seen == kept[::-1]
    assert (await memory.memories("ann", kinds=["episodic"])).items == []
    assert (await memory.stats("ann")).kinds == {"procedural": 7}


@pytest.mark.parametrize("user", ["", "x" * 513, "\ud800", 5, None])
async def test_what_is_no_user_is_refused(memory: Memory, user: object) -> None:
    with pytest.raises(InvalidUser):
        await memory.remember(user, "text")  # type: ignore[arg-type]
    await memory.remember("x" * 512, "text")


async def test_what_cannot_be_kept_is_refused_with_its_reason(memory: Memory) -> None:
    cases: list[tuple[str, dict[str, object]]] = [
        ("empty", {"content": "  "}),
        ("kind", {"content": "x", "kind": "dream"}),
        ("between 0 and 1", {"content": "x", "importance": 2.0}),
        ("between 0 and 1", {"content": "x", "importance": float("nan")}),
        ("no zone", {"content": "x", "at": datetime(2026, 1, 1)}),
        ("20001 characters, the longest that is kept has 20000", {"content": "犬" * 20_001}),
        ("Unicode", {"content": "\ud800"}),
        ("conversation", {"content": "x", "conversation": ""}),
    ]
    for longest in ("犬" * 20_000, "🐕" * 20_000):  # the limit is reached in any script
        await memory.remember("bob", longest)
    for expected, arguments in cases:
        with pytest.raises(InvalidMemory, match=expected):
            await memory.remember("ann", **arguments)  # type: ignore[arg-type]
    assert (await memory.stats("ann")).memories == 0
    for cursor in ("-1", "x", "9" * 30, "1e5"):
        with pytest.raises(InvalidMemory, match="cursor"):
            await memory.memories("ann", after=cursor)
    with pytest.raises(InvalidMemory, match="number of results"):
        await memory.search("ann", "x", limit=0)


async def test_a_hundred_writers_at_once_all_stand(memory: Memory) -> None:
    async def write(n: int) -> str:
        return (await memory.remember(f"user-{n % 5}", f"note {n}")).id

    ids = await asyncio.gather(*map(write, range(100)))
    found = [{record.id for record in (await memory.memories(f"user-{n}", first=100)).items} for n in range(5)]
    assert set().union(*found) == set(ids)
    assert sum(map(len, found)) == 100


async def test_a_closed_memory_says_so(memory: Memory) -> None:
    await memory.close()
    await memory.close()
    with pytest.raises(MemoryClosed):
        await memory.remember("ann", "text")


async def test_a_context_stays_in_its_budget_and_cites(memory: Memory) -> None:
    for n in range(30):
        await memory.append("ann", "trip", "user", f"On day {n} we saw the old lighthouse number {n}.")
    context = await memory.context("ann", "lighthouse number 7", 120, conversation="trip")
    assert context.tokens <= 120
    assert context.citations
    assert all(citation.reason for citation in context.citations)
