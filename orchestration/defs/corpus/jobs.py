"""What makes the corpus anew: by hand, and every night once a person has started the schedule."""

from __future__ import annotations

import dagster as dg

refresh_corpus = dg.define_asset_job(
    "refresh_corpus",
    dg.AssetSelection.groups("corpus"),
    executor_def=dg.in_process_executor,
    description="Reads, curates, masks and checks the corpus; trains nothing.",
)

nightly_corpus = dg.ScheduleDefinition(
    name="nightly_corpus",
    job=refresh_corpus,
    cron_schedule="0 2 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description="Every night at 02:00 UTC: is there new text, and does it pass its checks?",
)
