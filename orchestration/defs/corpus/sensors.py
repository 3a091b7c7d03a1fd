"""New text in the inbox refreshes the corpus, of which it is a source (`cleo_model.corpus.sources.inbox`)."""

import dagster as dg

from orchestration.defs.corpus.jobs import refresh_corpus


@dg.sensor(
    job=refresh_corpus,
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.STOPPED,
    description="New or changed files in CLEO_HOME/inbox refresh the corpus, of which they are a source.",
)
def inbox(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    from cleo_core.digest import digest_json
    from cleo_core.errors import CleoError
    from cleo_model.corpus.sources.inbox import inbox_files

    try:
        files = [(file.name, file.path.stat()) for file in inbox_files()]
    except CleoError as error:
        return dg.SkipReason(str(error))
    if not files:
        return dg.SkipReason("The inbox holds no file that is read.")
    state = digest_json([[name, found.st_size, str(found.st_mtime_ns)] for name, found in files])
    if state == context.cursor:
        return dg.SkipReason("Nothing new in the inbox.")
    return dg.SensorResult(run_requests=[dg.RunRequest(run_key=state)], cursor=state)
