"""A memory is edited, a conversation deleted, a preference unset: what was is in no answer, no tier and no index."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from cleo_memory import Memory, MemorySettings, open_memory
from cleo_memory.errors import InvalidMemory, MemoryNotFound, QuotaExceeded
from cleo_memory.storage.adapters.postgres import install
from tests.integration.memory.test_backends import until

pytestmark = pytest.mark.integration
NOW = datetime.now(UTC)


@pytest.fixture(params=["embedded", "servers"])
async def memory(request: pytest.FixtureRequest) -> AsyncIterator[Memory]:
    given = {"embedder": "none", "tenant": os.urandom(4).hex()}
    if request.param == "servers":
        hot, warm, cold = (request.getfixturevalue(name) for name in ("redis_url", "mongodb_url", "postgres_url"))
        await install(cold)
        given |= {"hot": hot, "warm": warm, "cold": cold}
    async with open_memory(MemorySettings(**given)) as opened:
        yield opened


async def delivered(memory: Memory) -> None:
    for delivery in memory.deliveries:
        await delivery.drain()


async def versions(memory: Memory, id: str) -> set[int]:
    """Of a memory, in the catalogue and in every store."""
    owner = memory.keyring.owner("ann")
    held = await memory.catalog.of(owner).read(lambda rows: rows.payloads.held([id]))
    found = {version for _, _, version in held}
    for tier_store in memory.payloads.tiers:
        if tier_store.store is not None:
            found |= {each.version for each in (await tier_store.store.get(owner, [id])).values()}
    return found


async def test_an_edited_memory_is_a_new_version_and_the_old_one_is_nowhere(memory: Memory) -> None:
    kept = await memory.remember("ann", "My dog is called Biscuit.", importance=0.95, at=NOW - timedelta(days=3))
    await delivered(memory)
    assert (await memory.search("ann", "Biscuit"))[0].record.id == kept.id
    fresh = await memory.edit("ann", kept.id, content="My dog is called Waffle.")
    assert (fresh.id, fresh.version, fresh.valid_from) == (kept.id, kept.version + 1, kept.valid_from)
    assert fresh.importance == kept.importance
    await delivered(memory)
    assert await versions(memory, kept.id) == {fresh.version}
    assert await memory.recall("ann", kept.id) == fresh
    assert [hit.record for hit in await memory.search("ann", "Waffle")] == [fresh]
    index = memory.indexes.resident.peek(memory.keyring.owner("ann"))
    assert index is not None
    words = {term for segment in index.segments() for term in segment.terms}
    assert "waffl" in words or "waffle" in words
    assert not any(word.startswith("biscuit") for word in words)
    assert [record.content for record in (await memory.memories("ann")).items] == ["My dog is called Waffle."]
    assert (await memory.stats("ann")).memories == 1
    with pytest.raises(MemoryNotFound):
        await memory.edit("bob", kept.id, content="mine now")


async def test_an_edit_changes_what_it_names_and_refuses_what_cannot_be_kept(memory: Memory) -> None:
    soon = NOW + timedelta(hours=1)
    kept = await memory.remember("ann", "The code is plum.", expires_at=soon)
    assert (await memory.edit("ann", kept.id, importance=0.2)).expires_at == kept.expires_at
    assert (await memory.edit("ann", kept.id, expires_at=None)).expires_at is None
    assert (await memory.recall("ann", kept.id)).content == "The code is plum."
    turn = await memory.append("ann", "trip", "user", "We leave at noon.")
    with pytest.raises(InvalidMemory, match="cannot be edited"):
        await memory.edit("ann", turn.id, content="We leave at one.")
    with pytest.raises(InvalidMemory, match="empty"):
        await memory.edit("ann", kept.id, content=" ")
    with pytest.raises(MemoryNotFound):
        await memory.edit("ann", "../x", content="x")
    await memory.edit("ann", kept.id, expires_at=NOW - timedelta(seconds=1))
    with pytest.raises(MemoryNotFound):
        await memory.edit("ann", kept.id, content="back again")


async def test_an_edited_memory_stays_edited_after_a_restart_with_its_index_stored() -> None:
    settings = MemorySettings()
    async with open_memory(settings) as memory:
        kept = await memory.remember("ann", "The meeting is in the green room.")
        await memory.remember("ann", "The boat leaves at noon.")
        await memory.settle("ann")
        await memory.edit("ann", kept.id, content="The meeting is in the old mill.")
        await memory.settle("ann")
    async with open_memory(settings) as memory:
        assert (await memory.search("ann", "mill", limit=1))[0].record.content.endswith("old mill.")
        owner = memory.keyring.owner("ann")
        index = memory.indexes.resident.peek(owner)
        assert index is not None
        assert "green" not in {term for segment in index.segments() for term in segment.terms}
        stored = await memory.indexes.segments.load(owner, memory.indexes.model)
        assert stored.blobs
        assert not any(b"green" in blob for blob in stored.blobs)
        assert any(b"mill" in blob for blob in stored.blobs)


async def test_words_of_before_an_edit_are_not_stored_after_it() -> None:
    """Another process embedded the old text and stores it late."""
    async with open_memory(MemorySettings(embedder="none")) as memory:
        owner = memory.keyring.owner("ann")
        kept = await memory.remember("ann", "old words")
        entry = (await memory.catalog.of(owner).find([kept.id]))[kept.id]
        store = memory.indexes.segments
        assert await store.write(owner, "words", entry.seq, [b"in time"], replacing=False)
        await memory.edit("ann", kept.id, content="new words")
        assert not await store.write(owner, "words", entry.seq, [b"late"], replacing=False)
        later = (await memory.catalog.of(owner).find([kept.id]))[kept.id]
        assert await store.write(owner, "words", later.seq, [b"caught up"], replacing=True)


async def test_a_deleted_conversation_takes_its_turns_and_what_was_learned_from_them(memory: Memory) -> None:
    said = await memory.append("ann", "trip", "user", "I live in Porto.")
    await memory.append("ann", "trip", "assistant", "Noted.", answers=said.id)
    learned = await memory.remember("ann", "Ann lives in Porto.", provenance={"turn": said.id})
    told = await memory.remember("ann", "Ann plays the cello.")
    other = await memory.append("ann", "work", "user", "Porto again.")
    await delivered(memory)
    gone = await memory.delete_conversation("ann", "trip")
    assert (gone.turns, gone.learned) == (2, 1)
    await delivered(memory)
    assert await versions(memory, said.id) == set()
    with pytest.raises(MemoryNotFound):
        await memory.recall("ann", learned.id)
    assert {hit.record.id for hit in await memory.search("ann", "Porto cello lives")} == {told.id, other.id}
    assert [each.id for each in (await memory.conversations("ann")).items] == ["work"]
    assert (await memory.stats("ann")).conversations == 1
    nothing = await memory.delete_conversation("ann", "trip")
    assert (nothing.turns, nothing.learned) == (0, 0)
    assert (await memory.delete_conversation("nobody", "trip")).turns == 0


async def test_what_comes_from_a_turn_that_was_deleted_meanwhile_is_not_kept(memory: Memory) -> None:
    said = await memory.append("ann", "trip", "user", "I live in Porto.")
    await memory.delete_conversation("ann", "trip")
    with pytest.raises(MemoryNotFound):
        await memory.append("ann", "trip", "assistant", "A nice town.", answers=said.id)
    with pytest.raises(MemoryNotFound):
        await memory.remember("ann", "Ann lives in Porto.", provenance={"turn": said.id})
    assert (await memory.stats("ann")).memories == 0
    # An origin of the caller's own kind is no turn of ours.
    await memory.remember("ann", "Ann lives in Porto.", provenance={"turn": "D1:3"})
    assert (await memory.stats("ann")).memories == 1


async def test_an_unset_preference_holds_no_more_and_its_past_stays(memory: Memory) -> None:
    await memory.prefer("ann", "tea", "green", at=NOW - timedelta(days=9))
    assert await memory.unset("ann", "coffee") is None
    ended = await memory.unset("ann", "tea", at=NOW - timedelta(days=2))
    assert ended is not None
    assert (ended.content, ended.valid_to) == ("green", NOW - timedelta(days=2))
    assert await memory.preferences("ann") == {}
    assert await memory.search("ann", "tea green") == []
    assert (await memory.preferences("ann", at=NOW - timedelta(days=3)))["tea"].content == "green"
    assert await memory.unset("ann", "tea") is None
    await memory.prefer("ann", "tea", "black")
    assert (await memory.preferences("ann"))["tea"].content == "black"
    assert await memory.preferences("ann", at=NOW - timedelta(days=1)) == {}
    assert await memory.unset("bob", "tea") is None


async def test_a_conversation_of_any_length_is_read_in_both_directions(memory: Memory) -> None:
    for n in range(130):
        await memory.append("ann", "long", "user", f"turn {n}")
    wanted = [f"turn {n}" for n in range(130)]
    for way, start in (("after", "first"), ("before", "last")):
        seen: list[str] = []
        cursor: str | None = None
        while True:
            page = await memory.turns("ann", "long", **{start: 50, way: cursor})  # type: ignore[arg-type]
            found = [turn.content for turn in page.items]
            seen = [*seen, *found] if way == "after" else [*found, *seen]
            assert page.earlier == (seen[0] != "turn 0" if way == "before" else found[0] != "turn 0")
            assert page.later == (found[-1] != "turn 129")
            cursor = page.cursors[-1 if way == "after" else 0]
            if not (page.later if way == "after" else page.earlier):
                break
        assert seen == wanted
    assert [turn.content for turn in (await memory.turns("ann", "long")).items] == wanted[-50:]
    assert (await memory.turns("bob", "long")).items == []
    first, last = seen[0], seen[-1]
    assert (first, last) == ("turn 0", "turn 129")
    begin, end = [(await memory.turns("ann", "long", **{way: 1})).cursors[0] for way in ("first", "last")]  # type: ignore[arg-type]
    empty = [await memory.turns("ann", "long", after=end), await memory.turns("ann", "long", before=begin)]
    assert [(page.items, page.earlier, page.later) for page in empty] == [([], True, False), ([], False, True)]
    with pytest.raises(InvalidMemory, match="one way"):
        await memory.turns("ann", "long", first=5, last=5)
    with pytest.raises(InvalidMemory, match="cursor"):
        await memory.turns("ann", "long", after="x")
    with pytest.raises(InvalidMemory, match="number of results"):
        await memory.turns("ann", "long", last=0)


async def test_what_expired_is_gone_from_every_answer_before_anything_deletes_it(memory: Memory) -> None:
    past, ago = NOW - timedelta(seconds=1), NOW - timedelta(days=2)
    await memory.remember("ann", "the code is plum", at=ago, expires_at=past)
    await memory.remember("ann", "a turn about plums", conversation="trip", speaker="user", at=ago, expires_at=past)
    kept = await memory.remember("ann", "the code is pear", at=ago)
    assert [hit.record for hit in await memory.search("ann", "code plum")] == [kept]
    # Not for a moment at which it held, either.
    assert [hit.record for hit in await memory.search("ann", "code plum", at=NOW - timedelta(days=1))] == [kept]
    assert (await memory.memories("ann", at=NOW - timedelta(days=1))).items == [kept]
    stats = await memory.stats("ann")
    assert (stats.memories, stats.conversations) == (1, 0)
    assert (await memory.conversations("ann")).items == []
    assert [line async for line in memory.export_lines("ann") if "plum" in line] == []
    assert len([line async for line in memory.export_lines("ann")]) == 1
    context = await memory.context("ann", "what is the code?", 200)
    assert "plum" not in context.notes


async def test_pages_take_a_time_and_a_span(memory: Memory) -> None:
    for days, city in ((400, "Lyon"), (30, "Porto")):
        await memory.prefer("ann", "city", city, at=NOW - timedelta(days=days))
    note = await memory.remember("ann", "A note of today.", at=NOW)

    async def told(**given: object) -> list[str]:
        return [record.content for record in (await memory.memories("ann", **given)).items]  # type: ignore[arg-type]

    assert await told(at=NOW - timedelta(days=100)) == ["Lyon"]
    assert await told(at=NOW + timedelta(seconds=1)) == ["A note of today.", "Porto"]
    assert await told(since=NOW - timedelta(days=40), until=NOW - timedelta(days=1)) == ["Porto"]
    assert len(await told()) == 3
    assert await told(since=NOW, kinds=["episodic"]) == [note.content]
    with pytest.raises(InvalidMemory, match="no zone"):
        await told(since=datetime(2026, 1, 1))


async def test_a_preference_without_a_key_is_refused_with_the_reason(memory: Memory) -> None:
    with pytest.raises(InvalidMemory, match="needs a key"):
        await memory.remember("ann", "tea", kind="preference")
    assert (await memory.remember("ann", "tea", kind="procedural")).key is None


@pytest.mark.parametrize(("limit", "said"), [({"quota_memories": 3}, "4 memories; 3"), ({"quota_bytes": 200}, "; 200")])
async def test_a_user_keeps_so_much_and_no_more(limit: dict[str, int], said: str) -> None:
    async with open_memory(MemorySettings(embedder="none", **limit)) as memory:
        kept = [await memory.remember("ann", f"a note of about thirty {n}") for n in range(2)]
        question = await memory.append("ann", "trip", "user", "a short one")
        with pytest.raises(QuotaExceeded, match=said):
            await memory.remember("ann", "one too many, and longer than the others " * 3)
        # What let the question in keeps its answer; another user has a share of their own.
        await memory.append("ann", "trip", "assistant", "a reply of some length to the question", answers=question.id)
        await memory.remember("bob", "one too many, and longer than the others " * 3)
        await memory.forget("ann", [each.id for each in kept])
        await memory.remember("ann", "room again")


async def test_retention_runs_by_itself_and_leaves_what_is_not_due() -> None:
    settings = MemorySettings(embedder="none", retain_every_minutes=0.001, retain_procedural_days=1)
    async with open_memory(settings) as memory:
        old = NOW - timedelta(days=3)
        gone = await memory.remember("ann", "expired", expires_at=NOW - timedelta(seconds=1))
        late = await memory.remember("ann", "too old", kind="procedural", at=old)
        kept = [
            await memory.remember("ann", "old, and kept", at=old),
            await memory.remember("ann", "new", kind="procedural"),
        ]
        owner = memory.keyring.owner("ann")

        async def deleted() -> bool:
            return not await memory.catalog.of(owner).read(lambda rows: rows.memories.find([gone.id, late.id]))

        await until(deleted)
        assert {each.id for each in (await memory.memories("ann")).items} == {each.id for each in kept}
        assert {hit.record.id for hit in await memory.search("ann", "too old expired")} <= {each.id for each in kept}


async def test_what_expired_takes_no_room() -> None:
    async with open_memory(MemorySettings(embedder="none", quota_memories=2)) as memory:
        for n in range(4):
            await memory.remember("ann", f"note {n}", expires_at=NOW - timedelta(seconds=1))
        await memory.remember("ann", "one")
        await memory.remember("ann", "two")
        with pytest.raises(QuotaExceeded, match="3 memories; 2"):
            await memory.remember("ann", "three")


async def test_what_a_user_keeps_is_counted_through_every_change() -> None:
    async with open_memory(MemorySettings(embedder="none")) as memory:
        one = await memory.remember("ann", "one")
        await memory.remember("ann", "two")
        await memory.edit("ann", one.id, content="a longer one")
        await memory.rotate_key("ann")
        owner = memory.keyring.owner("ann")

        async def both() -> tuple[tuple[int, int], tuple[int, int]]:
            stats = await memory.stats("ann")
            return await memory.catalog.of(owner).read(lambda rows: rows.usage.total()), (stats.memories, stats.bytes)

        counted, summed = await both()
        assert counted == summed
        await memory.forget("ann", one.id)
        counted, summed = await both()
        assert counted == summed == (1, summed[1])
        assert (await memory.erase("ann")).memories == 1
        counted, summed = await both()
        assert counted == summed == (0, 0)
