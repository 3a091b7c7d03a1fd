"""Schedules; all of them wait for a person to start them."""

from __future__ import annotations

import dagster as dg

from orchestration.jobs import refresh_corpus, train_and_register

nightly_corpus = dg.ScheduleDefinition(
    name="nightly_corpus",
    job=refresh_corpus,
    cron_schedule="0 2 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description="Every night at 02:00 UTC: is there new text, and does it pass its checks?",
)
weekly_training = dg.ScheduleDefinition(
    name="weekly_training",
    job=train_and_register,
    cron_schedule="0 3 * * 6",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description="Every Saturday at 03:00 UTC: train on what is there and put the result up for review.",
)
