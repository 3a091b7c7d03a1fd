"""From a dense base model to a trained mixture of experts, phase by phase."""

from cleo_model.pipeline import GGUF, MODEL, PHASES
from orchestration.defs.stage_asset import stage_asset

assets = [stage_asset(stage) for stage in (*MODEL, *PHASES, GGUF)]
