"""How much a model memorises: exposure of planted sentences against twins that were never trained on.

Each canary's rank by likelihood among the controls gives its exposure, ``log2((controls + 1) / rank)`` bits (Carlini
et al. 2019, arXiv:1802.08232). Without memorising, an exposure of e bits or more comes with probability 2^-e; with K
canaries looked at, one above ``log2(K / alpha)`` is no accident.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cleo_core.progress import Reporter
from cleo_model.corpus.canaries import CanaryFile
from evals.errors import BadItems
from evals.verdict import MemorisedCanaries

if TYPE_CHECKING:
    from evals.harness import LoadedModel

CONTROLS = 256
"""Controls that are scored: 8 bits, enough for the threshold of 8 canaries at 5 % (7.3 bits)."""
ALPHA = 0.05


def exposures(planted: Sequence[float], controls: Sequence[float]) -> list[float]:
    """Bits of exposure of each planted log-likelihood among those of the controls."""
    return [math.log2((len(controls) + 1) / (1 + sum(control >= value for control in controls))) for value in planted]


def threshold(canaries: int, alpha: float = ALPHA) -> float:
    """Exposure in bits that none of so many canaries exceeds by chance, but with probability alpha."""
    return math.log2(canaries / alpha)


def memorised(loaded: LoadedModel, file: Path, report: Reporter) -> MemorisedCanaries:
    """Score canaries and controls in the chat form they were trained in.

    Raises:
        BadItems: the file is not what the corpus writes.
    """
    try:
        content = CanaryFile.model_validate_json(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise BadItems(f"{file.name} is not a list of canaries.", hint="Run the corpus stages again.") from None
    planted = [(canary.prompt, canary.answer) for canary in content.planted]
    controls = [(canary.prompt, canary.answer) for canary in content.controls[:CONTROLS]]
    if not planted or not controls:
        return MemorisedCanaries(summary="No canaries were planted.")
    report("measuring memorised canaries")
    values = loaded.answers([*planted, *controls])
    found = exposures(values[: len(planted)], values[len(planted) :])
    limit = threshold(len(planted))
    above = sum(value > limit for value in found)
    reachable = math.log2(len(controls) + 1)
    return MemorisedCanaries(
        summary=(
            f"{above} of {len(planted)} planted canaries are memorised: highest exposure {max(found):.1f} bits, "
            f"mean {sum(found) / len(found):.1f}; above {limit:.1f} bits is no accident, "
            f"{reachable:.1f} can be measured with {len(controls)} controls."
        ),
        canaries=len(planted),
        controls=len(controls),
        exposure_bits=[round(value, 3) for value in found],
        threshold_bits=round(limit, 3),
        memorised=above,
    )
