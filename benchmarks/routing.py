"""Does the mixture earn its name: are experts used evenly, do they keep to domains, and what does top-p cost?"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.result import Figure, Result
from benchmarks.tiny_training import Ground, ground
from cleo_core.progress import Reporter
from cleo_core.routing import RoutingSummary, plot_routing, routers, summarise
from cleo_model.recipe import MoERecipe, Recipe, RoutingRecipe

STEPS, QUICK = 400, 12
TOKENS_PER_STEP = 512
RUNS = {
    "": RoutingRecipe(specialise=1.0, balance_memory=0.5),
    "without specialise": RoutingRecipe(),
    "with top-p": RoutingRecipe(specialise=1.0, balance_memory=0.5, choice="top_p", entropy=0.01),
}
DRAWS = 5
"""Random routers that the trained one is held against."""
TRACED = 16
"""Rows of each domain's held-out part: 2,048 tokens."""


def recipe(steps: int, domains: tuple[str, ...], routing: RoutingRecipe) -> Recipe:
    """The tiny recipe in so many steps, as much of each domain in all of them, without DeepSpeed."""
    from cleo_model import recipes

    plain = recipes.tiny()
    mixture = {domain: 1 / len(domains) for domain in domains}
    first = plain.curriculum.phases[0]
    phase = first.replace(tokens=steps * TOKENS_PER_STEP, mixture=mixture, focus=domains[0])
    return plain.replace(
        moe=(plain.moe or MoERecipe()).replace(routing=routing),
        curriculum=plain.curriculum.replace(phases=(phase,), tokens_per_step=TOKENS_PER_STEP, heldout_tokens=4096),
        engine=plain.engine.replace(zero_stage=0),
    )


def run(args: argparse.Namespace, report: Reporter) -> Result:
    """Figures of the tiny model's routers on held-out text after 400 steps on three domains, with a weight on the
    mutual information of row and expert; beside them those of a run without it and of one with top-p as well, each of
    which takes as long again (left out with ``--no-peers``).

    `domain_expert_mutual_information` (nats, mean over layers) is what a token's expert tells of its domain;
    `random_router_mutual_information` the same with the trained model's routers drawn anew, the mean of five draws;
    `untrained_router_mutual_information` that of the mixture before its first step. ``--data`` takes a folder with a
    folder or file for each domain; by default the text is that of the built-in sources.
    """
    steps = QUICK if args.quick else STEPS
    result = Result("routing")
    with tempfile.TemporaryDirectory() as scratch:
        start = ground(args.data, Path(scratch), report)
        for name, routing in RUNS.items():
            if name and args.no_peers:
                continue
            wanted = recipe(steps, start.domains, routing)
            figures = _figures(start, wanted, Path(scratch) / (name.replace(" ", "_") or "main"), report, result.notes)
            if name:
                result.against[name] = figures
            else:
                result.figures = figures
    result.notes.append(
        f"{steps} steps of {TOKENS_PER_STEP} tokens, tiny; held-out text is routed by stock top-k in every column"
    )
    return result


def _figures(start: Ground, wanted: Recipe, out: Path, report: Reporter, notes: list[str]) -> dict[str, Figure]:
    import torch

    from cleo_model.training.trainer import load_model

    began = time.process_time()
    reports = start.run(wanted, out, report)
    seconds = time.process_time() - began
    model = load_model(out / "model", torch.device("cpu"))
    trained = measured(model, out / "curriculum")
    untrained = measured(load_model(out / "moe", torch.device("cpu")), out / "curriculum")
    random = [_mean(measured(_redrawn(model, draw), out / "curriculum").domain_information) for draw in range(DRAWS)]
    plot_routing(trained, "held-out text", out / "routing.png")
    losses = reports[-1].loss_after
    asked = [line.router.experts_per_token for each in reports for line in each.history if line.router]
    busiest = ", ".join(f"{value:.2f}" for value in trained.max_load_over_uniform)
    notes.append(f"{out.name}: busiest expert over its fair share by layer: {busiest}")
    return {
        "max_load_over_uniform": max(trained.max_load_over_uniform),
        "dead_experts": len(trained.dead),
        "domain_expert_mutual_information": round(_mean(trained.domain_information), 5),
        "random_router_mutual_information": round(_mean(random), 5),
        "untrained_router_mutual_information": round(_mean(untrained.domain_information), 5),
        "information_over_random": round(_mean(trained.domain_information) / max(1e-9, _mean(random)), 2),
        "token_class_information": round(_mean(trained.class_information), 5),
        "router_entropy_nats": round(_mean(trained.entropy), 4),
        "experts_per_token_in_training": round(_mean(asked), 3),
        **{f"heldout_loss_{domain}": round(loss, 4) for domain, loss in losses.items()},
        "training_cpu_seconds": round(seconds, 1),
    }


def _mean(values: list[float]) -> float:
    return sum(values) / max(1, len(values))


def measured(model: Any, curriculum: Path) -> RoutingSummary:
    """The routing of the first rows of every held-out domain."""
    import torch
    from transformers import AutoTokenizer

    from cleo_model.moe.heldout_trace import HeldoutTrace
    from cleo_model.training.data import heldout_domains

    tokenizer = AutoTokenizer.from_pretrained(curriculum.parent / "model")
    trace = HeldoutTrace(model.eval(), lambda: tokenizer, most=10**6)
    for domain, part in heldout_domains(curriculum).items():
        batch = part.rows(0, min(TRACED, len(part)), torch.device("cpu"))
        with torch.inference_mode(), trace.hearing(domain) as seen:
            model.model(batch.tokens, use_cache=False)
            seen(batch.tokens, batch.real)
    taken = trace.taken
    assert taken is not None
    return summarise(taken)


def _redrawn(model: Any, draw: int) -> Any:
    """The model with routers as upcycling draws them, from another seed."""
    import torch

    generator = torch.Generator().manual_seed(1000 + draw)
    with torch.no_grad():
        for router in routers(model).values():
            router.weight.copy_(torch.randn(router.weight.shape, generator=generator) * MoERecipe().router_std)
    return model
