"""The planner against measured runs of three small shapes: memory of a rank, and tokens a CPU-second.

A run is the real trainer in a process of its own, on one core; its speed is counted in processor time, for other
processes on the machine take no part in that. The pieces that the plan's speed is made of are timed in the same clock
just before. `..._error` is how far the plan is off, as a share of what was measured.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.result import Result
from benchmarks.training_run import environment, prepare
from cleo_core.errors import EnvironmentFault
from cleo_core.progress import Reporter
from cleo_model.planner.division import division_of, need
from cleo_model.planner.machine import Processors
from cleo_model.planner.probe import probe
from cleo_model.planner.shape import shape_of
from cleo_model.planner.speed import step_seconds
from cleo_model.recipe import Recipe
from cleo_model.training.step import rows_of

COMMON = {"max_position_embeddings": 2048, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 2}
DEEP = {
    "model_type": "llama", "vocab_size": 16384, "hidden_size": 384, "intermediate_size": 1024, "num_hidden_layers": 8,
    "num_attention_heads": 6, "num_key_value_heads": 2, "tie_word_embeddings": True,
}  # fmt: skip
WIDE = {
    "model_type": "llama", "vocab_size": 8192, "hidden_size": 768, "intermediate_size": 2048, "num_hidden_layers": 6,
    "num_attention_heads": 12, "num_key_value_heads": 4, "tie_word_embeddings": False,
}  # fmt: skip
MIXTURE = {
    "model_type": "mixtral", "vocab_size": 8192, "hidden_size": 320, "intermediate_size": 768, "num_hidden_layers": 6,
    "num_attention_heads": 5, "num_key_value_heads": 5, "num_local_experts": 4, "num_experts_per_tok": 2,
    "sliding_window": None, "tie_word_embeddings": True,
}  # fmt: skip
SHAPES: dict[str, tuple[dict[str, Any], int, int]] = {
    "deep": (DEEP, 128, 1),
    "wide": (WIDE, 64, 0),
    "mixture": (MIXTURE, 128, 1),
}
"""Configuration, tokens of a row, ZeRO stage."""
ROWS = 4


def run(arguments: argparse.Namespace, report: Reporter) -> Result:
    """Plan and measure each shape."""
    result = Result("planner")
    chosen = ("deep",) if arguments.quick else tuple(SHAPES)
    for name in chosen:
        report(f"planner: {name}")
        config, length, stage = SHAPES[name]
        _compare(result, name, {**config, **COMMON}, recipe_of(length, stage, 2 if arguments.quick else 4))
    for what in ("memory", "speed"):
        worst = max(abs(float(result.figures[f"{name}_{what}_error"])) for name in chosen)
        result.figures[f"largest_{what}_error"] = worst
    return result


def recipe_of(length: int, stage: int, steps: int) -> Recipe:
    step = ROWS * length
    phase = {
        "name": "training", "tokens": steps * step, "sequence_length": length, "mixture": {"prose": 1.0},
        "focus": "prose",
    }  # fmt: skip
    return Recipe.model_validate(
        {
            "name": "measured", "base_model": "random", "moe": None,
            "curriculum": {
                "phases": [phase], "tokens_per_step": step, "heldout_tokens": length, "heldout_length": length,
            },
            "engine": {"micro_batch_tokens": step, "zero_stage": stage},
            "checkpoints": {"keep_final_state": False},
        }
    )  # fmt: skip


def _compare(result: Result, name: str, config: dict[str, Any], recipe: Recipe) -> None:
    import torch

    shape, machine = shape_of(config), Processors(count=1, memory=1e12, half=False)
    length, step = recipe.curriculum.phases[0].sequence_length, recipe.curriculum.tokens_per_step
    division = division_of(recipe, machine, (recipe.engine.zero_stage, False))
    rows, batches = rows_of(recipe, length, 1, step)
    torch.set_num_threads(1)
    timed = probe(config, shape, rows, length, half=False, clock=time.process_time)
    planned = step / step_seconds(shape, division, machine, timed, length, step, batches)
    memory = need(shape, recipe, division, step).total
    measured = measure(config, recipe)
    speed = step / median(measured["cpu_seconds"])
    result.figures |= {
        f"{name}_parameters": shape.parameters,
        f"{name}_planned_mb": round(memory / 1e6),
        f"{name}_measured_mb": round(measured["peak_bytes"] / 1e6),
        f"{name}_memory_error": round(memory / measured["peak_bytes"] - 1, 3),
        f"{name}_planned_tokens_per_cpu_second": round(planned, 1),
        f"{name}_measured_tokens_per_cpu_second": round(speed, 1),
        f"{name}_speed_error": round(planned / speed - 1, 3),
        f"{name}_gemm_gflops": round(timed.flops / 1e9, 1),
    }


def measure(config: dict[str, Any], recipe: Recipe) -> dict[str, Any]:
    with TemporaryDirectory(prefix="cleo-planner-") as folder:
        told = {"config": config, "recipe": recipe.model_dump(mode="json")}
        (Path(folder) / "shape.json").write_text(json.dumps(told))
        prepare(Path(folder))
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.training_run", folder],
            env=environment(), capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise EnvironmentFault(f"The measured run ended with {done.returncode}: {done.stderr[-300:]}")
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return found
