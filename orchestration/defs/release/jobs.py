"""The job that turns an approval into a champion."""

import dagster as dg

from cleo_core.progress import LogReporter
from orchestration.defs.console import console
from orchestration.defs.report import clear_errors


class ReleaseConfig(dg.Config):
    """Which version."""

    version: int


@dg.op(description="Both signatures are verified, the bundle answers its smoke test, then the alias moves.")
def verify_and_release(context: dg.OpExecutionContext, config: ReleaseConfig) -> None:
    from orchestration.defs.release.promote import release

    with clear_errors():
        done = release(config.version, LogReporter(context.log))
    context.add_output_metadata({"champion": done.version, "previous": done.previous or "none"})


@dg.job(
    executor_def=dg.in_process_executor,
    logger_defs={"console": console},
    description="Releases an approved version: verify, try out, move `champion`, keep `previous`.",
)
def release_model() -> None:
    verify_and_release()
