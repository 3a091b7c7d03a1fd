"""Tokens per second and per CPU-second, time to a first token, memory and loading: each engine, and bare `generate`."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

from benchmarks.processes import tree_bytes
from benchmarks.result import Figure, Result
from benchmarks.running_api import api_peak_mb
from cleo_core.errors import InputError
from cleo_core.progress import Reporter, silent
from cleo_model.gguf import NAME, Precision, write_gguf
from cleo_serving.engine.base import Message, Sampling
from cleo_serving.engine.choice import choose_engine
from cleo_serving.engine.served import ProcessEngine
from cleo_serving.settings import EngineName, EngineSettings

STREAMS = 8
TOKENS = {1: 64, STREAMS: 32}
ROUNDS = 2
SYSTEM = "You are Cleo, a helpful AI assistant."
TASKS = (
    "a lighthouse",
    "a river",
    "two sisters",
    "an old bridge",
    "a lost letter",
    "the first snow",
    "a market",
    "rain",
)
FACTS = " ".join(f"My friend number {number} lives in the town of {name}." for number, name in enumerate(
    ("Porto", "Lyon", "Graz", "Ghent", "Turku", "Cork", "Split", "Bergen", "Trento", "Delft", "Bath", "Arles"), 1
))  # fmt: skip


@dataclass(slots=True)
class Spent:
    tokens: int = 0
    seconds: float = 0.0
    cpu: float = 0.0


@dataclass(slots=True)
class Contender:
    """A model that was loaded in a process of its own, and what it took."""

    pid: int
    load_s: float
    spent: dict[int, Spent] = field(default_factory=lambda: {1: Spent(), STREAMS: Spent()})
    peak: int = 0
    more: dict[str, Figure] = field(default_factory=dict)

    @contextmanager
    def measured(self, streams: int) -> Iterator[Spent]:
        process = psutil.Process(self.pid)
        before, begun = process.cpu_times(), time.perf_counter()
        yield self.spent[streams]
        after = process.cpu_times()
        self.spent[streams].seconds += time.perf_counter() - begun
        self.spent[streams].cpu += after.user + after.system - before.user - before.system
        self.peak = max(self.peak, tree_bytes(self.pid) or 0)

    def figures(self) -> dict[str, Figure]:
        found: dict[str, Figure] = {"load_s": round(self.load_s, 2), "peak_mb": round(self.peak / 2**20)}
        for streams, spent in self.spent.items():
            name = "single" if streams == 1 else str(streams)
            found[f"tokens_per_s_{name}"] = round(spent.tokens / spent.seconds, 2)
            found[f"tokens_per_cpu_s_{name}"] = round(spent.tokens / max(spent.cpu, 1e-3), 2)
        return found | self.more


def run(args: argparse.Namespace, report: Reporter) -> Result:
    """The figures of the default engine of this machine, beside those of each other engine and of `generate`.

    ``--data`` is a model folder; by default the base model. Where it has no GGUF one is made (q8_0) beside links to it.
    All contenders are loaded once and take turns at the same prompts, greedily: `single` is one reply of 64 tokens
    after another, `8` is eight of 32 at the same time. `default_over_generate_single` and `…_8` are the default
    engine's tokens per second over those of `generate`; `second_turn_first_token_over_cold` is how long the first token
    of a second turn takes, over that of the first turn; `api_peak_mb` is the whole API while it answers.
    """
    with _folder(args, report) as folder:
        return asyncio.run(_compare(folder, report, quick=args.quick))


async def _compare(folder: Path, report: Reporter, *, quick: bool) -> Result:
    settings = EngineSettings(max_streams=STREAMS)
    default = choose_engine(settings, folder)
    names: list[EngineName] = [default, "transformers" if default == "llamacpp" else "llamacpp"]
    if not (folder / NAME).is_file():
        names = ["transformers"]
    engines: dict[str, ProcessEngine] = {}
    contenders: dict[str, Contender] = {}
    try:
        for name in names:
            report(f"loading {name}")
            engine, begun = ProcessEngine(settings.model_copy(update={"name": name})), time.perf_counter()
            await engine.load(folder)
            engines[name] = engine
            contenders[name] = Contender(engine.pid or 0, time.perf_counter() - begun)
        report("loading generate")
        with _bare(folder) as (bare, load_s):
            contenders["generate"] = Contender(bare.pid, load_s)
            await _take_turns(engines, contenders, bare, report, rounds=1 if quick else ROUNDS)
        for name, engine in engines.items():
            report(f"first tokens of {name}")
            contenders[name].more = await _first_tokens(engine)
    finally:
        for engine in engines.values():
            await engine.close()
    report("the whole API")
    result = Result("generation", figures=contenders[default].figures())
    ours, bare_spent = contenders[default].spent, contenders["generate"].spent
    for streams, name in ((1, "single"), (STREAMS, str(STREAMS))):
        speeds = [spent[streams].tokens / spent[streams].seconds for spent in (ours, bare_spent)]
        result.figures[f"default_over_generate_{name}"] = round(speeds[0] / speeds[1], 3)
    result.figures["api_peak_mb"] = await asyncio.to_thread(api_peak_mb, folder)
    for name in contenders:
        if name != default:
            library = "xllamacpp" if name == "llamacpp" else "transformers"
            result.against[name] = {"version": version(library), **contenders[name].figures()}
    result.notes = [
        f"The default engine here is {default}: {engines[default].capabilities.dtype}, {os.cpu_count()} processors.",
        "tokens_per_cpu_s is what a busy machine changes least.",
    ]
    return result


async def _take_turns(
    engines: dict[str, ProcessEngine],
    contenders: dict[str, Contender],
    bare: subprocess.Popen[str],
    report: Reporter,
    *,
    rounds: int,
) -> None:
    first = next(iter(engines.values()))
    prompts = [
        first.encode([Message("system", SYSTEM), Message("user", f"Write a long story about {t}.")]) for t in TASKS
    ]
    for number in range(rounds):
        for streams in (1, STREAMS):
            chosen = [prompts[number % len(prompts)]] if streams == 1 else prompts
            for name, contender in contenders.items():
                report(f"{name}, {streams} at a time", number, rounds)
                if name == "generate":
                    with contender.measured(streams) as spent:
                        spent.tokens += _ask_bare(bare, chosen, TOKENS[streams])
                else:
                    # Each in a conversation of its own: nothing of the last round is in the cache.
                    with contender.measured(streams) as spent:
                        spent.tokens += await _ask(engines[name], chosen, TOKENS[streams])


async def _ask(engine: ProcessEngine, prompts: Sequence[Sequence[int]], tokens: int) -> int:
    sampling = Sampling(temperature=0, max_tokens=tokens, stop_repetition=False)

    async def one(number: int, prompt: Sequence[int]) -> int:
        made = 0
        async for piece in engine.stream(
            prompt, sampling, request=f"{number}-{time.monotonic_ns()}", user=f"u{number}"
        ):
            made = piece.tokens
        return made

    return sum(await asyncio.gather(*(one(number, prompt) for number, prompt in enumerate(prompts))))


async def _first_tokens(engine: ProcessEngine) -> dict[str, Figure]:
    """Seconds to the first token of a first turn, and of the second turn of the same conversation."""
    turns = [Message("system", SYSTEM), Message("user", f"{FACTS} What is a bridge?")]
    sampling, took = Sampling(temperature=0, max_tokens=24, stop_repetition=False), []
    for question in ("And what is a tower?", ""):
        begun, first, text = time.perf_counter(), 0.0, ""
        stream = engine.stream(engine.encode(turns), sampling, request=f"turn-{len(turns)}", user="ann")
        async for piece in stream:
            first = first or time.perf_counter() - begun
            text += piece.text
        took.append(first)
        turns += [Message("assistant", text), Message("user", question)]
    return {
        "cold_first_token_s": round(took[0], 3),
        "second_turn_first_token_s": round(took[1], 3),
        "second_turn_first_token_over_cold": round(took[1] / took[0], 3),
    }


@contextmanager
def _bare(folder: Path) -> Iterator[tuple[subprocess.Popen[str], float]]:
    """The process of `bare_generate` with the model loaded, and the seconds that took."""
    begun = time.perf_counter()
    command = [sys.executable, "-m", "benchmarks.bare_generate", str(folder.resolve())]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1]
    ) as process:
        try:
            _read(process)
            yield process, time.perf_counter() - begun
        finally:
            process.kill()


def _ask_bare(process: subprocess.Popen[str], prompts: Sequence[Sequence[int]], tokens: int) -> int:
    assert process.stdin is not None, "opened with a pipe"
    process.stdin.write(json.dumps({"prompts": prompts, "tokens": tokens}) + "\n")
    process.stdin.flush()
    return int(_read(process)["tokens"])


def _read(process: subprocess.Popen[str]) -> Any:
    assert process.stdout is not None, "opened with a pipe"
    line = process.stdout.readline()
    if not line:
        raise InputError("transformers' generate cannot run this folder.", hint="Give a folder in safetensors.")
    return json.loads(line)


@contextmanager
def _folder(args: argparse.Namespace, report: Reporter) -> Iterator[Path]:
    """The model folder, or links to its files beside a GGUF that is made of them."""
    folder: Path | None = args.data
    if folder is None:
        from evals.cli import locate

        folder = locate("tiny" if args.quick else "smollm2", report)
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder.", hint="--data takes a model folder.")
    if (folder / NAME).is_file():
        yield folder
        return
    with tempfile.TemporaryDirectory(dir=folder.parent) as made:
        for path in folder.iterdir():
            if path.is_file():
                os.link(path.resolve(), Path(made) / path.name)
        report("writing a GGUF")
        write_gguf(folder, Path(made) / NAME, Precision.Q8_0, silent)
        yield Path(made)
