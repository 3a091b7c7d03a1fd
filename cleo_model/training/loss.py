"""Cross-entropy over a large vocabulary in pieces, so that the logits of a batch are never all in memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from cleo_model.training.data import Batch, Phase
from cleo_model.training.step import LOGITS


def _piece(head: Any, hidden: Tensor, labels: Tensor) -> Tensor:
    return F.cross_entropy(head(hidden).float(), labels, reduction="sum")


class _FrozenHeadLoss(torch.autograd.Function):
    """Summed cross-entropy through an output layer that is not trained.

    The gradient of the hidden states is computed in the forward pass, while the logits of a piece are there: two
    matrix products instead of the three of computing the logits again (as in Liger Kernel, arXiv:2410.10989).
    """

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, weight: Tensor, labels: Tensor) -> Tensor:
        total = hidden.new_zeros((), dtype=torch.float32)
        gradient = torch.empty_like(hidden)
        for first in range(0, len(labels), LOGITS):
            wanted = labels[first : first + LOGITS]
            logits = (hidden[first : first + LOGITS] @ weight.T).float()
            scale = logits.logsumexp(-1, keepdim=True)
            at = torch.arange(len(wanted), device=wanted.device)
            total += (scale[:, 0] - logits[at, wanted]).sum()
            slope = logits.sub_(scale).exp_()  # d loss / d logits = softmax - one-hot
            slope[at, wanted] -= 1
            gradient[first : first + LOGITS] = slope.to(weight.dtype) @ weight
        ctx.save_for_backward(gradient)
        return total

    @staticmethod
    def backward(ctx: Any, *grad: Any) -> Any:
        (gradient,) = ctx.saved_tensors
        return gradient * grad[0].to(gradient.dtype), None, None


def summed_loss(model: Any, batch: Batch) -> Tensor:
    """Sum over the targets of -log p(token | tokens before it in the row), in nats.

    Logits are computed for targets only: 49,152 floats for a token that is no target would be wasted.
    """
    hidden = model.model(batch.tokens, use_cache=False).last_hidden_state[:, :-1]
    wanted = batch.targets[:, 1:]
    states, labels = hidden[wanted], batch.tokens[:, 1:][wanted]
    total: Tensor = states.new_zeros((), dtype=torch.float32)
    if torch.is_grad_enabled() and not any(weight.requires_grad for weight in model.lm_head.parameters()):
        frozen: Tensor = _FrozenHeadLoss.apply(states, model.lm_head.weight, labels)  # type: ignore[no-untyped-call]
        return frozen
    for first in range(0, len(labels), LOGITS):
        piece = (model.lm_head, states[first : first + LOGITS], labels[first : first + LOGITS])
        total = total + (checkpoint(_piece, *piece, use_reentrant=False) if torch.is_grad_enabled() else _piece(*piece))
    return total


@torch.no_grad()
def heldout_loss(
    model: Any,
    part: Phase,
    device: torch.device,
    rows: int,
    rank: int = 0,
    ranks: int = 1,
    seen: Callable[[Tensor, Tensor], None] | None = None,
) -> tuple[float, int]:
    """Mean loss of the part's targets in nats, and how many they are; the ranks share the rows.

    Args:
        seen: called after each forward with its tokens and where they are no padding, both ``[rows, sequence_length]``.
    """
    total = torch.zeros(2, dtype=torch.float64, device=device)
    # Every rank makes the same number of forwards: with ZeRO-3 each of them is a collective act.
    stride = rows * ranks
    for first in range(0, len(part), stride):
        mine = min(first + rank * rows, len(part) - 1)
        last = min(mine + rows, len(part))
        batch = part.rows(mine, last, device)
        loss = summed_loss(model, batch)
        if seen is not None:
            seen(batch.tokens, batch.real)
        if first + rank * rows < len(part):
            total += torch.tensor([float(loss), part.target_count(mine, last)], dtype=torch.float64, device=device)
    if ranks > 1:
        torch.distributed.all_reduce(total)
    return float(total[0] / total[1].clamp(min=1)), int(total[1])
