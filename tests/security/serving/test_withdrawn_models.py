"""What a reviewer takes back stops answering while it runs; what is only away for a moment changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cleo_core import clock, registry
from cleo_core.provenance.errors import ApprovalMismatch, LearnedFromErased, NotApproved, VersionRollback
from cleo_core.registry.errors import RegistryError
from cleo_core.subject.erase import erase, mark_versions
from cleo_core.subject.identity import Pseudonyms
from cleo_core.subject.trace import trace
from cleo_serving.errors import ModelWithdrawn
from cleo_serving.model import holder as models
from cleo_serving.model.holder import ModelHolder
from cleo_serving.model.loader import load_model
from tests.security.serving.signed_models import register, settings, until
from tests.serving_server import RunningApi
from tests.trust_bundles import Registered

pytestmark = pytest.mark.security

ASK = 'mutation { ask(input: {text: "the cat", maxTokens: 2}) { text } }'


@asynccontextmanager
async def watched(**how: Any) -> AsyncIterator[ModelHolder]:
    given = settings(watch_seconds=0.05)
    holder = ModelHolder(await load_model(given), given)
    watch = asyncio.create_task(holder.watch(**how))
    try:
        yield holder
        assert not watch.done()
    finally:
        watch.cancel()
        await asyncio.gather(watch, return_exceptions=True)
        await holder.close()


def test_a_revocation_stops_a_running_api(champion: Registered, home: Path) -> None:
    with RunningApi(settings(port=0, watch_seconds=0.05)) as api:
        user = api.user()
        assert api.data(user, ASK)["ask"]["text"] is not None
        assert api.client.get(f"{api.url}/health").status_code == 200
        champion.decide("revoke", reason="a source was withdrawn")
        api.call(until(lambda: api.services.models.withdrawn == "REVOKED"))
        assert api.client.get(f"{api.url}/health").status_code == 503
        told = api.post(user, ASK).json()
        assert told["errors"][0]["extensions"]["code"] == "MODEL_WITHDRAWN"
        assert api.data(user, "{ health { ready } }") == {"health": {"ready": False}}
        assert api.client.get(f"{api.url}/health/live").status_code == 200


async def test_a_rejection_holds_until_a_later_approval(champion: Registered) -> None:
    async with watched() as holder:
        with holder.borrow() as model:
            assert model.version == "1"
        # At the same second, no counts for more than yes.
        champion.decide("reject")
        await until(lambda: holder.withdrawn == "REJECTED")
        with pytest.raises(ModelWithdrawn), holder.borrow():
            pass
        await asyncio.sleep(1.1)
        champion.decide()
        await until(lambda: holder.ready)
        with holder.borrow() as model:
            assert model.version == "1"


async def test_another_champion_answers_in_place_of_a_revoked_one(
    champion: Registered, tmp_path: Path, make_model: Callable[..., Path]
) -> None:
    async with watched() as holder:
        champion.decide("revoke")
        await until(lambda: holder.withdrawn)
        successor = register(tmp_path, make_model(tmp_path / "next", seed=7), seed=1)
        successor.decide()
        registry.promote(successor.version)
        await until(lambda: holder.ready)
        with holder.borrow() as model:
            assert model.version == "2"


async def test_a_registry_that_is_away_stops_neither_the_service_nor_the_watch(champion: Registered) -> None:
    faults: list[Exception] = [RegistryError("away"), OSError(28, "No space left on device"), RuntimeError("odd")]
    looks = 0

    def approvals(version: int) -> Any:
        nonlocal looks
        looks += 1
        if faults:
            raise faults.pop()
        return registry.approvals(version)

    async with watched(approvals=approvals) as holder:
        await until(lambda: looks > 4)
        assert holder.ready
        champion.decide("revoke")
        await until(lambda: holder.withdrawn == "REVOKED")
        # Once seen, it holds also while the registry is away, and without its tags.
        faults.append(RegistryError("away"))
        await until(lambda: not faults)
        assert holder.withdrawn == "REVOKED"


async def test_a_successor_comes_after_errors_that_pass(
    champion: Registered, tmp_path: Path, make_model: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    lookups: list[Exception] = [OSError(5, "Input/output error"), RegistryError("away")]
    loads: list[Exception] = [OSError(28, "No space left on device")]

    def resolve(alias: str) -> int:
        if lookups:
            raise lookups.pop()
        return registry.resolve(alias).version

    async def load(*given: Any, **how: Any) -> Any:
        if loads:
            raise loads.pop()
        return await load_model(*given, **how)

    successor = register(tmp_path, make_model(tmp_path / "next", seed=7), seed=1)
    async with watched(resolve=resolve) as holder:
        monkeypatch.setattr(models, "load_model", load)
        successor.decide()
        registry.promote(successor.version)
        await until(lambda: holder.current.version == "2")
        assert not lookups
        assert not loads
        assert holder.refused is None


async def test_a_version_that_is_refused_is_not_fetched_again_and_again(
    champion: Registered, tmp_path: Path, make_model: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = loads = 0

    def resolve(alias: str) -> int:
        nonlocal looks
        looks += 1
        return registry.resolve(alias).version

    async def load(*given: Any, **how: Any) -> Any:
        nonlocal loads
        loads += 1
        return await load_model(*given, **how)

    successor = register(tmp_path, make_model(tmp_path / "next", seed=7), seed=1)
    async with watched(resolve=resolve) as holder:
        monkeypatch.setattr(models, "load_model", load)
        registry.set_alias("champion", successor.version)
        await until(lambda: holder.refused in (NotApproved.code, ApprovalMismatch.code))
        seen = looks
        await until(lambda: looks > seen + 3)
        assert loads == 1
        assert holder.current.version == "1"


async def test_an_alias_moved_back_is_refused_while_running(
    champion: Registered, tmp_path: Path, make_model: Callable[..., Path]
) -> None:
    newer = register(tmp_path, make_model(tmp_path / "next", seed=7), seed=1)
    newer.decide()
    registry.promote(newer.version)
    async with watched() as holder:
        assert holder.current.version == "2"
        registry.set_alias("champion", champion.version)
        await until(lambda: holder.refused is not None)
        assert holder.refused == VersionRollback.code
        assert holder.current.version == "2"


async def test_a_model_that_learned_from_an_erased_person_stops_when_its_days_are_over(
    store: Path, tmp_path: Path, model_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = Pseudonyms()("ann@example.org")
    made = register(tmp_path, model_folder, subjects={person: {"train": 2}})
    made.decide(days=365)
    registry.promote(made.version)
    given = settings(watch_seconds=0.05, erased_refuse_after_days=30)
    holder = ModelHolder(await load_model(given), given)
    watch = asyncio.create_task(holder.watch())
    try:
        found = trace(person)
        erase(found)
        assert mark_versions(found) == []
        now = clock.now()
        monkeypatch.setattr(clock, "now", lambda: now + timedelta(days=29))
        await asyncio.sleep(0.3)
        assert holder.ready
        monkeypatch.setattr(clock, "now", lambda: now + timedelta(days=31))
        await until(lambda: holder.withdrawn == LearnedFromErased.code)
        with pytest.raises(ModelWithdrawn, match="learned from a person who was erased"), holder.borrow():
            pass
    finally:
        watch.cancel()
        await asyncio.gather(watch, return_exceptions=True)
        await holder.close()
    with pytest.raises(LearnedFromErased, match="served for 30 days at most"):
        await load_model(given)
    # Where no setting asks for it, it is served on.
    unasked = settings()
    model = await load_model(unasked)
    await model.close()
    # One that learned from others is served, also where the setting asks.
    other = register(
        tmp_path, model_folder, seed=1, subjects={Pseudonyms()("ben"): {"train": 2}, person: {"heldout": 1}}
    )
    other.decide(days=365)
    registry.promote(other.version)
    model = await load_model(given)
    assert model.version == "2"
    await model.close()
