"""What the routers do: their losses while training, and their statistics for a person to look at."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import Tensor

# An expert that gets less than this part of its fair share learns nothing: it counts as dead.
DEAD = 0.05


class RouterWatch:
    """Listens to every router of a Mixtral; a dense model has none, and every loss of it is 0.

    The load-balance loss is taken per layer. Pooled over layers, as in the stock model, a layer that overloads one
    expert hides behind another layer that overloads another. Counts are those of the whole step, over all ranks and
    the micro batches so far, so that one unusual row does not push the router about
    (Qiu et al. 2025, arXiv:2501.11873).
    """

    def __init__(self, model: torch.nn.Module) -> None:
        self.routers: list[Any] = [m for m in model.modules() if type(m).__name__ == "MixtralTopKRouter"]
        self.experts = int(self.routers[0].num_experts) if self.routers else 0
        self.on = False
        self._logits: list[Tensor | None] = [None] * len(self.routers)
        self._chosen: list[Tensor | None] = [None] * len(self.routers)
        for index, router in enumerate(self.routers):
            router.register_forward_hook(partial(self._listen, index))
        self.reset()

    def _listen(self, index: int, _module: Any, _inputs: Any, output: Any) -> None:
        # Off while a checkpointed layer is computed again in the backward pass.
        if self.on:
            self._logits[index], self._chosen[index] = output[0], output[2]

    def set_top_k(self, top_k: int) -> None:
        for router in self.routers:
            router.top_k = top_k

    def reset(self) -> None:
        """Begin a new step."""
        shape = (len(self.routers), self.experts)
        self.counts = torch.zeros(shape)
        self.entropy = torch.zeros(len(self.routers))
        self.tokens = 0

    def losses(self, real: Tensor) -> tuple[Tensor, Tensor]:
        """Load-balance loss (1 when perfectly even) and z-loss of the last forward, each the mean over layers.

        Args:
            real: 1 for tokens and 0 for padding, ``[tokens]``, float.
        """
        if not self.routers:
            zero = torch.zeros((), device=real.device)
            return zero, zero
        logits = torch.stack([each for each in self._logits if each is not None]).float()
        chosen = torch.stack([each for each in self._chosen if each is not None])
        hits = torch.nn.functional.one_hot(chosen, self.experts).sum(dim=2).float()
        hits = (hits * real[None, :, None]).sum(dim=1)
        if torch.distributed.is_initialized():
            torch.distributed.all_reduce(hits)
        self.counts = self.counts.to(hits.device) + hits
        probabilities = logits.softmax(-1)
        total = real.sum().clamp(min=1)
        mean = (probabilities * real[None, :, None]).sum(1) / total
        share = self.counts / self.counts.sum(-1, keepdim=True).clamp(min=1)
        balance = self.experts * (share * mean).sum(-1).mean()
        z = ((logits.logsumexp(-1) ** 2) * real).sum(-1).mean() / total
        with torch.no_grad():
            entropy = -(probabilities * probabilities.clamp(min=1e-9).log()).sum(-1)
            self.entropy = self.entropy.to(hits.device) + (entropy * real).sum(-1)
            self.tokens += int(total)
        return balance, z

    def load(self) -> list[list[float]]:
        """Share of the step's assignments per layer and expert."""
        shares = self.counts / self.counts.sum(-1, keepdim=True).clamp(min=1)
        return [[round(value, 5) for value in layer] for layer in shares.tolist()]

    def mean_entropy(self) -> float:
        """Entropy of the routers in nats, mean over layers and tokens; log(experts) is undecided."""
        return float(self.entropy.mean()) / max(1, self.tokens) if self.routers else 0.0


def dead_experts(load: list[list[float]], frozen: int = 0) -> list[str]:
    """The experts, as ``layer.expert``, that got less than a twentieth of their fair share.

    The first `frozen` layers do not count: their experts are equal, so it is of no matter which of them is asked.
    """
    return [
        f"{layer}.{expert}"
        for layer, shares in enumerate(load)
        for expert, share in enumerate(shares)
        if layer >= frozen and share < DEAD / len(shares)
    ]
