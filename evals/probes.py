"""What is reported beside the gate and decides nothing: memorised canaries, refusals, personal data in replies."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from cleo_core.progress import Reporter

if TYPE_CHECKING:
    from evals.harness import LoadedModel

__all__ = ["probe"]


def probe(loaded: LoadedModel, tasks: Path, report: Reporter) -> dict[str, Any]:
    """Run the probes that this task set has the material for."""
    return {}
