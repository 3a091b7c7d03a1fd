"""What the routers do: their losses while training, and their statistics for a person to look at."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor

from cleo_core.routing import probabilities, routers


class RouterLosses(NamedTuple):
    """Of the last forward, each the mean over layers."""

    balance: Tensor
    """1 when perfectly even."""
    z: Tensor
    entropy: Tensor
    """In nats, the mean over tokens."""
    information: Tensor
    """Of row and expert, mutual, in nats: high where each row keeps to few experts, and all rows together to none."""


class RouterWatch:
    """Listens to every router of a mixture; a dense model has none, and every loss of it is 0.

    The load-balance loss is taken per layer. Pooled over layers, as in the stock model, a layer that overloads one
    expert hides behind another layer that overloads another. Counts are those of the whole step, over all ranks and
    the micro batches so far, so that one unusual row does not push the router about
    (Qiu et al. 2025, arXiv:2501.11873).
    """

    def __init__(self, model: torch.nn.Module) -> None:
        found = routers(model)
        self.routers: list[Any] = list(found.values())
        self.layers = list(found)
        """Places in the model of the layers with a router."""
        self.experts = int(self.routers[0].num_experts) if self.routers else 0
        self.on = False
        self._logits: list[Tensor | None] = [None] * len(self.routers)
        self._chosen: list[Tensor | None] = [None] * len(self.routers)
        self._asked: list[Tensor | None] = [None] * len(self.routers)
        for index, router in enumerate(self.routers):
            router.register_forward_hook(partial(self._listen, index))
        self.reset()

    def _listen(self, index: int, _module: Any, _inputs: Any, output: Any) -> None:
        # Off while a checkpointed layer is computed again in the backward pass.
        if self.on:
            # An expert of weight 0 was not asked: top-p pads its choices with such.
            self._logits[index], self._chosen[index], self._asked[index] = output[0], output[2], output[1] > 0

    def set_top_k(self, top_k: int) -> None:
        for router in self.routers:
            router.top_k = top_k

    def reset(self) -> None:
        """Begin a new step."""
        shape = (len(self.routers), self.experts)
        self.counts = torch.zeros(shape)
        self.entropy = torch.zeros(len(self.routers))
        self.tokens = 0

    def losses(
        self, real: Tensor, rows: int = 1, before: list[list[float]] | None = None, memory: float = 0.0
    ) -> RouterLosses:
        """The losses of the last forward.

        Args:
            real: 1 for tokens and 0 for padding, ``[tokens]``, float.
            rows: of which the tokens are, all of one length.
            before: load by layer and expert in earlier steps, and `memory`, the part that it has in the load that is
                balanced.
        """
        if not self.routers:
            zero = torch.zeros((), device=real.device)
            return RouterLosses(zero, zero, zero, zero)
        logits = torch.stack([each for each in self._logits if each is not None]).float()
        chosen = torch.stack([each for each in self._chosen if each is not None])
        asked = torch.stack([each for each in self._asked if each is not None])
        hits = (torch.nn.functional.one_hot(chosen, self.experts) * asked[..., None]).sum(dim=2).float()
        hits = (hits * real[None, :, None]).sum(dim=1)
        if torch.distributed.is_initialized():
            torch.distributed.all_reduce(hits)
        self.counts = self.counts.to(hits.device) + hits
        likely = probabilities(self.routers[0], logits)
        total = real.sum().clamp(min=1)
        mean = (likely * real[None, :, None]).sum(1) / total
        share = self.counts / self.counts.sum(-1, keepdim=True).clamp(min=1)
        if before and memory:
            share = (1 - memory) * share + memory * torch.tensor(before, device=share.device)
        balance = self.experts * (share * mean).sum(-1).mean()
        z = ((logits.logsumexp(-1) ** 2) * real).sum(-1).mean() / total
        entropy = (-(likely * likely.clamp(min=1e-9).log()).sum(-1) * real).sum(-1)
        self.entropy = self.entropy.to(hits.device) + entropy.detach()
        self.tokens += int(total)
        by_row, kept = likely.unflatten(1, (rows, -1)), real.reshape(rows, -1)
        asked_by_row = (by_row * kept[..., None]).sum(2) / kept.sum(-1, keepdim=True).clamp(min=1)
        information = _entropy(asked_by_row.mean(1)).mean() - _entropy(asked_by_row).mean()
        return RouterLosses(balance, z, entropy.mean() / total, information)

    def load(self) -> list[list[float]]:
        """Share of the step's assignments per layer and expert."""
        shares = self.counts / self.counts.sum(-1, keepdim=True).clamp(min=1)
        return [[round(value, 5) for value in layer] for layer in shares.tolist()]

    def experts_per_token(self) -> float:
        """How many experts a token of the step asked, mean over layers and all ranks' tokens; a collective act."""
        if not self.routers:
            return 0.0
        tokens = torch.tensor(float(self.tokens), device=self.counts.device)
        if torch.distributed.is_initialized():
            torch.distributed.all_reduce(tokens)
        return float(self.counts.sum(-1).mean() / tokens.clamp(min=1))

    def mean_entropy(self) -> float:
        """Entropy of the routers in nats, mean over layers and tokens; log(experts) is undecided."""
        return float(self.entropy.mean()) / max(1, self.tokens) if self.routers else 0.0


def _entropy(shares: Tensor) -> Tensor:
    return -(shares * shares.clamp(min=1e-9).log()).sum(-1)
