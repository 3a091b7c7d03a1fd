"""Requests per CPU-second: the shared-prefix scorer against the stock Hugging Face backend of the same lm-eval."""

from __future__ import annotations

import argparse
import contextlib
import io
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.result import Result
from cleo_core.progress import Reporter, silent

BATCHES = (1, 8)
"""Batch sizes of the stock backend; its best one counts."""
ITEMS = 80
ROUNDS = 2


def run(args: argparse.Namespace, report: Reporter) -> Result:
    """Figures `requests_per_cpu_second` and `requests_per_second` on multiple-choice items, both backends over the very
    same weights in turn, and `largest_difference` of their log-likelihoods in float32.

    ``--data`` takes items in the formats of `cleo evaluate --data`; by default it is our own hand-written ones.
    """
    import torch

    from evals.cli import locate
    from evals.harness import load_model

    model = "tiny" if args.quick else "smollm2"
    folder = locate(model, report)
    pairs = _pairs(args.data)
    count = 4 * (24 if args.quick else ITEMS)
    # Every part of the set, not only its beginning; a context with all its choices stays together.
    groups = list(dict.fromkeys(context for context, _ in pairs))
    step = max(1, len(groups) * 4 // count)
    kept = set(groups[::step][: count // 4])
    pairs = [pair for pair in pairs if pair[0] in kept]
    loaded = load_model(folder, "auto", silent)
    result = Result("evaluation")
    contenders: dict[str, Any] = {"ours": loaded.lm}
    contenders |= {f"batch {size}": _stock(loaded.lm, size) for size in BATCHES}
    spent = {name: [0.0, 0.0] for name in contenders}
    for lm in contenders.values():  # the first forward of a shape compiles kernels
        _ask(lm, pairs[:8])
    rounds = 1 if args.quick else ROUNDS
    for turn in range(rounds):
        for place, (name, lm) in enumerate(contenders.items()):
            report(f"scoring with {name}", turn * len(contenders) + place, rounds * len(contenders))
            cpu, wall = time.process_time(), time.perf_counter()
            _ask(lm, pairs)
            spent[name][0] += time.process_time() - cpu
            spent[name][1] += time.perf_counter() - wall
    asked = rounds * len(pairs)
    best = min((name for name in spent if name != "ours"), key=lambda name: spent[name][0])
    result.figures = {"requests": asked, **_rates(asked, spent["ours"])}
    result.against["lm-eval hf"] = {"version": version("lm-eval"), **_rates(asked, spent[best])}
    loaded.lm.model.to(torch.float32)
    few = pairs[: 40 if args.quick else 80]
    ours, stock = _ask(loaded.lm, few), _ask(_stock(loaded.lm, 8), few)
    difference = max(abs(a[0] - b[0]) for a, b in zip(ours, stock, strict=True))
    result.figures["largest_difference"] = float(f"{difference:.2e}")
    result.notes = [
        f"{model} in {loaded.dtype}, {len(pairs)} requests over {len(kept)} contexts, {torch.get_num_threads()} cores",
        f"The stock backend's best batch size was {best.removeprefix('batch ')} of {', '.join(map(str, BATCHES))}.",
        f"largest_difference: of {len(few)} log-likelihoods in float32.",
    ]
    return result


def _pairs(data: Path | None) -> list[tuple[str, str]]:
    """(context, continuation) of every choice of every multiple-choice item."""
    from evals.tasks import build
    from evals.tasks.imported import build_imported

    found = []
    with tempfile.TemporaryDirectory() as scratch:
        tasks = build_imported([data], Path(scratch)) if data else build(None, Path(scratch))
        for spec in tasks.tasks:
            for item in tasks.items(spec):
                if spec.form == "multiple_choice":
                    found += [(item["query"], f" {choice}") for choice in item["choices"]]
                elif spec.form == "partial":
                    found += [(context, f" {item['continuation']}") for context in item["contexts"]]
                elif spec.form == "last_word":
                    found.append((item["context"], f" {item['word']}"))
    return found


def _stock(lm: Any, batch_size: int) -> Any:
    from lm_eval.models.huggingface import HFLM

    return HFLM(pretrained=lm.model, tokenizer=lm.tokenizer, softmax_dtype="float32", batch_size=batch_size)


def _ask(lm: Any, pairs: list[tuple[str, str]]) -> list[tuple[float, bool]]:
    from lm_eval.api.instance import Instance

    requests = [
        Instance(request_type="loglikelihood", doc={}, arguments=pair, idx=number) for number, pair in enumerate(pairs)
    ]
    with contextlib.redirect_stderr(io.StringIO()):
        answers: list[tuple[float, bool]] = lm.loglikelihood(requests)
    return answers


def _rates(asked: int, spent: list[float]) -> dict[str, float | int | str]:
    return {
        "requests_per_cpu_second": round(asked / spent[0], 2),
        "requests_per_second": round(asked / spent[1], 2),
    }
