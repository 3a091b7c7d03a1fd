"""The whole chain: by hand, and every week once a person has started the schedule."""

from __future__ import annotations

import dagster as dg

train_and_register = dg.define_asset_job(
    "train_and_register",
    dg.AssetSelection.all(),
    executor_def=dg.in_process_executor,
    description="The whole chain, from the sources to a signed version that waits for review.",
    tags={"dagster/max_runtime": 24 * 3600},
)

weekly_training = dg.ScheduleDefinition(
    name="weekly_training",
    job=train_and_register,
    cron_schedule="0 3 * * 6",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description="Every Saturday at 03:00 UTC: train on what is there and put the result up for review.",
)
