"""A user's rights: take everything along, have everything erased, and be able to show that it was."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cleo_core.audit import open_log
from cleo_core.crypto.errors import SignatureInvalid
from cleo_core.errors import TrustError
from cleo_memory import MemorySettings, open_memory
from cleo_memory.errors import BadArchive, InvalidMemory, MemoryNotFound, UserErased
from cleo_memory.lifecycle.erase import verify_receipt

pytestmark = pytest.mark.integration
WORDS_ONLY = MemorySettings(embedder="none")
SECRET = "the password of the shed is quince-4711"


def files_with(home: Path, needle: bytes) -> list[str]:
    return [str(path) for path in home.rglob("*") if path.is_file() and needle in path.read_bytes()]


async def test_an_export_is_taken_in_again_history_and_all(tmp_path: Path, home: Path) -> None:
    file = tmp_path / "ann.jsonl"
    day = datetime(2026, 3, 1, tzinfo=UTC)
    async with open_memory(WORDS_ONLY) as memory:
        await memory.append("ann", "trip", "user", "a line\u2028with a separator", at=day)
        await memory.append("ann", "trip", "assistant", "noted", at=day + timedelta(minutes=1))
        await memory.prefer("ann", "colour", "blue", at=day)
        await memory.prefer("ann", "colour", "green", at=day + timedelta(days=1))
        await memory.remember("ann", SECRET, kind="procedural", importance=0.9, pinned=True, provenance={"a": "b"})
        before = (await memory.memories("ann")).items
        manifest = await memory.export("ann", file)
        assert manifest.records == 5
        assert file.stat().st_mode & 0o777 == 0o600
        assert await memory.restore("ann", file) == (0, 5)
        await memory.erase("ann")
        assert await memory.restore("ann", file) == (5, 0)
        assert await memory.restore("ann", file) == (0, 5)
        assert (await memory.memories("ann")).items == before
        assert {key: each.content for key, each in (await memory.preferences("ann")).items()} == {"colour": "green"}
        then = await memory.preferences("ann", at=day + timedelta(hours=1))
        assert then["colour"].content == "blue"
        assert [each.turns for each in (await memory.conversations("ann")).items] == [2]
        # What was forgotten after the export stays forgotten.
        await memory.forget("ann", before[0].id)
        assert await memory.restore("ann", file) == (0, 5)


async def test_a_changed_or_foreign_export_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "ann.jsonl"
    async with open_memory(WORDS_ONLY) as memory:
        await memory.remember("ann", SECRET)
        await memory.export("ann", file)
        with pytest.raises(BadArchive, match="another user"):
            await memory.restore("bob", file)
        text = file.read_text()
        file.write_text(text.replace("quince", "medlar"))
        with pytest.raises(BadArchive, match="changed"):
            await memory.restore("ann", file)
        file.write_text(text)
        assert await memory.restore("ann", file) == (0, 1)
        manifest = tmp_path / "ann.jsonl.manifest.json"
        envelope = json.loads(manifest.read_text())
        envelope["payload"] = envelope["payload"][:-8] + "AAAAAAA="
        manifest.write_text(json.dumps(envelope))
        with pytest.raises(TrustError):
            await memory.restore("ann", file)
        manifest.unlink()
        with pytest.raises(BadArchive, match="no manifest"):
            await memory.restore("ann", file)


async def test_an_erased_user_is_gone_and_a_signed_receipt_says_so(home: Path) -> None:
    async with open_memory(WORDS_ONLY) as memory:
        kept = await memory.remember("bob", "bob stays")
        gone = await memory.remember("ann", SECRET)
        await memory.append("ann", "trip", "user", SECRET)
        receipt = await memory.erase("ann")
        assert (receipt.memories, receipt.conversations, receipt.keys_destroyed) == (2, 1, 1)
        assert verify_receipt(receipt.envelope) == receipt
        with pytest.raises(MemoryNotFound):
            await memory.recall("ann", gone.id)
        assert await memory.search("ann", "password shed") == []
        assert (await memory.stats("ann")).memories == 0
        assert [hit.record for hit in await memory.search("bob", "stays")] == [kept]
        # A new life begins under a new key.
        again = await memory.remember("ann", "hello again")
        assert (await memory.memories("ann")).items == [again]
        assert memory.keyring._cache[memory.keyring.owner("ann")].current > 1
        second = await memory.erase("nobody-ever")
        assert second.memories == 0
    forged = json.loads(json.dumps(receipt.envelope))
    forged["signatures"][0]["sig"] = second.envelope["signatures"][0]["sig"]
    with pytest.raises(SignatureInvalid):
        verify_receipt(forged)


async def test_no_wrapped_key_of_an_erased_user_is_in_any_file(home: Path) -> None:
    async with open_memory(WORDS_ONLY) as memory:
        await memory.remember("ann", SECRET)
        owner = memory.keyring.owner("ann")
        sql = "SELECT wrapped FROM data_keys WHERE owner = ?"
        rows = await memory.keyring.store._database.read(lambda tx: tx.execute(sql, (owner,)).fetchall())
        assert all(files_with(home / "memory", bytes(row[0])) for row in rows)
        await memory.erase("ann")
        assert not any(files_with(home / "memory", bytes(row[0])) for row in rows)


async def test_an_erasure_that_was_cut_short_is_completed_at_the_next_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    memory = await open_memory(WORDS_ONLY)
    await memory.remember("ann", SECRET)
    owner = memory.keyring.owner("ann")

    async def die(_: object) -> list[int]:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(memory.keyring, "destroy", die)
        with pytest.raises(KeyboardInterrupt):
            await memory.eraser.begin(owner)
    await memory.close()
    async with open_memory(WORDS_ONLY) as memory:
        assert await memory.keyring.keys(owner) is None
        assert await memory.eraser.unfinished_of_all_users() == []
        await memory.remember("ann", "a new life")


async def test_retention_deletes_what_is_due_and_a_plan_deletes_nothing() -> None:
    settings = MemorySettings(embedder="none", retain_conversation_days=30)
    old, now = datetime.now(UTC) - timedelta(days=31), datetime.now(UTC)
    async with open_memory(settings) as memory:
        await memory.append("ann", "trip", "user", "long ago", at=old)
        kept = [await memory.append("ann", "trip", "user", "today", at=now)]
        kept += [await memory.remember("ann", "an old fact", at=old)]
        await memory.remember("bob", "over", expires_at=now - timedelta(seconds=1))
        plan = await memory.retention.plan_for_all_users()
        assert {(due.kind, due.memories) for due in plan} == {("conversation", 1), ("episodic", 1)}
        assert (await memory.stats("ann")).memories == 3
        assert await memory.retention.apply_to_all_users() == 2
        assert await memory.retention.plan_for_all_users() == []
        assert (await memory.memories("ann")).items == kept[::-1]
        assert (await memory.stats("bob")).memories == 0


async def test_a_rotated_key_opens_everything_and_the_old_one_is_destroyed() -> None:
    async with open_memory() as memory:
        kept = [await memory.append("ann", "trip", "user", f"turn {n}") for n in range(5)]
        await memory.settle("ann")
        owner = memory.keyring.owner("ann")
        assert await memory.rotate_key("ann") == 5
        assert {each.content for each in (await memory.memories("ann")).items} == {each.content for each in kept}
        await memory.append("ann", "trip", "user", "after")
        live = "SELECT version FROM data_keys WHERE owner = ? AND wrapped IS NOT NULL ORDER BY version"
        rows = await memory.keyring.store._database.read(lambda tx: tx.execute(live, (owner,)).fetchall())
        assert [row[0] for row in rows] == [0, 2]
    async with open_memory() as memory:
        assert [each.content for each in await memory.window("ann", "trip")][-1] == "after"
        assert (await memory.conversations("ann")).items[0].id == "trip"
        assert (await memory.search("ann", "turn 3", limit=1))[0].record.content == "turn 3"
        assert await memory.rotate_key("nobody") == 0


async def test_a_new_kek_rewraps_every_key_and_the_old_one_may_go() -> None:
    async with open_memory(WORDS_ONLY) as memory:
        kept = await memory.remember("ann", "text")
        provider = memory.keyring.provider
        assert provider.rotate() == "2"  # type: ignore[attr-defined]
        assert await memory.keyring.rewrap() == 4  # the root's two and ann's two
        assert await memory.keyring.rewrap() == 0
        (provider.folder / "memory-kek-1.key").unlink()  # type: ignore[attr-defined]
    async with open_memory(WORDS_ONLY) as memory:
        assert (await memory.memories("ann")).items == [kept]
        assert await memory.rotate_kek() == 4
        assert (await memory.memories("ann")).items == [kept]
    told = [(each["event"], each["subject"], each["details"]) for each in open_log().read()]
    assert told[-1] == ("memory.kek-rotated", memory.keyring.provider.current, {"keys": 4})


async def test_an_erasure_by_another_process_is_followed() -> None:
    async with open_memory(WORDS_ONLY) as api, open_memory(WORDS_ONLY) as operator:
        epochs = {}
        for user in ("ann", "bob"):
            await api.append(user, "tea", "user", "Tea is what I drink.")
            assert await api.search(user, "tea")
            api.shadow.observe(user, "tea", "user", "Tea is what I drink.")
            epochs[user] = await api.epoch(user)
        ann, bob = api.keyring.owner("ann"), api.keyring.owner("bob")
        assert api.indexes.resident.peek(ann) is not None
        await operator.erase("ann")
        for user, kept in (("ann", False), ("bob", True)):
            try:
                await api.append(user, "tea", "assistant", "So you said.", epoch=epochs[user])
                assert kept
            except UserErased:
                assert not kept
        assert [(await api.stats(user)).memories for user in ("ann", "bob")] == [0, 2]
        deadline = time.monotonic() + 60
        while api.indexes.resident.peek(ann) is not None or api.shadow.knows("ann", "tea"):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.02)
        assert await api.keyring.keys(ann) is None
        assert api.indexes.resident.peek(bob) is not None
        assert api.shadow.knows("bob", "tea")
        # A new life begins like any other.
        await api.append("ann", "tea", "user", "I am new here.", epoch=await api.epoch("ann"))
        assert (await api.stats("ann")).memories == 1


async def test_a_user_who_comes_back_after_an_erasure_is_found_in_every_new_process() -> None:
    async with open_memory(WORDS_ONLY) as memory:
        await memory.remember("ann", "Ann drank tea.")
        await memory.erase("ann")
        await memory.remember("ann", "Ann drinks coffee now.")
    for _ in range(8):  # what was erased of her is recent; a process that opens now must not take it for news
        async with open_memory(WORDS_ONLY) as memory:
            assert [hit.record.content for hit in await memory.search("ann", "coffee")] == ["Ann drinks coffee now."]


async def test_a_user_who_is_let_go_of_while_the_index_loads_is_found_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with open_memory(WORDS_ONLY) as memory:
        await memory.remember("ann", "Ann drinks coffee now.")
        owner, load = memory.keyring.owner("ann"), memory.indexes.segments.load
        dropped = []

        async def loads_slowly(*arguments: Any) -> Any:
            found = await load(*arguments)
            if len(dropped) < 2:
                dropped.append(owner)
                memory.indexes.drop(owner)
            return found

        monkeypatch.setattr(memory.indexes.segments, "load", loads_slowly)
        assert [hit.record.content for hit in await memory.search("ann", "coffee")] == ["Ann drinks coffee now."]
        assert len(dropped) == 2
        await memory.settle("ann")


async def test_a_query_that_is_no_text_is_refused() -> None:
    async with open_memory(WORDS_ONLY) as memory:
        await memory.remember("ann", "Ann drinks coffee now.")
        with pytest.raises(InvalidMemory, match="query is no valid Unicode"):
            await memory.search("ann", "\ud800")
        assert await memory.search("ann", " ") == []


async def test_a_users_only_memory_is_found_for_a_reason_and_no_match_has_none() -> None:
    async with open_memory(WORDS_ONLY) as memory:
        await memory.remember("ann", "Ann drinks coffee now.")
        assert (await memory.search("ann", "coffee"))[0].parts["words"] > 0
        assert [hit.score for hit in await memory.search("ann", "zebra")] in ([], [0.0])


async def test_an_erasure_that_is_completed_after_a_crash_is_an_epoch_of_its_own() -> None:
    async with open_memory(WORDS_ONLY) as memory:
        await memory.remember("ann", "Ann drinks coffee now.")
        owner = memory.keyring.owner("ann")
        epochs = [await memory.epoch("ann")]
        await memory.eraser.begin(owner)  # and here the process is killed
        epochs.append(await memory.epoch("ann"))
    async with open_memory(WORDS_ONLY) as memory:
        epochs.append(await memory.epoch("ann"))
        numbers = [epoch.erasures for epoch in epochs]
        assert numbers == sorted(set(numbers))
        for epoch in epochs[:2]:
            with pytest.raises(UserErased):
                await memory.append("ann", "c", "user", "late", epoch=epoch)
        await memory.append("ann", "c", "user", "in time", epoch=epochs[2])
        assert await memory.eraser.unfinished_of_all_users() == []
