"""How a mixture routes the texts of the tasks: load, and whether its experts keep to a task or to a kind of token."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cleo_core.progress import Reporter
from cleo_core.routing import plot_routing, routers, routing_tables, summarise, trace_texts
from evals.tasks.forms import text_of
from evals.tasks.sealed import TaskSet
from evals.verdict import Routing

if TYPE_CHECKING:
    from evals.harness import LoadedModel

ITEMS, TOKENS = 2, 32
"""Texts of each task that are traced, and tokens of each: a look that costs seconds."""
PLOT = "routing.png"


def routing(loaded: LoadedModel, tasks: TaskSet, out: Path, report: Reporter) -> Routing | None:
    """Trace the first texts of every task and draw routing.png into `out`; None for a dense model."""
    model = loaded.lm.model
    if not routers(model):
        return None
    report("tracing the routing")
    texts = [
        (spec.name, loaded.lm.tok_encode(text_of(item, spec.form))[:TOKENS])
        for spec in tasks.tasks
        for item in tasks.items(spec)[:ITEMS]
    ]
    figures = summarise(trace_texts(model, loaded.lm.tokenizer, texts))
    plot_routing(figures, loaded.folder.name, out / PLOT)
    information = sum(figures.domain_information) / len(figures.layers)
    busiest = max(figures.max_load_over_uniform)
    return Routing(
        summary=(
            f"{figures.tokens:,} tokens of {len(tasks.tasks)} tasks: the busiest expert of a layer gets up to "
            f"{busiest:.2f} of its fair share, {len(figures.dead)} hardly a token; task and expert share "
            f"{information:.4f} nats, the mean over layers."
        ),
        figures=figures,
        tables=routing_tables(figures),
    )
