"""Score a candidate and the champion on the same sealed items and let the gate judge. Runs as a process of its own.

    python -m evals.evaluate --candidate DIR --champion DIR --tasks DIR --output DIR

Writes, in this order: plan.json (what will be compared and by which rules, before anything is scored), routing.png,
report.json, report.md, forest.png, and last verdict.json, so that a folder without a verdict is a run that did not end.
"""

from __future__ import annotations

import signal
import sys
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from cleo_core.digest import digest_json
from cleo_core.errors import CleoError
from cleo_core.files import write_json
from cleo_core.progress import Reporter
from cleo_core.settings import home
from cleo_core.stage.code import code_version
from evals.canaries import memorised
from evals.gate import compare
from evals.routing import routing
from evals.safety import conduct
from evals.scores import Scores
from evals.tasks.build import CANARIES
from evals.tasks.contamination import read_contamination
from evals.tasks.sealed import TaskSet, load
from evals.verdict import VERDICT, Probes, Verdict, VerdictFile

if TYPE_CHECKING:
    from evals.harness import LoadedModel
    from evals.leading_layers import LeadingLayers


def command(candidate: Path, champion: Path, tasks: Path, out: Path) -> list[str]:
    """The argument list of the evaluation process."""
    options = {"--candidate": candidate, "--champion": champion, "--tasks": tasks, "--output": out}
    return [sys.executable, "-m", "evals.evaluate", *(part for name, at in options.items() for part in (name, str(at)))]


def evaluate(
    candidate: Path, champion: Path, tasks: Path, out: Path, report: Reporter, *, limit: int | None = None
) -> Verdict:
    """Compare two models; the files named above are written into `out`.

    Raises:
        BrokenSeal: the task set is not what was sealed.
        UnusableModel: one of the folders cannot be scored.
    """
    from evals.harness import model_digest
    from evals.leading_layers import LeadingLayers
    from evals.report import write_report

    task_set = load(tasks)
    out.mkdir(parents=True, exist_ok=True)
    (out / VERDICT).unlink(missing_ok=True)
    before_digest = model_digest(champion)
    plan = {
        "candidate": model_digest(candidate),
        "champion": before_digest,
        "task_set": task_set.digest,
        "protocol": task_set.protocol.model_dump(),
        "tasks": [asdict(spec) for spec in task_set.tasks],
        "limit": limit,
    }
    plan_digest = digest_json(plan)
    write_json(out / "plan.json", {**plan, "digest": plan_digest})
    kept = kept_scores(before_digest, task_set, limit)
    # Nothing is left by a champion whose scores are known.
    leading = None if kept.is_file() else LeadingLayers.of(champion, candidate)
    if leading and leading.count:
        report(f"the first {leading.count} layers of both are the same: computed once")
    before = score_model(champion, task_set, report, limit=limit, kept=kept, leading=leading)[0]
    if leading:
        leading.keeping = False
    after, loaded = score_model(candidate, task_set, report, limit=limit, leading=leading)
    probes = _probe(loaded, task_set, out, report) if loaded else Probes()
    report("comparing")
    verdict = compare(before, after, task_set.protocol)
    whole = VerdictFile(
        **dict(verdict),
        plan_digest=plan_digest,
        candidate_digest=after.model_digest,
        champion_digest=before.model_digest,
    )
    write_report(out, whole, task_set.protocol, before, after, probes, read_contamination(task_set.folder))
    write_json(out / VERDICT, whole.model_dump(mode="json"))
    report(f"{verdict.verdict}: {verdict.reason}")
    return verdict


def _probe(loaded: LoadedModel, tasks: TaskSet, out: Path, report: Reporter) -> Probes:
    """What is reported beside the gate and decides nothing, as far as model and task set have the material for it."""
    return Probes(
        memorised_canaries=memorised(loaded, tasks.folder / CANARIES, report) if CANARIES in tasks.extras else None,
        conduct=conduct(loaded, report) if loaded.chats else None,
        routing=routing(loaded, tasks, out, report),
    )


def kept_scores(digest: str, tasks: TaskSet, limit: int | None = None) -> Path:
    """Where the scores on these items are kept of the model with a digest, by dtype and environment."""
    from cleo_core.compute import compute_dtype
    from evals.harness import environment, score

    here = environment()
    key = {
        "model": digest,
        "tasks": tasks.digest,
        "limit": limit,
        "dtype": str(compute_dtype(here["device"], tasks.protocol.dtype)),
        "environment": here,
        "code": code_version(score),
    }
    return home("evals", "scores") / f"{digest_json(key)}.json"


def score_model(
    folder: Path,
    tasks: TaskSet,
    report: Reporter,
    *,
    limit: int | None = None,
    kept: Path | None = None,
    leading: LeadingLayers | None = None,
) -> tuple[Scores, LoadedModel | None]:
    """Scores of a model, and the model when it had to be loaded.

    Args:
        kept: `kept_scores`: where scores may lie from an earlier run, and are kept for a later one.
        leading: layers in common with another model that is scored on the same items.
    """
    from evals.harness import load_model, score

    if kept and kept.is_file():
        try:
            known = Scores.read(kept)
        except ValueError:
            kept.unlink(missing_ok=True)
        else:
            report(f"scores of {folder.name} are known")
            return known, None
    loaded = load_model(folder, tasks.protocol.dtype, report)
    loaded.lm.leading = leading
    scores = score(loaded, tasks, limit=limit)
    loaded.lm.leading = None
    if kept:
        scores.save(kept)
    return scores, loaded


def run(
    candidate: Path, champion: Path | None, tasks: TaskSet, out: Path, report: Reporter, *, limit: int | None = None
) -> Verdict | None:
    """`cleo evaluate`: scores of one model, compared when there is a champion."""
    if champion is not None:
        return evaluate(candidate, champion, tasks.folder, out, report, limit=limit)
    from evals.report import write_scores

    out.mkdir(parents=True, exist_ok=True)
    scores, loaded = score_model(candidate, tasks, report, limit=limit)
    probes = Probes(routing=routing(loaded, tasks, out, report) if loaded else None)
    write_scores(out, scores, read_contamination(tasks.folder), probes)
    return None


def _terminate(number: int, frame: FrameType | None) -> None:
    # Not an Exception: a library that is at work catches those, and would go on.
    raise KeyboardInterrupt


FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command()
@click.option("--candidate", type=FOLDER, required=True, help="Model folder that wants to become champion.")
@click.option("--champion", type=FOLDER, required=True, help="Model folder to compare with.")
@click.option("--tasks", type=FOLDER, required=True, help="Sealed task set (evals.tasks.build).")
@click.option("--output", "out", type=click.Path(file_okay=False, path_type=Path), required=True)
@click.option("--limit", type=click.IntRange(min=1), help="Only the first N items of each task; decides nothing.")
def process(candidate: Path, champion: Path, tasks: Path, out: Path, limit: int | None) -> None:
    """Compare a candidate with the champion."""
    from cleo_model.training.report import reporter

    with reporter() as report:
        evaluate(candidate, champion, tasks, out, report, limit=limit)


def main() -> None:
    signal.signal(signal.SIGTERM, _terminate)
    try:
        process.main(standalone_mode=False)
    except (KeyboardInterrupt, click.exceptions.Abort):
        click.echo("Interrupted. Nothing was decided; run it again.", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except CleoError as error:
        click.echo(f"Error [{error.code}]: {error}", err=True)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
