"""What a person reads about an evaluation: report.json, report.md, and a forest plot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cleo_core.files import write_json
from evals.gate import TaskResult, Verdict
from evals.scores import Scores

__all__ = ["forest", "markdown", "table", "write_report", "write_scores"]


def _side(scores: Scores) -> dict[str, Any]:
    return {
        "model_digest": scores.model_digest,
        "tokenizer_digest": scores.tokenizer_digest,
        "template_digest": scores.template_digest,
        "dtype": scores.dtype,
        "seconds": round(scores.seconds, 2),
        "cpu_seconds": round(scores.cpu_seconds, 2),
        "requests": scores.requests,
        "reused": scores.reused,
        "metrics": {name: task.metrics for name, task in scores.tasks.items()},
    }


def write_report(
    out: Path, verdict: Verdict, champion: Scores, candidate: Scores, *, plan_digest: str, probes: dict[str, Any]
) -> None:
    """Write report.json, report.md and, where there is something to draw, forest.png."""
    value = {
        "verdict": verdict.to_json(),
        "plan_digest": plan_digest,
        "protocol": verdict.protocol.to_json(),
        "task_set": candidate.task_set,
        "limit": candidate.limit,
        "environment": candidate.environment,
        "champion": _side(champion),
        "candidate": _side(candidate),
        "tasks": {
            name: {"form": task.spec.form, "items": len(task.items), "what": task.spec.what, "origin": task.spec.origin}
            for name, task in candidate.tasks.items()
        },
        "probes": probes,
    }
    write_json(out / "report.json", value)
    (out / "report.md").write_text(markdown(verdict, candidate, probes), encoding="utf-8")
    if verdict.macro is not None:
        forest(verdict, out / "forest.png")


def write_scores(out: Path, scores: Scores) -> None:
    """Write report.json and report.md of a model scored by itself."""
    write_json(
        out / "report.json",
        {
            "task_set": scores.task_set,
            "limit": scores.limit,
            "environment": scores.environment,
            "model": _side(scores),
            "tasks": {name: {"form": task.spec.form, "items": len(task.items)} for name, task in scores.tasks.items()},
        },
    )
    (out / "report.md").write_text("# Scores\n\n" + table(scores) + "\n", encoding="utf-8")


def table(scores: Scores) -> str:
    """Markdown table of one model's scores, one line per task."""
    lines = [
        "| task | items | accuracy | normalised | score | bits per byte |",
        "| --- | --: | --: | --: | --: | --: |",
    ]
    for name, task in scores.tasks.items():
        values = [item.value for item in task.items if item.value is not None]
        score = f"{sum(values) / len(values):.3f}" if task.spec.in_macro and values else ""
        shown = [f"{task.metrics[metric]:.3f}" if metric in task.metrics else "" for metric in ("acc", "acc_norm")]
        bits = f"{task.metrics['bits_per_byte']:.3f}" if "bits_per_byte" in task.metrics else ""
        lines.append(f"| {name} | {len(task.items)} | {shown[0]} | {shown[1]} | {score} | {bits} |")
    return "\n".join(lines)


def markdown(verdict: Verdict, candidate: Scores, probes: dict[str, Any]) -> str:
    """The comparison as a page."""
    rules = verdict.protocol
    lines = [f"# {verdict.name.replace('_', '-').lower().capitalize()}", "", verdict.reason, ""]
    if verdict.tasks:
        lines += [
            "| task | items | champion | candidate | difference | accuracy | won / lost | p (Holm) | guard |",
            "| --- | --: | --: | --: | --: | --: | --: | --: | --- |",
            *(_row(task) for task in verdict.tasks),
            "",
        ]
    if verdict.macro is not None:
        lines += [
            f"Macro difference over {verdict.items} items: **{100 * verdict.macro.point:+.2f} pp**, "
            f"{100 * (1 - 2 * rules.alpha):.0f} % interval {100 * verdict.macro.low:+.2f} to "
            f"{100 * verdict.macro.high:+.2f} pp, margin {100 * rules.margin:g} pp.",
            "",
            "A score is the probability the model gives the right answer (among the choices, or as the last word); "
            "perplexity tasks show bits per byte and their relative rise. Guards: accuracy of one task "
            f"-{100 * rules.guard:g} pp with Holm-adjusted exact McNemar p < {rules.alpha:g}, bits per byte "
            f"+{100 * rules.perplexity_guard:g} % with a paired bootstrap.",
            "",
        ]
    for title, value in probes.items():
        lines += [f"## {title.replace('_', ' ').capitalize()}", "", str(value.get("summary", "")), ""]
    lines += [
        f"Scored in {candidate.dtype} with lm-eval {candidate.environment['lm-eval']}, "
        f"torch {candidate.environment['torch']}; task set `{candidate.task_set[:16]}`.",
        "",
    ]
    return "\n".join(lines)


def _row(task: TaskResult) -> str:
    unit = "%" if task.accuracy is None else "pp"
    low, high = 100 * task.difference.low, 100 * task.difference.high
    interval = f"{100 * task.difference.point:+.2f} {unit} [{low:+.2f}, {high:+.2f}]"
    right = "" if task.accuracy is None else f"{100 * task.accuracy[0]:.1f} → {100 * task.accuracy[1]:.1f} %"
    changed = "" if task.accuracy is None else f"{task.won} / {task.lost}"
    return (
        f"| {task.name} | {task.items} | {task.champion:.3f} | {task.candidate:.3f} | {interval} | {right} | {changed} "
        f"| {task.p_adjusted:.3f} | {'**violated**' if task.violated else 'kept'} |"
    )


def forest(verdict: Verdict, path: Path) -> None:
    """Draw differences with their intervals, the macro difference below, and the margin."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    if verdict.macro is None:
        return
    # A rise of bits per byte is a loss: drawn to the left like every other loss.
    rows = [(task.name, task.difference, -1.0 if task.accuracy is None else 1.0) for task in reversed(verdict.tasks)]
    rows.insert(0, ("macro difference", verdict.macro, 1.0))
    figure, axes = plt.subplots(figsize=(8, 0.45 * len(rows) + 1.4), layout="constrained")
    for height, (name, interval, sign) in enumerate(rows):
        ends = sorted((100 * sign * interval.low, 100 * sign * interval.high))
        macro = name == "macro difference"
        colour = "tab:blue" if macro else "0.35"
        axes.plot(ends, [height, height], color=colour, linewidth=3 if macro else 1.5)
        axes.plot(
            100 * sign * interval.point, height, "D" if macro else "o", color=colour, markersize=7 if macro else 5
        )
    margin = 100 * verdict.protocol.margin
    axes.axvline(0, color="0.6", linewidth=1)
    axes.axvline(-margin, color="tab:red", linestyle="--", linewidth=1, label=f"margin −{margin:g} pp")
    axes.set_yticks(range(len(rows)), [name for name, _, _ in rows])
    axes.set_xlabel("worse  ←  candidate against champion, points (bits per byte: %)  →  better")
    axes.set_title(f"{verdict.name}: {verdict.items} paired items", fontsize=11)
    axes.legend(loc="best", frameon=False)
    figure.savefig(path, dpi=130)
    plt.close(figure)
