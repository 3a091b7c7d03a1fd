"""New text in the inbox refreshes the corpus."""

import dagster as dg

from cleo_core.settings import home
from orchestration.defs.corpus.jobs import refresh_corpus


@dg.sensor(
    job=refresh_corpus,
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.STOPPED,
    description="New or changed files in CLEO_HOME/inbox refresh the corpus.",
)
def inbox(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    from cleo_core.digest import digest_json

    files = sorted(
        (file.relative_to(home("inbox")).as_posix(), file.stat().st_size, file.stat().st_mtime_ns)
        for file in home("inbox").rglob("*")
        if file.is_file() and not file.is_symlink()
    )
    if not files:
        return dg.SkipReason("The inbox is empty.")
    state = digest_json([[name, size, str(changed)] for name, size, changed in files])
    if state == context.cursor:
        return dg.SkipReason("Nothing new in the inbox.")
    return dg.SensorResult(run_requests=[dg.RunRequest(run_key=state)], cursor=state)
