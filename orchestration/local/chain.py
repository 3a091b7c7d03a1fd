"""Run a job of the code location from a terminal: recorded in the same instance that the UI shows."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from cleo_core.errors import CleoError, Interrupted
from orchestration.local.instance import dagster_environment

if TYPE_CHECKING:
    from dagster import DagsterEvent


class ChainFailed(CleoError, code="CHAIN_FAILED"):
    """A step of the chain failed or a blocking check did not pass."""


def run_job(name: str, config: Mapping[str, Any] | None = None) -> bool:
    """Run a job to its end in this process, with its progress on the screen.

    Returns:
        Whether every stage was there already.

    Raises:
        ChainFailed: names the step or check and what it said.
    """
    os.environ.update(dagster_environment())
    import dagster as dg

    # What `dagster job execute` uses: the run belongs to the code location, and the UI can run it again.
    from dagster._core.definitions.reconstruct import ReconstructableRepository

    warnings.filterwarnings("ignore", category=dg.PreviewWarning)  # of Dagster's own code, about itself
    began = time.monotonic()
    click.echo(f"Running {name}; what has not changed since the last run is not done again.")
    repository = ReconstructableRepository.for_module("orchestration.definitions", "defs", None)
    with (
        dg.DagsterInstance.get() as instance,
        dg.execute_job(
            repository.get_reconstructable_job(name),
            instance=instance,
            run_config={**(config or {}), "loggers": {"console": {}}},
        ) as result,
    ):
        events = list(result.all_events)
        if not result.success:
            if any(_interrupted(event) for event in events):
                raise Interrupted("The run was interrupted.", hint="Run it again: what is finished is not done again.")
            raise ChainFailed(_failure(events), hint="Mend it and run again: what is finished is not done again.")
        reused = [
            bool(event.step_materialization_data.materialization.metadata["reused"].value)
            for event in events
            if event.is_step_materialization and "reused" in event.step_materialization_data.materialization.metadata
        ]
    click.echo(f"{name}: {len(reused)} stages, {sum(reused)} of them reused, {time.monotonic() - began:.0f} s")
    return bool(reused) and all(reused)


def _interrupted(event: DagsterEvent) -> bool:
    error = event.step_failure_data.error if event.is_step_failure else None
    return error is not None and error.cls_name in ("DagsterExecutionInterruptedError", "KeyboardInterrupt")


def _failure(events: list[DagsterEvent]) -> str:
    for event in events:
        if event.event_type_value == "ASSET_CHECK_EVALUATION":
            check = event.asset_check_evaluation_data
            if not check.passed and check.blocking:
                asset = check.asset_key.to_user_string()
                return f"Check {check.check_name} of {asset} did not pass. {check.description or ''}"
    for event in events:
        if event.is_step_failure:
            data = event.step_failure_data
            shown = data.user_failure_data.description if data.user_failure_data else None
            cause = data.error.cause or data.error if data.error else None
            last = cause.message.strip() if cause else "no reason was recorded"
            return f"Step {event.step_key} failed: {shown or last}"
    return "The run ended without success."
