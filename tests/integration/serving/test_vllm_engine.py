"""vLLM's engine before a server that speaks as vLLM does; and, marked slow, before vLLM itself."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from pathlib import Path

import httpx
import psutil
import pytest

from cleo_serving.engine.base import Message, Piece, Sampling
from cleo_serving.engine.served import ProcessEngine
from cleo_serving.engine.vllm import environment
from cleo_serving.engine.vllm.environment import STATED
from cleo_serving.errors import EngineError, UnsupportedModel
from cleo_serving.settings import EngineSettings
from tests import vllm_server
from tests.serving_server import write_model

pytestmark = pytest.mark.integration

GREEDY = Sampling(temperature=0, max_tokens=12, stop_repetition=False)
LONG = Sampling(temperature=0, max_tokens=900, stop_repetition=False)


@pytest.fixture
def settings(tmp_path: Path) -> EngineSettings:
    """Of an environment whose interpreter runs the server of the tests."""
    folder = tmp_path / "vllm"
    (folder / "venv/bin").mkdir(parents=True)
    python = folder / "venv/bin/python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} {vllm_server.__file__} "$@"\n')
    python.chmod(0o700)
    (folder / STATED).write_text(json.dumps({"build": "cpu", "version": "0", "folder": str(folder)}))
    return EngineSettings(
        name="vllm", vllm_folder=folder, threads=1, max_streams=4, cache_tokens=4096, context_tokens=1024
    )


@pytest.fixture
def folder(safetensors_folder: Path, tmp_path: Path) -> Path:
    return shutil.copytree(safetensors_folder, tmp_path / "model")


@pytest.fixture
async def engine(settings: EngineSettings, folder: Path) -> AsyncIterator[ProcessEngine]:
    engine = ProcessEngine(settings)
    await engine.load(folder)
    yield engine
    await engine.close()


async def collect(engine: ProcessEngine, sampling: Sampling = GREEDY) -> list[Piece]:
    prompt = engine.encode([Message("user", "the cat")])
    return [piece async for piece in engine.stream(prompt, sampling, request="r")]


def processes(folder: Path) -> list[int]:
    """The server, and the process that it started."""
    return [int(number) for number in (folder / "processes").read_text().split()]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - another process decides when
            await asyncio.sleep(0.02)


def gone(pids: list[int]) -> bool:
    return not any(psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE for pid in pids)


async def test_a_reply_comes_in_pieces_with_its_tokens_and_the_reason_of_its_end(
    engine: ProcessEngine, folder: Path
) -> None:
    assert engine.capabilities.name == "vllm"
    pieces = await collect(engine)
    assert "".join(piece.text for piece in pieces) == "0 1 2 3 4 5 6 7 8 9 10 11 "
    assert (pieces[-1].tokens, pieces[-1].finish_reason) == (12, "length")
    assert len(pieces) > 2
    stopped = await collect(engine, Sampling(temperature=0, max_tokens=12, stop=("3",)))
    assert ("".join(piece.text for piece in stopped), stopped[-1].finish_reason) == ("0 1 2 ", "stop")


async def test_what_is_asked_of_sampling_reaches_vllm(engine: ProcessEngine, folder: Path) -> None:
    schema = '{"type": "object"}'
    wanted = Sampling(
        temperature=0.5, top_p=0.9, top_k=7, min_p=0.1, repetition_penalty=1.1, presence_penalty=0.2,
        frequency_penalty=0.3, max_tokens=3, seed=11, json_schema=schema,
    )  # fmt: skip
    await collect(engine, wanted)
    asked = json.loads((folder / "asked.json").read_text())
    for name in ("temperature", "top_p", "top_k", "min_p", "repetition_penalty", "presence_penalty", "seed"):
        assert asked[name] == getattr(wanted, name)
    assert (asked["frequency_penalty"], asked["max_tokens"]) == (0.3, 3)
    assert asked["structured_outputs"] == {"json": {"type": "object"}}
    assert asked["prompt"] == engine.encode([Message("user", "the cat")])
    assert asked["stop_token_ids"] == engine.codec.end_tokens
    await collect(engine)
    assert "seed" not in json.loads((folder / "asked.json").read_text())


async def test_the_server_is_told_the_sizes_and_reads_nothing_but_safetensors(
    engine: ProcessEngine, folder: Path
) -> None:
    given = json.loads((folder / "arguments.json").read_text())

    def value(name: str) -> str:
        return str(given[given.index(name) + 1])

    assert value("--load-format") == "safetensors"
    assert (value("--max-model-len"), value("--max-num-seqs"), value("--block-size")) == ("1024", "4", "32")
    # Two layers of two heads of 16 numbers, keys and values, 4,096 tokens and a page, four bytes each.
    assert value("--kv-cache-memory-bytes") == str(2 * 2 * 2 * 16 * (4096 + 32) * 4)
    assert "--enable-prefix-caching" in given
    assert "--trust-remote-code" not in given


async def test_a_client_that_goes_away_stops_its_compute(engine: ProcessEngine) -> None:
    async with aclosing(engine.stream(engine.encode([Message("user", "x")]), LONG, request="gone")) as pieces:
        await anext(pieces)
    await collect(engine)
    steps = await engine.steps()
    await asyncio.sleep(0.5)
    assert await engine.steps() == steps < 900
    assert engine.stats().aborted == 1


async def test_an_error_of_the_server_ends_its_reply_and_no_other(engine: ProcessEngine) -> None:
    with pytest.raises(EngineError, match="could not finish"):
        await collect(engine, Sampling(temperature=2, max_tokens=3))
    assert (await collect(engine))[-1].finish_reason == "length"


async def test_only_this_user_reaches_the_server_and_only_with_its_key(engine: ProcessEngine, folder: Path) -> None:
    given = json.loads((folder / "arguments.json").read_text())
    socket = Path(given[given.index("--uds") + 1])
    assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700
    transport = httpx.AsyncHTTPTransport(uds=str(socket))
    async with httpx.AsyncClient(transport=transport, base_url="http://vllm") as client:
        body = {"prompt": [1], "temperature": 0, "max_tokens": 1}
        assert (await client.get("/health")).status_code == 200
        assert (await client.post("/v1/completions", json=body)).status_code == 401
    # A key in the arguments could be read by everybody on the machine.
    lines = " ".join(" ".join(psutil.Process(pid).cmdline()) for pid in processes(folder))
    assert psutil.Process(processes(folder)[0]).environ()["VLLM_API_KEY"] not in lines


async def test_when_the_model_goes_all_of_vllm_goes(engine: ProcessEngine, folder: Path) -> None:
    pids, given = processes(folder), json.loads((folder / "arguments.json").read_text())
    assert not gone(pids)
    await engine.close()
    assert gone(pids)
    assert not Path(given[given.index("--uds") + 1]).parent.exists()


@pytest.mark.parametrize("victim", ["engine", "guard"])
async def test_a_kill_of_what_holds_vllm_leaves_nothing_of_it_and_the_next_reply_comes(
    victim: str, engine: ProcessEngine, folder: Path
) -> None:
    assert engine.pid is not None
    pids = processes(folder)
    held = psutil.Process(engine.pid if victim == "engine" else psutil.Process(pids[0]).ppid())
    held.kill()
    await until(lambda: gone(pids))
    await until(lambda: processes(folder) != pids and engine.stats().healthy)
    assert (await collect(engine))[-1].finish_reason == "length"


async def test_a_server_that_crashes_fails_its_replies_and_is_started_anew(engine: ProcessEngine, folder: Path) -> None:
    pids = processes(folder)
    stream = engine.stream(engine.encode([Message("user", "x")]), LONG, request="cut")
    with pytest.raises(EngineError):  # noqa: PT012 - the crash comes while it streams
        async with aclosing(stream) as pieces:
            await anext(pieces)
            os.kill(pids[0], signal.SIGKILL)
            async for _ in pieces:
                pass
    await until(lambda: gone(pids))
    await until(lambda: processes(folder) != pids and engine.stats().healthy)
    assert (await collect(engine))[-1].finish_reason == "length"


async def test_a_parent_that_is_killed_leaves_nothing_of_vllm(settings: EngineSettings, folder: Path) -> None:
    program = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from cleo_serving.engine.served import ProcessEngine\n"
        "from cleo_serving.settings import EngineSettings\n"
        "async def main():\n"
        "    engine = ProcessEngine(EngineSettings.model_validate_json(sys.argv[1]))\n"
        "    await engine.load(Path(sys.argv[2]))\n"
        "    print('loaded', flush=True)\n"
        "    await asyncio.sleep(600)\n"
        "asyncio.run(main())\n"
    )
    command = [sys.executable, "-c", program, settings.model_dump_json(), str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as run:  # noqa: ASYNC220 - nothing else runs here
        assert run.stdout is not None
        assert await asyncio.to_thread(run.stdout.readline) == "loaded\n"
        pids = processes(folder)
        assert not gone(pids)
        run.kill()
    await until(lambda: gone(pids))


async def test_a_model_that_vllm_cannot_load_is_refused_with_what_vllm_says(
    settings: EngineSettings, folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (folder / "broken").touch()
    with pytest.raises(UnsupportedModel, match="There is no room for the model"):
        await ProcessEngine(settings).load(folder)
    assert gone(processes(folder))


@pytest.mark.slow
async def test_vllm_itself_says_greedily_what_transformers_says(
    tmp_path: Path,
) -> None:
    """`CLEO_TEST_VLLM` names the folder of an environment; without it one is installed, which takes some minutes."""
    given = os.environ.get("CLEO_TEST_VLLM")
    settings = EngineSettings(
        name="vllm", vllm_folder=Path(given or tmp_path / "vllm"), device="cpu", dtype="float32", threads=1,
        max_streams=4, cache_tokens=4096, context_tokens=1024,
    )  # fmt: skip
    if not given:
        environment.install(settings, "cpu", lambda what, done=0, total=None, **figures: None)
    # vLLM's attention on a processor wants heads of 32 numbers at least.
    folder = write_model(tmp_path / "mixtral", "MixtralForCausalLM", head_dim=32)
    engine, other = ProcessEngine(settings), ProcessEngine(settings.model_copy(update={"name": "transformers"}))
    try:
        for each in (engine, other):
            await each.load(folder)
        for text in ("the cat", "rain over the river"):
            prompt = engine.encode([Message("user", text)])
            said = [await each.generate_batch([prompt], GREEDY) for each in (engine, other)]
            assert said[0] == said[1]
        async with aclosing(engine.stream(prompt, LONG, request="gone")) as pieces:
            await anext(pieces)
        await collect(engine)
        steps = await engine.steps()
        await asyncio.sleep(2)
        assert await engine.steps() == steps
        shaped = await collect(engine, Sampling(temperature=0, max_tokens=40, json_schema='{"enum": ["yes", "no"]}'))
        assert json.loads("".join(piece.text for piece in shaped)) in ("yes", "no")
        pids = [child.pid for child in psutil.Process(engine.pid).children(recursive=True)]
        await engine.close()
        assert gone(pids)
    finally:
        for each in (engine, other):
            await each.close()
