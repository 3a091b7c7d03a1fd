"""Is the candidate at least as good as what is in production? The gate's verdict blocks."""

from evals.stages import EVAL_TASKS, evaluation
from orchestration.defs.evaluation.champion import opponent
from orchestration.defs.stage_asset import stage_asset

assets = [stage_asset(stage) for stage in (EVAL_TASKS, evaluation(opponent))]
