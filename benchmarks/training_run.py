"""Some steps of the real trainer on a model of random weights, in a process of its own: memory and processor time.

    python -m benchmarks.training_run FOLDER      FOLDER/shape.json says which model and which recipe

prints one JSON object. The text is random tokens, for nothing here hangs on what is learnt.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np


def make_model(config: dict[str, Any], out: Path) -> None:
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    from cleo_model.weights import save_model

    made: Any = AutoModelForCausalLM
    torch.manual_seed(0)
    model = made.from_config(AutoConfig.for_model(**config), dtype=torch.bfloat16)
    save_model(model, out)


def _curriculum(out: Path, phase: str, rows: int, length: int, vocabulary: int) -> None:
    out.mkdir()
    generator = np.random.default_rng(0)
    for name, count in ((phase, rows), ("heldout.prose", 1)):
        tokens = generator.integers(3, vocabulary, (count, length), dtype=np.uint32)
        np.save(out / f"{name}.tokens.npy", tokens)
        np.save(out / f"{name}.targets.npy", np.ones((count, length), dtype=bool))
        np.save(out / f"{name}.sources.npy", np.zeros((count, length), dtype=np.uint8))


def prepare(folder: Path) -> None:
    """Write the model, with the tokenizer of the tiny one, and the rows that the run in `folder` trains on."""
    from cleo_model.recipe import Recipe
    from cleo_model.tiny_model import VOCABULARY, make_tiny
    from cleo_model.weights import copy_tokenizer

    told = json.loads((folder / "shape.json").read_text())
    recipe = Recipe.model_validate(told["recipe"])
    (phase,) = recipe.curriculum.phases
    make_model(told["config"], folder / "model")
    (folder / "tiny").mkdir()
    make_tiny(folder / "tiny")
    copy_tokenizer(folder / "tiny", folder / "model")
    _curriculum(
        folder / "curriculum",
        phase.name,
        phase.tokens // phase.sequence_length,
        phase.sequence_length,
        min(VOCABULARY, told["config"]["vocab_size"]),
    )


def run(folder: Path) -> dict[str, Any]:
    """Train; returns `peak_bytes` of the device, and `seconds` and `cpu_seconds` of each step."""
    import deepspeed
    import torch

    from cleo_model.recipe import Recipe
    from cleo_model.training.trainer import Job, Trainer

    told = json.loads((folder / "shape.json").read_text())
    recipe = Recipe.model_validate(told["recipe"])
    if recipe.engine.zero_stage:
        deepspeed.init_distributed(dist_backend="nccl" if torch.cuda.is_available() else "gloo", verbose=False)
    marks: list[tuple[float, float]] = []
    peaks: list[int] = []

    def report(what: str, done: float = 0, total: float | None = None, **figures: Any) -> None:
        if what.startswith("training "):
            marks.append((time.perf_counter(), time.process_time()))
            peaks.append(_peak())

    (phase,) = recipe.curriculum.phases
    out = folder / "out"
    out.mkdir()
    trainer = Trainer(Job(recipe, phase.name, folder / "model", None, folder / "curriculum", out), report)
    trainer.run()
    if recipe.engine.zero_stage:
        torch.distributed.destroy_process_group()
    return {
        "peak_bytes": peaks[-1],
        "seconds": [after[0] - before[0] for before, after in pairwise(marks)],
        "cpu_seconds": [after[1] - before[1] for before, after in pairwise(marks)],
    }


def _peak() -> int:
    """The most memory that this process had at once, on its GPU where it has one, in bytes."""
    import torch

    if torch.cuda.is_available():
        return torch.cuda.max_memory_reserved()
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def environment() -> dict[str, str]:
    """What the launcher gives its only rank, on one core: so that processor time is time."""
    from cleo_model.training.launch import MEMORY
    from cleo_model.training.ops import compiler_path

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return {
        **os.environ, **MEMORY, "RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": "1", "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port), "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "passive",
        "TORCHDYNAMO_DISABLE": "1", "PATH": compiler_path(),
    }  # fmt: skip


if __name__ == "__main__":
    given = Path(sys.argv[1])
    print(json.dumps(run(given)))
