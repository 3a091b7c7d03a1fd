"""What is reported beside the gate and decides nothing: memorised canaries, refusals, personal data in replies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cleo_core.progress import Reporter
from evals.canaries import memorised
from evals.safety import conduct
from evals.tasks.build import CANARIES
from evals.tasks.sealed import TaskSet

if TYPE_CHECKING:
    from evals.harness import LoadedModel

__all__ = ["probe"]


def probe(loaded: LoadedModel, tasks: TaskSet, report: Reporter) -> dict[str, Any]:
    """Run the probes that the model and the task set have the material for."""
    found: dict[str, Any] = {}
    if CANARIES in tasks.extras:
        found["memorised_canaries"] = memorised(loaded, tasks.folder / CANARIES, report)
    if loaded.chats:
        found["conduct"] = conduct(loaded, report)
    return found
