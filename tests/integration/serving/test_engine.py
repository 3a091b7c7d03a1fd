"""The engine over real (tiny) models in a real child process: it ends what nobody waits for, and outlives a crash."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, suppress
from pathlib import Path

import psutil
import pytest

from cleo_core.errors import ConfigError, InputError, UnsafeWeights, UnusableModel
from cleo_serving.engine.base import Message, Piece, Sampling
from cleo_serving.engine.served import ProcessEngine
from cleo_serving.errors import EngineError, Overloaded, UnsupportedModel
from cleo_serving.settings import EngineSettings

pytestmark = pytest.mark.integration

SMALL = EngineSettings(
    threads=1,
    dtype="float32",
    page_size=8,
    cache_tokens=4096,
    max_batch_tokens=64,
    max_streams=4,
    max_waiting=2,
    context_tokens=1024,
    prompt_cache_mib=0,
)
GREEDY = Sampling(temperature=0, max_tokens=12)
# The tiny model, greedy, goes round in circles: that is what some tests are about, and not these.
LONG = Sampling(temperature=0, max_tokens=900, stop_repetition=False)


@pytest.fixture
async def engine(model_folder: Path) -> AsyncIterator[ProcessEngine]:
    engine = ProcessEngine(SMALL)
    await engine.load(model_folder)
    yield engine
    await engine.close()


def ask(engine: ProcessEngine, text: str) -> list[int]:
    return engine.encode([Message("user", text)])


async def collect(
    engine: ProcessEngine, text: str, sampling: Sampling = GREEDY, name: str = "r", user: str = ""
) -> list[Piece]:
    return [piece async for piece in engine.stream(ask(engine, text), sampling, request=name, user=user)]


async def reply(engine: ProcessEngine, text: str, sampling: Sampling = GREEDY) -> str:
    return "".join(piece.text for piece in await collect(engine, text, sampling))


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - another process decides when
            await asyncio.sleep(0.02)


async def test_where_a_gguf_is_llama_cpp_runs_it_and_its_greedy_reply_is_that_of_transformers(
    engine: ProcessEngine, model_folder: Path
) -> None:
    assert engine.capabilities.name == "llamacpp"
    other = ProcessEngine(SMALL.model_copy(update={"name": "transformers"}))
    await other.load(model_folder)
    try:
        assert other.capabilities.name == "transformers"
        for text in ("the cat", "rain over the river", "a small old house in the garden"):
            assert await reply(other, text) == await reply(engine, text)
        # Both do what is asked for of sampling, and say why a reply ended.
        whole = await reply(engine, "the cat")
        for each in (engine, other):
            pieces = await collect(each, "the cat", Sampling(temperature=0, max_tokens=12, stop=(whole[4:7],)))
            assert ("".join(piece.text for piece in pieces), pieces[-1].finish_reason) == (whole[:4], "stop")
    finally:
        await other.close()


async def test_without_a_gguf_transformers_runs(safetensors_folder: Path) -> None:
    engine = ProcessEngine(SMALL)
    await engine.load(safetensors_folder)
    try:
        assert engine.capabilities.name == "transformers"
        async with aclosing(engine.stream(ask(engine, "the cat"), LONG, request="gone")) as pieces:
            await anext(pieces)
        assert (await collect(engine, "the dog"))[-1].finish_reason == "length"
        steps = await engine.steps()
        await asyncio.sleep(0.5)
        assert await engine.steps() == steps
        assert engine.stats().tokens < 900
    finally:
        await engine.close()


async def test_an_engine_that_cannot_run_is_refused_with_the_way_to_mend_it(safetensors_folder: Path) -> None:
    with pytest.raises(UnsupportedModel, match=r"holds no model\.gguf") as refused:
        await ProcessEngine(SMALL.model_copy(update={"name": "llamacpp"})).load(safetensors_folder)
    assert "CLEO_SERVING_ENGINE=transformers" in (refused.value.hint or "")
    with pytest.raises(ConfigError, match="CLEO_SERVING_ENGINE is vllm"):
        await ProcessEngine(SMALL.model_copy(update={"name": "vllm"})).load(safetensors_folder)


async def test_a_gguf_that_is_none_is_refused(model_folder: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(model_folder, tmp_path / "broken")
    (folder / "model.gguf").write_bytes(b"GGUF" + bytes(200))
    with pytest.raises(UnsupportedModel, match=r"cannot load model\.gguf"):
        await ProcessEngine(SMALL).load(folder)


async def test_a_reply_that_goes_round_in_a_loop_is_ended_and_says_so(engine: ProcessEngine) -> None:
    schema = '{"type": "string", "const": "' + "no " * 40 + '"}'
    forced = Sampling(temperature=0, max_tokens=400, json_schema=schema)
    assert "no no no" in await reply(engine, "x", forced), "what a schema wants is let be"
    endless = Sampling(temperature=0, max_tokens=900, frequency_penalty=-2, presence_penalty=-2)
    pieces = await collect(engine, "tea", endless)
    assert pieces[-1].finish_reason == "repetition"
    assert pieces[-1].tokens < 400
    assert (await collect(engine, "the cat"))[-1].finish_reason == "length"


async def test_a_schema_is_kept_to(engine: ProcessEngine) -> None:
    import json

    schema = (
        '{"type": "object", "properties": {"n": {"enum": [1, 2]}}, "required": ["n"], "additionalProperties": false}'
    )
    text = await reply(engine, "x", Sampling(temperature=0, max_tokens=60, json_schema=schema))
    assert json.loads(text)["n"] in (1, 2)


async def test_a_seed_gives_the_same_reply(engine: ProcessEngine) -> None:
    seeded = Sampling(temperature=1.5, max_tokens=30, seed=3)
    assert await reply(engine, "the cat", seeded) == await reply(engine, "the cat", seeded)
    other = Sampling(temperature=1.5, max_tokens=30, seed=4)
    assert await reply(engine, "the cat", other) != await reply(engine, "the cat", seeded)


async def test_no_reply_ends_in_half_a_character(engine: ProcessEngine) -> None:
    for limit in range(1, 40):
        sampling = Sampling(temperature=1.5, max_tokens=limit, seed=limit)
        pieces = await collect(engine, "the cat", sampling)
        assert not pieces[-1].text.endswith("\N{REPLACEMENT CHARACTER}")
        assert pieces[-1].tokens <= limit


async def test_a_second_turn_reads_only_what_is_new(engine: ProcessEngine) -> None:
    turns = [Message("user", "the cat was in the old house over the river " * 8)]
    long = Sampling(temperature=0, max_tokens=4)
    async with aclosing(engine.stream(engine.encode(turns), long, request="one")) as pieces:
        said = "".join([piece.text async for piece in pieces])
    before = await engine.steps()
    turns += [Message("assistant", said), Message("user", "and the dog")]
    async with aclosing(engine.stream(engine.encode(turns), long, request="two")) as pieces:
        assert [piece async for piece in pieces]
    # READ_AT_ONCE is 64 here: the whole prompt again would be three more steps.
    assert await engine.steps() - before <= 5


async def test_a_crash_fails_the_replies_in_the_making_and_the_next_is_answered(engine: ProcessEngine) -> None:
    whole, first = await reply(engine, "the cat"), engine.pid
    assert first is not None
    async with aclosing(engine.stream(ask(engine, "the dog"), LONG, request="lost")) as pieces:
        await anext(pieces)
        os.kill(first, signal.SIGKILL)
        with pytest.raises(EngineError, match="could not finish"):
            async for _ in pieces:
                pass
    assert engine.stats().failures == 1
    await until(lambda: engine.stats().healthy)
    assert engine.pid not in (None, first)
    assert await reply(engine, "the cat") == whole


async def test_what_changed_since_it_was_verified_is_not_read_again_after_a_crash(model_folder: Path) -> None:
    asked = []

    async def recheck() -> None:
        asked.append(1)
        raise UnusableModel("The folder is not what was verified.")

    engine = ProcessEngine(SMALL, recheck)
    await engine.load(model_folder)
    try:
        assert not asked
        os.kill(engine.pid or 0, signal.SIGKILL)
        await until(lambda: bool(asked))
        with pytest.raises(UnusableModel):
            await collect(engine, "the cat")
        assert not engine.stats().healthy
    finally:
        await engine.close()


async def test_closing_an_engine_gives_its_memory_back(model_folder: Path) -> None:
    engine = ProcessEngine(SMALL)
    await engine.load(model_folder)
    child = psutil.Process(engine.pid)
    assert child.ppid() == os.getpid()
    await engine.close()
    assert not child.is_running()
    assert not engine.stats().healthy


def test_the_child_ends_with_a_parent_that_is_killed(model_folder: Path) -> None:
    program = (
        "import asyncio, sys; from pathlib import Path\n"
        "from cleo_serving.engine.served import ProcessEngine\n"
        "from cleo_serving.settings import EngineSettings\n"
        "async def main():\n"
        "    engine = ProcessEngine(EngineSettings(threads=1, cache_tokens=512))\n"
        "    await engine.load(Path(sys.argv[1]))\n"
        "    print(engine.pid, flush=True)\n"
        "    await asyncio.sleep(600)\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(model_folder)], stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        child = psutil.Process(int(run.stdout.readline()))
        assert child.is_running()
        run.kill()
    with suppress(psutil.NoSuchProcess):
        child.wait(30)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


async def test_nobody_can_connect_to_the_child(engine: ProcessEngine) -> None:
    child = psutil.Process(engine.pid)
    assert not [each for each in child.net_connections("inet") if each.status == psutil.CONN_LISTEN]
    paths = [each.laddr for each in child.net_connections("unix") if each.laddr]
    assert not [path for path in paths if await asyncio.to_thread(os.path.exists, path)]


async def test_a_sixth_user_is_answered_before_the_second_questions_of_five(model_folder: Path) -> None:
    engine = ProcessEngine(SMALL.model_copy(update={"max_streams": 1, "max_waiting": 32}))
    await engine.load(model_folder)
    ended: list[str] = []

    async def run(user: str, number: int) -> None:
        await collect(engine, "the cat", GREEDY, f"{user}{number}", user)
        ended.append(f"{user}{number}")

    try:
        async with engine._queue.turn("before", 1):
            asked = [asyncio.create_task(run(user, number)) for user in "abcde" for number in range(2)]
            await until(lambda: engine.stats().waiting == 10)
            asked.append(asyncio.create_task(run("sixth", 0)))
            await until(lambda: engine.stats().waiting == 11)
        await asyncio.gather(*asked)
    finally:
        await engine.close()
    assert ended.index("sixth0") == 5
    assert {name[-1] for name in ended[:6]} == {"0"}


async def test_a_stream_that_reaches_its_limit_says_length(engine: ProcessEngine) -> None:
    pieces = await collect(engine, "the cat")
    assert pieces[-1].finish_reason == "length"
    assert pieces[-1].tokens == 12
    assert all(piece.finish_reason is None for piece in pieces[:-1])


async def test_pieces_of_a_stream_join_to_the_whole_text(engine: ProcessEngine) -> None:
    sampling = Sampling(temperature=0, max_tokens=60, stop_repetition=False)
    pieces = await collect(engine, "rain over the river", sampling)
    whole = (await engine.generate_batch([ask(engine, "rain over the river")], sampling))[0]
    assert "".join(piece.text for piece in pieces) == whole.text
    assert len(pieces) > 5


async def test_a_client_that_goes_away_stops_its_compute(engine: ProcessEngine) -> None:
    long = LONG
    async with aclosing(engine.stream(ask(engine, "the cat"), long, request="gone")) as pieces:
        await anext(pieces)
    # The next request runs after the cancellation was worked off: the batch holds nothing else then.
    await collect(engine, "the dog")
    steps = await engine.steps()
    await asyncio.sleep(0.5)
    assert await engine.steps() == steps
    assert engine.stats().aborted == 1
    assert engine.stats().tokens < 900
    assert engine.stats().active == 0


async def test_an_aborted_stream_ends_with_abort(engine: ProcessEngine) -> None:
    reasons = []
    async for piece in engine.stream(ask(engine, "x"), LONG, request="stop me"):
        reasons.append(piece.finish_reason)
        await engine.abort("stop me")
        await engine.abort("unknown")
    assert reasons[-1] == "abort"


async def test_more_requests_than_may_wait_are_told_to_come_back(engine: ProcessEngine) -> None:
    long = Sampling(temperature=0, max_tokens=300, stop_repetition=False)
    results = await asyncio.gather(
        *(collect(engine, "the cat", long, f"r{n}") for n in range(10)), return_exceptions=True
    )
    refused = [result for result in results if isinstance(result, Overloaded)]
    answered = [result for result in results if isinstance(result, list)]
    assert len(answered) == SMALL.max_streams + SMALL.max_waiting
    assert len(refused) == 10 - len(answered)
    assert (await collect(engine, "the cat"))[-1].finish_reason == "length"


async def test_a_prompt_longer_than_the_context_is_refused_and_hurts_nobody(engine: ProcessEngine) -> None:
    with pytest.raises(EngineError, match="The prompt has"):
        await collect(engine, "the cat " * 1200)
    assert (await collect(engine, "the cat"))[-1].finish_reason == "length"


async def test_draining_takes_nothing_new_and_lets_the_rest_finish(engine: ProcessEngine) -> None:
    running = asyncio.create_task(
        collect(engine, "the cat", Sampling(temperature=0, max_tokens=100, stop_repetition=False))
    )
    await until(lambda: engine.stats().active == 1)
    draining = asyncio.create_task(engine.drain(30))
    await asyncio.sleep(0)
    with pytest.raises(Overloaded):
        await collect(engine, "late", name="late")
    assert await draining is True
    assert (await running)[-1].finish_reason == "length"


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "modeling_llama.py", "sub/weights.pkl"])
async def test_weights_that_can_run_code_are_refused(name: str, safetensors_folder: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(safetensors_folder, tmp_path / "unsafe")
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_bytes(b"\x80\x04.")
    with pytest.raises(UnsafeWeights, match="run code"):
        await ProcessEngine(SMALL).load(folder)


async def test_a_link_in_the_folder_is_refused(safetensors_folder: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(safetensors_folder, tmp_path / "linked")
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors").symlink_to(safetensors_folder / "model.safetensors")
    with pytest.raises(UnsafeWeights, match="is a link"):
        await ProcessEngine(SMALL).load(folder)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"architectures": ["GPT2LMHeadModel"]}, "GPT2LMHeadModel is not among"),
        ({"architectures": []}, "None is not among"),
        ({"hidden_size": 32}, "cannot be loaded"),
        ({"model_type": "no-such-type"}, "cannot be loaded"),
    ],
)
async def test_a_folder_the_engine_cannot_run_is_refused_in_one_line(
    changes: dict[str, object],
    message: str,
    safetensors_folder: Path,
    tmp_path: Path,
    edit_config: Callable[..., None],
) -> None:
    folder = shutil.copytree(safetensors_folder, tmp_path / "other")
    edit_config(folder, **changes)
    with pytest.raises(UnsupportedModel, match=message) as refusal:
        await ProcessEngine(SMALL).load(folder)
    assert "\n" not in refusal.value.message


async def test_truncated_weights_are_refused(safetensors_folder: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(safetensors_folder, tmp_path / "short")
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])
    with pytest.raises(UnusableModel, match="not fully covered"):
        await ProcessEngine(SMALL).load(folder)


async def test_code_named_in_the_configuration_is_refused(
    safetensors_folder: Path, tmp_path: Path, edit_config: Callable[..., None]
) -> None:
    folder = shutil.copytree(safetensors_folder, tmp_path / "auto")
    edit_config(folder, auto_map={"AutoModelForCausalLM": "modeling.Evil"})
    with pytest.raises(UnsafeWeights, match="auto_map"):
        await ProcessEngine(SMALL).load(folder)


async def test_weights_with_a_tensor_missing_are_refused(safetensors_folder: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = shutil.copytree(safetensors_folder, tmp_path / "holes")
    tensors = load_file(folder / "model.safetensors")
    del tensors["model.layers.1.self_attn.q_proj.weight"]
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(UnsupportedModel, match="not whole"):
        await ProcessEngine(SMALL).load(folder)


async def test_a_schema_that_the_engine_would_pass_over_is_refused_by_name(engine: ProcessEngine) -> None:
    shaped = await collect(engine, "the cat", Sampling(temperature=0, max_tokens=20, json_schema='{"type": "integer"}'))
    assert shaped[-1].text.strip() or len(shaped) > 1
    assert "".join(piece.text for piece in shaped).strip().lstrip("-").isdigit()
    wanted = Sampling(temperature=0, max_tokens=20, json_schema='{"type": "string", "pattern": "^(?=a)b$"}')
    with pytest.raises(InputError, match="llamacpp cannot follow this json_schema"):
        await collect(engine, "the cat", wanted)
