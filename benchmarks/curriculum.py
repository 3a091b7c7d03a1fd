"""Does the order of the text matter: the curriculum against the shuffled control, at equal tokens."""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

from benchmarks.result import Result
from benchmarks.tiny_training import Ground, ground
from cleo_core.errors import InputError
from cleo_core.progress import Reporter, silent
from cleo_model.recipe import Recipe

STEPS, QUICK = 60, 6
TOKENS_PER_STEP = 1024
SEEDS = (0, 1, 2)
ORDERS = ("curriculum", "random", "paced")
"""The phases in order; every phase with the average mixture; and in order with the easy first inside each phase."""


BUILT_IN = ("prose", "documentation", "conversation")


def recipe(steps: int, domains: tuple[str, ...], order: str, seed: int) -> Recipe:
    """The tiny recipe in so many steps of equal tokens, a third of them in each phase, without DeepSpeed."""
    from cleo_model import recipes
    from cleo_model.recipe import MoERecipe

    plain = recipes.tiny()
    # Other domains take the places of the built-in ones, in the order of their names.
    place = dict(zip(BUILT_IN, BUILT_IN if set(domains) == set(BUILT_IN) else domains, strict=True))
    phases = tuple(
        phase.replace(
            tokens=steps // 3 * TOKENS_PER_STEP,
            mixture={place[name]: share for name, share in phase.mixture.items()},
            focus=place[phase.focus],
        )
        for phase in plain.curriculum.phases
    )
    return plain.replace(
        moe=(plain.moe or MoERecipe()).replace(seed=seed),
        curriculum=plain.curriculum.replace(
            phases=phases,
            tokens_per_step=TOKENS_PER_STEP,
            heldout_tokens=4096,
            seed=20 + seed,
            shuffled_order=order == "random",
            pacing=0.5 if order == "paced" else 0.0,
        ),
        engine=plain.engine.replace(zero_stage=0),
    )


def trained(start: Ground, steps: int, order: str, seed: int, out: Path) -> dict[str, float]:
    """Final held-out loss by domain, in nats per token, of one run in this process."""
    import torch

    torch.set_num_threads(1)
    return start.run(recipe(steps, start.domains, order, seed), out, silent)[-1].loss_after


def run(args: argparse.Namespace, report: Reporter) -> Result:
    """Figures `heldout_loss_DOMAIN` of each order, the mean over three seeds, with the sample standard deviation as
    `..._spread`; the same tokens, rows and schedule in each run.

    The first column is the curriculum, the others stand against it. ``--data`` takes a folder with a folder or file for
    each domain; by default the text is that of the built-in sources.
    """
    steps = QUICK if args.quick else STEPS
    result = Result("curriculum")
    found: dict[str, list[dict[str, float]]] = {order: [] for order in ORDERS}
    with tempfile.TemporaryDirectory() as scratch:
        start = ground(args.data, Path(scratch), report)
        if len(start.domains) != len(BUILT_IN):
            raise InputError(f"There are {len(start.domains)} domains: the phases mix three.")
        runs = [(order, seed) for seed in SEEDS for order in ORDERS]
        report("training", 0, len(runs), unit="runs")
        workers = min(len(runs), os.cpu_count() or 1)
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            waiting = {
                pool.submit(trained, start, steps, order, seed, Path(scratch) / f"{order}{seed}"): order
                for order, seed in runs
            }
            for number, future in enumerate(as_completed(waiting), 1):
                found[waiting[future]].append(future.result())
                report("training", number, len(runs), unit="runs")
    columns = {order: _spread(losses) for order, losses in found.items()}
    result.figures = dict(columns[ORDERS[0]])
    result.against = {order: dict(columns[order]) for order in ORDERS[1:]}
    result.notes = [
        f"{steps} steps of {TOKENS_PER_STEP} tokens in each of {len(runs)} runs of tiny, seeds {SEEDS}",
        "lower is better; a difference within the spreads is none",
        *_verdicts(found),
    ]
    return result


def _spread(losses: list[dict[str, float]]) -> dict[str, float]:
    figures = {}
    for domain in sorted(losses[0]):
        values = [each[domain] for each in losses]
        figures[f"heldout_loss_{domain}"] = round(statistics.mean(values), 4)
        figures[f"heldout_loss_{domain}_spread"] = round(statistics.stdev(values), 4)
    means = [statistics.mean(each.values()) for each in losses]
    figures["heldout_loss_mean"] = round(statistics.mean(means), 4)
    figures["heldout_loss_mean_spread"] = round(statistics.stdev(means), 4)
    return figures


def _verdicts(found: dict[str, list[dict[str, float]]]) -> list[str]:
    """Who wins where, against the control: by more than the two spreads together, or nobody."""
    control = _spread(found["random"])
    told = []
    for order in ("curriculum", "paced"):
        mine = _spread(found[order])
        for name in [name for name in mine if not name.endswith("_spread")]:
            difference = mine[name] - control[name]
            noise = mine[f"{name}_spread"] + control[f"{name}_spread"]
            who = "no difference" if abs(difference) <= noise else f"{order if difference < 0 else 'random'} wins"
            told.append(f"{name.removeprefix('heldout_loss_')}: {order} {difference:+.4f} against random, {who}")
    return told
