"""A mixture, a curriculum and a recipe for trainers that run as processes of their own, under DeepSpeed."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from cleo_core.progress import silent

SHAPE = {
    "vocab_size": 4096, "hidden_size": 128, "intermediate_size": 160, "num_hidden_layers": 3, "num_attention_heads": 4,
    "num_key_value_heads": 2, "max_position_embeddings": 512, "eos_token_id": 2, "pad_token_id": 2,
}  # fmt: skip
WORDS = "The committee met in the spring and agreed on article {} of the treaty after a long debate in the hall. "


@dataclass(frozen=True)
class Setup:
    """What a launcher is given."""

    recipe: Path
    moe: Path
    curriculum: Path

    def argv(self, out: Path, phase: str = "foundation", before: Path | None = None) -> list[str]:
        from cleo_model.training.launch import command

        model, state = (before / "model", before / "state") if before else (self.moe, None)
        return command(self.recipe, phase, model, state, self.curriculum, out)


def write_corpus(folder: Path) -> None:
    for name, first, last in (("train", 0, 40), ("heldout", 40, 46)):
        with (folder / f"{name}.jsonl").open("w") as lines:
            for number in range(first, last):
                asked = [{"role": "user", "content": f"And {number}?"}, {"role": "assistant", "content": "Agreed."}]
                for domain in ("prose", "documentation", "conversation"):
                    record = {
                        "id": f"{domain}{number}",
                        "text": WORDS.format(number) * 4,
                        "source": domain,
                        "domain": domain,
                    }
                    lines.write(json.dumps(record | ({"messages": asked} if domain == "conversation" else {})) + "\n")


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from cleo_model.base_model import resolve

    folder = tmp_path_factory.mktemp("base")
    resolve("tiny", folder, silent)
    return folder


@pytest.fixture(scope="session")
def made(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Makes the folder of a small model with the tiny one's tokenizer, of any architecture and configuration."""
    from cleo_model.weights import copy_tokenizer, save_model

    def make(kind: str, dtype: str = "float32", seed: int = 0, **changes: Any) -> Path:
        import torch
        import transformers

        # Weights that are ten times as large as usual: what the model says then hangs on every one of them.
        config = getattr(transformers, f"{kind}Config")(
            **{**SHAPE, "initializer_range": 0.2, "dtype": getattr(torch, dtype), **changes}
        )
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            model = getattr(transformers, f"{kind}ForCausalLM")(config).to(config.dtype)
            with torch.no_grad():
                # Fresh biases are 0 and fresh norms of queries and keys 1: whether they are used could not be seen.
                for name, weight in model.named_parameters():
                    if name.endswith((".bias", "q_norm.weight", "k_norm.weight")):
                        weight.normal_()
        folder = tmp_path_factory.mktemp(kind.lower())
        save_model(model, folder)
        copy_tokenizer(tiny_base, folder)
        return folder

    return make


@pytest.fixture(scope="session")
def mixture(made: Callable[..., Path]) -> Path:
    """Four experts, each another one."""
    return made("Mixtral", num_local_experts=4, num_experts_per_tok=2, sliding_window=None)


@pytest.fixture(scope="session")
def prepare(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Setup]:
    """Makes a setup for so many ranks: four steps a phase, a checkpoint after each."""
    from cleo_model import recipes
    from cleo_model.moe.upcycle import init_moe
    from cleo_model.packing.pack import build_curriculum
    from cleo_model.recipe import MoERecipe

    corpus, moe = tmp_path_factory.mktemp("corpus"), tmp_path_factory.mktemp("moe")
    write_corpus(corpus)
    recipe = recipes.tiny()
    phases = tuple(phase.replace(tokens=1024, sequence_length=64) for phase in recipe.curriculum.phases)
    recipe = recipe.replace(
        curriculum=recipe.curriculum.replace(phases=phases, tokens_per_step=256, heldout_tokens=512, heldout_length=64),
        engine=recipe.engine.replace(micro_batch_tokens=128),
        checkpoints=recipe.checkpoints.replace(steps=1),
    )
    init_moe(tiny_base, moe, recipe.moe or MoERecipe(), silent)

    def make(ranks: int) -> Setup:
        folder = tmp_path_factory.mktemp(f"ranks{ranks}")
        chosen = recipe.replace(engine=recipe.engine.replace(ranks=ranks))
        build_curriculum(corpus, tiny_base, chosen.curriculum, folder, silent)
        (folder / "recipe.json").write_text(chosen.to_json())
        return Setup(folder / "recipe.json", moe, folder)

    return make


@pytest.fixture(scope="session")
def one_rank(prepare: Callable[[int], Setup]) -> Setup:
    return prepare(1)


def start(argv: list[str], **options: object) -> subprocess.Popen[str]:
    """Start a launcher that leads a session of its own, as the chain does."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(  # type: ignore[call-overload, no-any-return]  # the options are the caller's
        argv, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True, **options
    )


def wait_for(condition: Callable[[], bool], what: str, seconds: float = 240.0) -> None:
    """Poll until the condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds:.0f} s"
        time.sleep(0.02)


def session_of(pid: int) -> list[psutil.Process]:
    """Living processes of the session that `pid` leads."""
    found = []
    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) == pid and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (ProcessLookupError, psutil.NoSuchProcess):
            continue
    return found


@pytest.fixture
def launched() -> Iterator[list[subprocess.Popen[str]]]:
    """Launchers that a test started; none of them outlives it."""
    started: list[subprocess.Popen[str]] = []
    yield started
    for process in started:
        for left in session_of(process.pid):
            left.kill()
        process.communicate()
