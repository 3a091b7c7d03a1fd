"""What a finished phase leaves behind: the model folder, the report and the plots."""

from __future__ import annotations

import resource
from pathlib import Path

from cleo_core.files import write_atomic
from cleo_core.markdown import table
from cleo_core.routing import RoutingSummary, dead_experts, plot_routing, routing_tables, summarise
from cleo_model.training.checkpoint import Cursor
from cleo_model.training.phase import REPORT, PhaseReport
from cleo_model.training.trainer import Trainer
from cleo_model.weights import copy_tokenizer, save_model


def write_result(trainer: Trainer) -> None:
    """Write model/, report.json and the plots; a collective act, of which rank 0 writes."""
    tensors = trainer.engine.tensors()
    if trainer.rank:
        return
    out = trainer.job.out
    trainer.report("writing the model", 0, 1)
    save_model(trainer.model, out / "model", tensors)
    copy_tokenizer(trainer.job.model_in, out / "model")
    cursor = trainer.cursor
    plot_losses(cursor, out / "loss.png")
    if cursor.load:
        plot_experts(cursor.load, trainer.phase.name, out / "experts.png")
    taken = trainer.trace.taken
    routing = summarise(taken, trainer.frozen_layers) if taken else None
    if routing:
        plot_routing(routing, f"{trainer.phase.name}, held-out text", out / "routing.png")
    plots = [name for name in ("loss.png", "experts.png", "routing.png") if (out / name).is_file()]
    write_atomic(out / REPORT, _report(trainer, routing, plots).model_dump_json(indent=1))
    trainer.average.clear()
    trainer.report("writing the model", 1, 1)


def _report(trainer: Trainer, routing: RoutingSummary | None, plots: list[str]) -> PhaseReport:
    cursor, recipe = trainer.cursor, trainer.recipe
    tokens = trainer.steps * recipe.curriculum.tokens_per_step
    last = cursor.history[-1]
    return PhaseReport(
        phase=cursor.phase,
        recipe=recipe.name,
        steps=cursor.step,
        tokens=tokens,
        ranks=trainer.ranks,
        zero_stage=recipe.engine.zero_stage,
        seconds=round(cursor.seconds, 2),
        tokens_per_second=round(tokens / max(cursor.seconds, 1e-9), 1),
        peak_memory_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        train_loss=last.loss,
        loss_at_start=cursor.loss_at_start,
        loss_before=cursor.loss_before,
        loss_after=cursor.loss_after,
        dead_experts=dead_experts(cursor.load, trainer.watch.layers, trainer.frozen_layers),
        router=last.router,
        expert_load=[[round(share, 4) for share in layer] for layer in cursor.load],
        routing=routing,
        history=cursor.history,
        markdown={"held-out loss": _table(cursor), **(routing_tables(routing) if routing else {})},
        plots=plots,
    )


def _table(cursor: Cursor) -> str:
    """Loss and its change, by domain, against the phase's and the run's beginning."""
    rows = []
    for domain, after in cursor.loss_after.items():
        start, before = cursor.loss_at_start[domain], cursor.loss_before[domain]
        changes = [f"{100 * (after / earlier - 1):+.2f} %" for earlier in (before, start)]
        rows.append([domain, f"{start:.4f}", f"{before:.4f}", f"{after:.4f}", *changes])
    return table(["domain", "at start", "before", "after", "phase", "run"], rows, "lrrrrr")


def plot_losses(cursor: Cursor, file: Path) -> None:
    """Training loss by step, and held-out loss by domain before and after."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.plot([line.step for line in cursor.history], [line.loss for line in cursor.history], color="#2563eb")
    left.set(title=f"{cursor.phase}: training loss", xlabel="step", ylabel="nats per token")
    names = list(cursor.loss_after)
    places = range(len(names))
    moments = (("run start", cursor.loss_at_start, "#cbd5e1"), ("phase start", cursor.loss_before, "#93c5fd"))
    for offset, (label, losses, colour) in enumerate((*moments, ("phase end", cursor.loss_after, "#2563eb"))):
        right.bar(
            [place + 0.27 * (offset - 1) for place in places],
            [losses[n] for n in names],
            0.25,
            label=label,
            color=colour,
        )
    right.set_xticks(list(places), names)
    right.set(title="held-out loss", ylabel="nats per token")
    right.legend(fontsize=8)
    figure.savefig(file, dpi=90)


def plot_experts(load: list[list[float]], phase: str, file: Path) -> None:
    """Share of the tokens that each expert of each layer got."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(max(4, 0.3 * len(load) + 2), 0.4 * len(load[0]) + 1.6), layout="constrained")
    axes = figure.subplots()
    fair = 1 / len(load[0])
    picture = axes.imshow(list(zip(*load, strict=True)), aspect="auto", vmin=0, vmax=2 * fair, cmap="RdBu_r")
    axes.set(title=f"{phase}: expert load (white is fair, {fair:.2f})", xlabel="layer", ylabel="expert")
    axes.set_yticks(range(len(load[0])))
    figure.colorbar(picture, ax=axes)
    figure.savefig(file, dpi=90)
