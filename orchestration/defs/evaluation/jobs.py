"""Evaluation by itself."""

from __future__ import annotations

import dagster as dg

evaluate_only = dg.define_asset_job(
    "evaluate_only",
    dg.AssetSelection.groups("evaluation"),
    executor_def=dg.in_process_executor,
    description="Evaluates the latest trained model against the champion again.",
)
