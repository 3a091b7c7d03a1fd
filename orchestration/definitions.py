"""The Dagster code location: everything that the UI, the daemon and `cleo run` see."""

from __future__ import annotations

import dagster as dg

from orchestration.defs.console import console
from orchestration.defs.corpus import assets as corpus
from orchestration.defs.corpus.jobs import nightly_corpus, refresh_corpus
from orchestration.defs.corpus.sensors import inbox
from orchestration.defs.evaluation import assets as evaluation
from orchestration.defs.evaluation.jobs import evaluate_only
from orchestration.defs.process_group import ProcessGroupPipesClient
from orchestration.defs.release import assets as release
from orchestration.defs.release.jobs import release_model
from orchestration.defs.release.sensors import approval
from orchestration.defs.resources import Chain, StageIOManager
from orchestration.defs.training import assets as training
from orchestration.defs.training.jobs import train_and_register, weekly_training

defs = dg.Definitions(
    assets=[*corpus.assets, *training.assets, *evaluation.assets, *release.assets],
    asset_checks=corpus.checks,
    jobs=[train_and_register, refresh_corpus, evaluate_only, release_model],
    schedules=[nightly_corpus, weekly_training],
    sensors=[inbox, approval],
    resources={"chain": Chain(), "stages": StageIOManager(), "processes": ProcessGroupPipesClient()},
    loggers={"console": console},
)
