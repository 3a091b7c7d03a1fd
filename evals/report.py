"""What a person reads about an evaluation: report.json, report.md, and a forest plot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from cleo_core.files import write_json
from cleo_core.markdown import table as markdown_table
from evals.protocol import Protocol
from evals.scores import Scores, Subset, full_and_clean
from evals.verdict import Probes, TaskVerdict, Verdict, VerdictFile

REPORT = "report.json"
CLEAN = "## On all items, and on those that are not in the training text"
Found = Mapping[str, set[str]] | None
"""By task, the items that stand in the training text; None where it is not known."""


class ScoredModel(BaseModel):
    """One side of a comparison, and what scoring it took."""

    model_digest: str
    tokenizer_digest: str
    template_digest: str
    dtype: str
    requests: int
    reused: bool
    seconds: float
    cpu_seconds: float
    metrics: dict[str, dict[str, float]]
    """What stock lm-eval reports, by task."""
    subsets: dict[str, Subset] | None = None
    """The score on all items, and on those that are not in the training text; None where it is not known."""

    @classmethod
    def of(cls, scores: Scores, found: Found) -> ScoredModel:
        metrics = {name: task.metrics for name, task in scores.tasks.items()}
        subsets = None if found is None else full_and_clean(scores, found)
        plain = cls.model_fields.keys() - {"metrics", "subsets"}
        return cls(metrics=metrics, subsets=subsets, **{name: getattr(scores, name) for name in plain})


class ScoredTask(BaseModel):
    """What a task is."""

    form: str
    items: int
    what: str = ""
    origin: str = ""


class ScoresReport(BaseModel):
    """report.json of models that were scored on one task set."""

    version: int = 1
    task_set: str
    limit: int | None
    environment: dict[str, str]
    tasks: dict[str, ScoredTask]


class ModelReport(ScoresReport):
    """report.json of a model scored by itself."""

    model: ScoredModel
    probes: Probes = Probes()


class EvaluationReport(ScoresReport):
    """report.json of a candidate compared with the champion."""

    verdict: Verdict
    plan_digest: str
    protocol: Protocol
    champion: ScoredModel
    candidate: ScoredModel
    probes: Probes


def _common(scores: Scores) -> dict[str, Any]:
    tasks = {
        name: ScoredTask(form=task.spec.form, items=len(task.items), what=task.spec.what, origin=task.spec.origin)
        for name, task in scores.tasks.items()
    }
    return {
        "task_set": scores.task_set, "limit": scores.limit, "environment": scores.environment, "tasks": tasks,
    }  # fmt: skip


def subsets_table(sides: Mapping[str, Scores], found: Found) -> str:
    """Markdown table of each side's score on all items and on those that are not in the training text."""
    if found is None:
        return "Which items stand in the training text is not known: no corpus was named (`--corpus`)."
    told = {name: full_and_clean(scores, found) for name, scores in sides.items()}
    first = next(iter(told.values()))
    rows = [
        [task, each.items, each.found, *_shown(value for side in told.values() for value in _both(side[task]))]
        for task, each in first.items()
    ]
    header = ["task", "items", "in training", *(f"{name}, {part}" for name in told for part in ("all", "clean"))]
    return markdown_table(header, rows, "lrr" + "rr" * len(told))


def _both(subset: Subset) -> tuple[float | None, float | None]:
    return subset.full, subset.clean


def _shown(values: Iterable[float | None]) -> list[str]:
    return ["" if value is None else f"{value:.3f}" for value in values]


def write_report(
    out: Path,
    verdict: VerdictFile,
    rules: Protocol,
    champion: Scores,
    candidate: Scores,
    probes: Probes,
    found: Found = None,
) -> None:
    """Write report.json, report.md and, where there is something to draw, forest.png."""
    value = EvaluationReport(
        **_common(candidate),
        verdict=Verdict(**{name: getattr(verdict, name) for name in Verdict.model_fields}),
        plan_digest=verdict.plan_digest,
        protocol=rules,
        champion=ScoredModel.of(champion, found),
        candidate=ScoredModel.of(candidate, found),
        probes=probes,
    )
    write_json(out / REPORT, value.model_dump(mode="json"))
    subsets = subsets_table({"champion": champion, "candidate": candidate}, found)
    page = f"{markdown(verdict, rules, candidate, probes)}\n{CLEAN}\n\n{subsets}\n"
    (out / "report.md").write_text(page, encoding="utf-8")
    forest(verdict, out / "forest.png")


def write_scores(out: Path, scores: Scores, found: Found = None, probes: Probes | None = None) -> None:
    """Write report.json and report.md of a model scored by itself."""
    probes = probes or Probes()
    value = ModelReport(**_common(scores), model=ScoredModel.of(scores, found), probes=probes)
    write_json(out / REPORT, value.model_dump(mode="json"))
    page = f"# Scores\n\n{table(scores)}\n\n{CLEAN}\n\n{subsets_table({'model': scores}, found)}\n"
    page = "\n".join([page, *_probe_lines(probes)])
    (out / "report.md").write_text(page, encoding="utf-8")


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


def markdown(verdict: Verdict, rules: Protocol, candidate: Scores, probes: Probes) -> str:
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
    lines += _probe_lines(probes)
    lines += [
        f"Scored in {candidate.dtype} with lm-eval {candidate.environment['lm-eval']}, "
        f"torch {candidate.environment['torch']}; task set `{candidate.task_set[:16]}`.",
        "",
    ]
    return "\n".join(lines)


def _probe_lines(probes: Probes) -> list[str]:
    lines = []
    for title, probe in probes.named().items():
        lines += [f"## {title.replace('_', ' ').capitalize()}", "", probe.summary, ""]
    if probes.routing:
        for title, told in probes.routing.tables.items():
            lines += [f"### {title.capitalize()}", "", told, ""]
        lines += ["![who asks which expert](routing.png)", ""]
    return lines


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
