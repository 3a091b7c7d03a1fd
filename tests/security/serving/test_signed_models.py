"""Only a model whose bundle and approval are both signed is served; a successor takes over without a gap."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from cleo_core import registry
from cleo_core.crypto.errors import SignatureMissing
from cleo_core.errors import CleoError, ConfigError, TrustError
from cleo_core.provenance.errors import ApprovalMismatch, BundleSignatureInvalid, NotApproved, Revoked
from cleo_serving.engine.base import Message, Piece, Sampling
from cleo_serving.model.holder import ModelHolder
from cleo_serving.model.loader import load_model
from tests.security.serving.signed_models import register, settings, until
from tests.trust_bundles import Registered

pytestmark = pytest.mark.security


def stored(home: Path, made: Registered) -> Path:
    return home / "mlflow" / "artifacts" / "models" / registry.resolve(made.version).model_id / "artifacts"


async def test_a_signed_and_approved_model_is_served_with_its_proof(champion: Registered) -> None:
    model = await load_model(settings())
    try:
        assert (model.version, model.signed, model.approved_by) == ("1", True, "ada")
        assert model.bundle_digest == champion.signed.digest
        assert model.engine.stats().healthy
    finally:
        await model.close()
    assert model.verified is not None
    assert not model.verified.path.exists()


async def test_without_an_approval_nothing_is_served(store: Path, tmp_path: Path, model_folder: Path) -> None:
    made = register(tmp_path, model_folder)
    registry.set_alias("champion", made.version)
    with pytest.raises(NotApproved):
        await load_model(settings())
    made.decide()
    await (await load_model(settings())).close()


async def test_a_revoked_approval_is_none(champion: Registered) -> None:
    champion.decide("revoke")
    with pytest.raises(Revoked):
        await load_model(settings())


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "tokenizer.json"])
async def test_one_flipped_byte_of_the_bundle_is_refused(store: Path, champion: Registered, name: str) -> None:
    file = next(stored(store, champion).rglob(name))
    content = bytearray(file.read_bytes())
    content[-2] ^= 1
    file.chmod(0o600)
    file.write_bytes(bytes(content))
    with pytest.raises((TrustError, CleoError)) as refused:
        await load_model(settings())
    assert refused.value.exit_code == 5


async def test_a_bundle_without_its_signature_is_refused(store: Path, champion: Registered) -> None:
    for file in stored(store, champion).rglob("*.sig"):
        file.chmod(0o600)
        file.unlink()
    with pytest.raises((SignatureMissing, BundleSignatureInvalid, CleoError)) as refused:
        await load_model(settings())
    assert refused.value.exit_code == 5


async def test_an_unsigned_folder_is_for_development_alone(
    model_folder: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = settings(model_folder=model_folder)
    model = await load_model(given)
    assert (model.version, model.signed, model.number) == ("unsigned", False, 0)
    await model.close()
    monkeypatch.setenv("CLEO_ENVIRONMENT", "staging")
    with pytest.raises(ConfigError, match="CLEO_SERVING_MODEL_FOLDER"):
        await load_model(given)
    monkeypatch.setenv("CLEO_ENVIRONMENT", "production")
    with pytest.raises(ValueError, match="CLEO_SERVING_MODEL_FOLDER is set"):
        settings(model_folder=model_folder)
    with pytest.raises(ValueError, match="CLEO_SERVING_DEBUG is set"):
        settings(debug=True)
    assert settings().model == "champion"


@pytest.fixture
async def holder(champion: Registered) -> AsyncIterator[ModelHolder]:
    given = settings(watch_seconds=0.05)
    holder = ModelHolder(await load_model(given), given)
    watch = asyncio.create_task(holder.watch())
    yield holder
    watch.cancel()
    await asyncio.gather(watch, return_exceptions=True)
    await holder.close()


async def test_a_new_champion_takes_over_and_a_running_reply_ends_on_the_old_one(
    holder: ModelHolder, tmp_path: Path, make_model: Any
) -> None:
    old = holder.current
    prompt = old.engine.encode([Message("user", "the cat")])
    with holder.borrow() as borrowed:
        stream = borrowed.engine.stream(prompt, Sampling(temperature=0.9, max_tokens=300), request="running")
        async with aclosing(stream) as pieces:
            await anext(pieces)
            successor = register(tmp_path, make_model(tmp_path / "next", seed=7), seed=1)
            successor.decide()
            registry.promote(successor.version)
            await until(lambda: holder.current is not old)
            rest: list[Piece] = [piece async for piece in pieces]
            assert holder.current.version == "2"
            assert old.engine.stats().healthy
    assert rest[-1].finish_reason in ("stop", "length")
    # The last reply has ended: the old model goes, with the private copy of its files.
    await until(lambda: old.verified is not None and not old.verified.path.exists())
    with holder.borrow() as model:
        assert model.bundle_digest == successor.signed.digest


async def test_a_successor_that_is_not_approved_never_answers(
    holder: ModelHolder, tmp_path: Path, make_model: Any
) -> None:
    old = holder.current
    successor = register(tmp_path, make_model(tmp_path / "next", seed=7), seed=1)
    registry.set_alias("champion", successor.version)
    await until(lambda: holder.refused is not None)
    assert holder.refused in (NotApproved.code, ApprovalMismatch.code)
    assert holder.current is old
    assert old.engine.stats().healthy


async def test_the_command_says_in_one_line_why_it_does_not_start(
    store: Path, tmp_path: Path, model_folder: Path
) -> None:
    made = register(tmp_path, model_folder)
    registry.set_alias("champion", made.version)
    import sys

    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "cleo_core", "api", "--port", "0",
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await asyncio.wait_for(process.communicate(), 120)
    assert process.returncode == 5
    lines = [line for line in err.decode().splitlines() if not line.startswith("{")]
    assert lines[0].startswith(f"Error [{NotApproved.code}]")
    assert len(lines) <= 2
    assert b"Traceback" not in err + out
