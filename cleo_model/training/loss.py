"""Cross-entropy over a large vocabulary in pieces, so that the logits of a batch are never all in memory."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from cleo_model.training.data import Batch, Phase

__all__ = ["heldout_loss", "summed_loss"]

PIECE = 256


def _piece(head: Any, hidden: Tensor, labels: Tensor) -> Tensor:
    return F.cross_entropy(head(hidden).float(), labels, reduction="sum")


def summed_loss(model: Any, batch: Batch) -> Tensor:
    """Sum over the targets of -log p(token | tokens before it in the row), in nats.

    Logits are computed for targets only: 49,152 floats for a token that is no target would be wasted.
    """
    hidden = model.model(batch.tokens, use_cache=False).last_hidden_state[:, :-1]
    wanted = batch.targets[:, 1:]
    states, labels = hidden[wanted], batch.tokens[:, 1:][wanted]
    total: Tensor = states.new_zeros((), dtype=torch.float32)
    for first in range(0, len(labels), PIECE):
        piece = (model.lm_head, states[first : first + PIECE], labels[first : first + PIECE])
        total = total + (checkpoint(_piece, *piece, use_reentrant=False) if torch.is_grad_enabled() else _piece(*piece))
    return total


@torch.no_grad()
def heldout_loss(
    model: Any, part: Phase, device: torch.device, rows: int, rank: int = 0, ranks: int = 1
) -> tuple[float, int]:
    """Mean loss of the part's targets in nats, and how many they are; the ranks share the rows."""
    total = torch.zeros(2, dtype=torch.float64, device=device)
    # Every rank makes the same number of forwards: with ZeRO-3 each of them is a collective act.
    stride = rows * ranks
    for first in range(0, len(part), stride):
        mine = min(first + rank * rows, len(part) - 1)
        last = min(mine + rows, len(part))
        loss = summed_loss(model, part.rows(mine, last, device))
        if first + rank * rows < len(part):
            total += torch.tensor([float(loss), part.target_count(mine, last)], dtype=torch.float64, device=device)
    if ranks > 1:
        torch.distributed.all_reduce(total)
    return float(total[0] / total[1].clamp(min=1)), int(total[1])
