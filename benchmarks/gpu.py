"""A mixture of about a billion parameters, of random weights, on one GPU: training by ZeRO 1 and 3, and generation.

Tokens a second, model FLOPs utilisation, memory, and the planner's figures beside them. `--quick` runs a small one on
whatever device there is: does it run at all. `scripts/gpu.sh` runs this and tests/gpu on a bare machine.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.planner import COMMON, measure, recipe_of
from benchmarks.result import Result
from benchmarks.training_run import make_model
from cleo_core.compute import compute_dtype, device_kind
from cleo_core.progress import Reporter
from cleo_model.planner.division import division_of, need
from cleo_model.planner.machine import Gpus, Processors, gpus
from cleo_model.planner.shape import Shape, shape_of
from cleo_model.planner.work import useful_work

BILLION = {
    "model_type": "mixtral", "vocab_size": 32000, "hidden_size": 1024, "intermediate_size": 3072,
    "num_hidden_layers": 12, "num_attention_heads": 16, "num_key_value_heads": 4, "num_local_experts": 8,
    "num_experts_per_tok": 2, "sliding_window": None, "tie_word_embeddings": True, **COMMON,
}  # fmt: skip
SMALL = {
    **BILLION, "vocab_size": 1024, "hidden_size": 128, "intermediate_size": 160, "num_hidden_layers": 2,
    "num_attention_heads": 4, "num_local_experts": 4,
}  # fmt: skip
NEW = 64
"""Tokens that are generated."""


def run(arguments: argparse.Namespace, report: Reporter) -> Result:
    """Train by both stages, then generate."""
    result = Result("gpu")
    config, length, steps = (SMALL, 64, 3) if arguments.quick else (BILLION, 1024, 12)
    shape = shape_of(config)
    result.figures |= {"device": _device(), "parameters": shape.parameters, "active": shape.active}
    for stage in (1, 3):
        report(f"training with ZeRO {stage}")
        _train(result, config, shape, length, steps, stage)
    report("generating")
    result.figures["generated_tokens_per_second"] = round(_generate(config, 8), 1)
    return result


def _device() -> str:
    import torch

    return str(torch.cuda.get_device_name(0)) if torch.cuda.is_available() else "cpu"


def _train(result: Result, config: dict[str, Any], shape: Shape, length: int, steps: int, stage: int) -> None:
    import torch

    recipe = recipe_of(length, stage, steps)
    machine: Gpus | Processors = Processors(count=1, memory=1e12, half=compute_dtype("cpu").itemsize == 2)
    if device_kind() == "cuda":
        machine = gpus(1, torch.cuda.get_device_properties(0).total_memory / 1e9)
        result.figures["tflops_of_the_card"] = machine.tflops
    measured = measure(config, recipe)
    speed = recipe.curriculum.tokens_per_step / median(measured["seconds"][1:])
    planned = need(shape, recipe, division_of(recipe, machine, (stage, False)), recipe.engine.micro_batch_tokens)
    result.figures |= {
        f"zero{stage}_tokens_per_second": round(speed, 1),
        f"zero{stage}_memory_mb": round(measured["peak_bytes"] / 1e6),
        f"zero{stage}_planned_memory_mb": round(planned.total / 1e6),
    }
    if isinstance(machine, Gpus):
        used = speed * useful_work(shape, length) / (machine.tflops * 1e12)
        result.figures[f"zero{stage}_flops_utilisation"] = round(used, 4)


def _generate(config: dict[str, Any], rows: int) -> float:
    """Tokens a second of greedy decoding, `rows` replies at once."""
    import torch
    from transformers import AutoModelForCausalLM

    with TemporaryDirectory(prefix="cleo-gpu-") as folder:
        make_model(config, Path(folder))
        loader: Any = AutoModelForCausalLM
        device = device_kind()
        model = loader.from_pretrained(
            folder, dtype=compute_dtype(device), attn_implementation="sdpa", experts_implementation="grouped_mm"
        ).to(device)
    prompt = torch.randint(3, 1000, (rows, 32), device=device)
    options = {"do_sample": False, "min_new_tokens": NEW, "max_new_tokens": NEW, "pad_token_id": 2}
    model.generate(prompt, **{**options, "min_new_tokens": 2, "max_new_tokens": 2})
    before = time.perf_counter()
    model.generate(prompt, **options)
    if device == "cuda":
        torch.cuda.synchronize()
    return rows * NEW / (time.perf_counter() - before)
