"""From sources to a masked corpus that passed its checks."""

from cleo_model.pipeline import CORPUS
from orchestration.defs.stage_asset import stage_asset, stage_checks

assets = [stage_asset(stage) for stage in CORPUS if stage.checks_of is None]
checks = [stage_checks(stage) for stage in CORPUS if stage.checks_of is not None]
