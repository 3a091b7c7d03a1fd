"""The task sets that models are scored on."""

from evals.tasks.build import build, decontamination_texts
from evals.tasks.sealed import TaskSet, load

__all__ = ["TaskSet", "build", "decontamination_texts", "load"]
