"""A reviewer's approval releases a version."""

import dagster as dg

from orchestration.defs.release.jobs import release_model


@dg.sensor(
    job=release_model,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.STOPPED,
    description="A version that a reviewer approved is verified, tried out and made champion.",
)
def approval(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    from orchestration.defs.release.promote import approved_and_waiting

    waiting = approved_and_waiting()
    if waiting is None:
        return dg.SkipReason("No approved version waits for its release.")
    version, decisions = waiting
    config = {"ops": {"verify_and_release": {"config": {"version": version.version}}}}
    return dg.SensorResult(run_requests=[dg.RunRequest(run_key=f"{version.version}:{decisions}", run_config=config)])
