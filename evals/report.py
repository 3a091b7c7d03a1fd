"""What a person reads about an evaluation: report.json, report.md, and a forest plot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cleo_core.files import write_json
from cleo_core.markdown import table as markdown_table
from evals.protocol import Protocol
from evals.scores import Scores
from evals.verdict import TaskVerdict, Verdict, VerdictFile


def _side(scores: Scores) -> dict[str, Any]:
    kept = ("model_digest", "tokenizer_digest", "template_digest", "dtype", "requests", "reused")
    return {
        **{name: getattr(scores, name) for name in kept},
        "seconds": round(scores.seconds, 2),
        "cpu_seconds": round(scores.cpu_seconds, 2),
        "metrics": {name: task.metrics for name, task in scores.tasks.items()},
    }


def write_report(
    out: Path, verdict: VerdictFile, rules: Protocol, champion: Scores, candidate: Scores, probes: dict[str, Any]
) -> None:
    """Write report.json, report.md and, where there is something to draw, forest.png."""
    value = {
        "verdict": Verdict(**dict(verdict)).model_dump(mode="json"),
        "plan_digest": verdict.plan_digest,
        "protocol": rules.model_dump(),
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
    (out / "report.md").write_text(markdown(verdict, rules, candidate, probes), encoding="utf-8")
    forest(verdict, out / "forest.png")


def write_scores(out: Path, scores: Scores) -> None:
    """Write report.json and report.md of a model scored by itself."""
    value = {
        "task_set": scores.task_set,
        "limit": scores.limit,
        "environment": scores.environment,
        "model": _side(scores),
        "tasks": {name: {"form": task.spec.form, "items": len(task.items)} for name, task in scores.tasks.items()},
    }
    write_json(out / "report.json", value)
    (out / "report.md").write_text("# Scores\n\n" + table(scores) + "\n", encoding="utf-8")


def table(scores: Scores) -> str:
    """Markdown table of one model's scores, one line per task."""
    rows = []
    for name, task in scores.tasks.items():
        values = [item.value for item in task.items if item.value is not None]
        score = f"{sum(values) / len(values):.3f}" if task.spec.in_macro and values else ""
        shown = [f"{task.metrics[metric]:.3f}" if metric in task.metrics else "" for metric in ("acc", "acc_norm")]
        bits = f"{task.metrics['bits_per_byte']:.3f}" if "bits_per_byte" in task.metrics else ""
        rows.append((name, len(task.items), *shown, score, bits))
    return markdown_table(("task", "items", "accuracy", "normalised", "score", "bits per byte"), rows, "lrrrrr")


def markdown(verdict: Verdict, rules: Protocol, candidate: Scores, probes: dict[str, Any]) -> str:
    """The comparison as a page."""
    lines = [f"# {verdict.verdict.replace('_', '-').lower().capitalize()}", "", verdict.reason, ""]
    if verdict.per_task:
        lines += [
            "| task | items | champion | candidate | difference | accuracy | won / lost | p (Holm) | guard |",
            "| --- | --: | --: | --: | --: | --: | --: | --: | --- |",
            *(_row(name, task) for name, task in verdict.per_task.items()),
            "",
        ]
    if verdict.macro_diff is not None and verdict.ci is not None:
        lines += [
            f"Macro difference over {verdict.items} items: **{100 * verdict.macro_diff:+.2f} pp**, "
            f"{100 * (1 - 2 * rules.alpha):.0f} % interval {100 * verdict.ci[0]:+.2f} to "
            f"{100 * verdict.ci[1]:+.2f} pp, margin {100 * rules.margin:g} pp.",
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


def _row(name: str, task: TaskVerdict) -> str:
    unit = "%" if task.accuracy is None else "pp"
    low, high = 100 * task.difference.low, 100 * task.difference.high
    interval = f"{100 * task.difference.point:+.2f} {unit} [{low:+.2f}, {high:+.2f}]"
    right = changed = ""
    if task.accuracy is not None:
        right = f"{100 * task.accuracy.champion:.1f} → {100 * task.accuracy.candidate:.1f} %"
        changed = f"{task.won} / {task.lost}"
    return (
        f"| {name} | {task.items} | {task.champion:.3f} | {task.candidate:.3f} | {interval} | {right} | {changed} "
        f"| {task.p_adjusted:.3f} | {'**violated**' if task.guard_violated else 'kept'} |"
    )


def forest(verdict: Verdict, path: Path) -> None:
    """Draw differences with their intervals, the macro difference below, and the margin; nothing without one."""
    if verdict.macro_diff is None or verdict.ci is None:
        return
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    # A rise of bits per byte is a loss: drawn to the left like every other loss.
    rows = [("macro difference", verdict.macro_diff, *verdict.ci, 1.0)]
    for name, task in reversed(verdict.per_task.items()):
        change, sign = task.difference, -1.0 if task.accuracy is None else 1.0
        rows.append((name, change.point, change.low, change.high, sign))
    figure, axes = plt.subplots(figsize=(8, 0.45 * len(rows) + 1.4), layout="constrained")
    for height, (_, point, low, high, sign) in enumerate(rows):
        colour, width, marker, size = ("0.35", 1.5, "o", 5) if height else ("tab:blue", 3, "D", 7)
        axes.plot(sorted((100 * sign * low, 100 * sign * high)), [height, height], color=colour, linewidth=width)
        axes.plot(100 * sign * point, height, marker, color=colour, markersize=size)
    margin = 100 * verdict.margin
    axes.axvline(0, color="0.6", linewidth=1)
    axes.axvline(-margin, color="tab:red", linestyle="--", linewidth=1, label=f"margin −{margin:g} pp")
    axes.set_yticks(range(len(rows)), [row[0] for row in rows])
    axes.set_xlabel("worse  ←  candidate against champion, points (bits per byte: %)  →  better")
    axes.set_title(f"{verdict.verdict}: {verdict.items} paired items", fontsize=11)
    axes.legend(loc="best", frameon=False)
    figure.savefig(path, dpi=130)
    plt.close(figure)
