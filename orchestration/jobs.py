"""What can be run: the whole chain, its first part, its last part, and a release."""

from __future__ import annotations

import dagster as dg

CORPUS = dg.AssetSelection.groups("corpus")
ALL = dg.AssetSelection.all()

train_and_register = dg.define_asset_job(
    "train_and_register",
    ALL,
    executor_def=dg.in_process_executor,
    description="The whole chain, from the sources to a signed version that waits for review.",
    tags={"dagster/max_runtime": 24 * 3600},
)
refresh_corpus = dg.define_asset_job(
    "refresh_corpus",
    CORPUS,
    executor_def=dg.in_process_executor,
    description="Reads, curates, masks and checks the corpus; trains nothing.",
)
evaluate_only = dg.define_asset_job(
    "evaluate_only",
    dg.AssetSelection.groups("evaluation"),
    executor_def=dg.in_process_executor,
    description="Evaluates the latest trained model against the champion again.",
)
