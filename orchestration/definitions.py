"""The Dagster code location: everything that the UI, the daemon and `cleo run` see."""

from __future__ import annotations

import dagster as dg

from orchestration.assets import corpus, evaluation, release, training
from orchestration.jobs import evaluate_only, refresh_corpus, train_and_register
from orchestration.process_group import ProcessGroupPipesClient
from orchestration.release_job import release_model
from orchestration.report import console
from orchestration.resources import Chain, StageIOManager
from orchestration.schedules import nightly_corpus, weekly_training
from orchestration.sensors import approval, inbox

defs = dg.Definitions(
    assets=dg.load_assets_from_modules([corpus, training, evaluation, release]),
    asset_checks=[corpus.corpus_quality()],
    jobs=[train_and_register, refresh_corpus, evaluate_only, release_model],
    schedules=[nightly_corpus, weekly_training],
    sensors=[inbox, approval],
    resources={
        "chain": Chain(),
        "stages": StageIOManager(),
        "trainer": ProcessGroupPipesClient(),
        "evaluator": ProcessGroupPipesClient(),
    },
    loggers={"console": console},
)
