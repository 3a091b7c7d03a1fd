"""Routing while training that a stock runtime does not have: top-p, jitter, revival of dead experts, balance by bias.

What is exported is a stock architecture. So all of it but the bias, which some architectures carry, is for training
only: it is off where the held-out loss is measured, and off in the last steps (`settle`), in which the router learns to
do with the top-k that every runtime has.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from pydantic import BaseModel
from torch import Tensor

from cleo_core.routing import DEAD, probabilities, routers
from cleo_model.errors import RecipeError
from cleo_model.recipe import MoERecipe

STEER = 0.02
"""By how much the threshold of top-p moves for each expert that tokens ask too many or too few."""
REVIVAL = 0.02
"""What a dead expert's score gains at every step until tokens come; half of the gain goes with every step they do."""
BIAS = "e_score_correction_bias"


class RoutingState(BaseModel):
    """What routing learned beside the weights; part of a checkpoint."""

    threshold: float = 0.0
    """Of top-p: a token asks experts until their probabilities sum to it."""
    idle: list[list[int]] = []
    """``[layer][expert]``, steps without tokens in a row."""
    bonus: list[list[float]] = []
    """``[layer][expert]``, added to the score that experts are chosen by."""
    bias: list[list[float]] = []
    """``[layer][expert]``, of balance by bias."""


def check_balance(model: Any, recipe: MoERecipe) -> None:
    """Raises: RecipeError: balance by bias is asked of routers that have none, or our choice of those that have one."""
    found = list(routers(model).values())
    name = type(model).__name__
    if (recipe.routing.choice == "top_p" or recipe.routing.revive_after) and any(hasattr(each, BIAS) for each in found):
        raise RecipeError(
            f"{name} chooses its experts by a bias of its own, which top_p and revive_after know nothing of.",
            hint='Set the recipe\'s moe.routing to {"choice": "top_k", "balance": "bias"}.',
        )
    lacking = {type(router).__name__ for router in found if not hasattr(router, BIAS)}
    if recipe.routing.balance == "bias" and lacking:
        raise RecipeError(
            f"Balance by bias is asked of {name}, whose {', '.join(sorted(lacking))} has no bias: what "
            "was trained with it would route otherwise in every runtime.",
            hint='Set the recipe\'s moe.routing.balance to "loss", or train a model of the DeepSeek-V3 architecture.',
        )


class DynamicRouting:
    """Changes what the routers of a model in training choose; does nothing where the recipe asks for nothing."""

    def __init__(self, model: Any, recipe: MoERecipe | None, total_steps: int, rank: int = 0) -> None:
        """Raises: RecipeError: the model cannot carry what the recipe asks for."""
        self.routers: list[Any] = list(routers(model).values()) if recipe else []
        self.recipe = recipe or MoERecipe()
        self.rank = rank
        self.routing = self.recipe.routing
        if recipe and self.routers:
            check_balance(model, recipe)
        self.settles_at = total_steps - round(self.routing.settle * total_steps)
        self.step = self.micro = 0
        experts = int(self.routers[0].num_experts) if self.routers else 0
        self.state = RoutingState(
            # An undecided router then asks just the experts that are expected.
            threshold=self.expected / max(1, experts) if self.top_p else 0.0,
            idle=[[0] * experts for _ in self.routers],
            bonus=[[0.0] * experts for _ in self.routers],
            bias=[[0.0] * experts for _ in self.routers] if self.routing.balance == "bias" else [],
        )
        for index, router in enumerate(self.routers):
            if self.routing.jitter:
                router.register_forward_pre_hook(partial(self._jitter, index))
            if self.top_p or self.routing.revive_after:
                router.register_forward_hook(partial(self._choose, index))

    @property
    def top_p(self) -> bool:
        return self.routing.choice == "top_p"

    @property
    def expected(self) -> float:
        """Experts that a token shall ask, the mean."""
        return self.routing.expected_k or float(self.routers[0].top_k if self.routers else self.recipe.top_k)

    @property
    def settled(self) -> bool:
        """Whether the router chooses as a stock runtime does by now."""
        return self.step >= self.settles_at

    def restore(self, state: RoutingState) -> None:
        """Go on where a checkpoint stood."""
        if state.idle:
            self.state = state.model_copy(deep=True)
            self._write_bias()

    def begin(self, step: int, micro: int) -> None:
        """Before a forward: of which step of the whole run, and of which micro batch of it."""
        self.step, self.micro = step, micro

    def _jitter(self, index: int, router: Any, inputs: Any) -> Any:
        if not router.training or self.settled:
            return None
        # By place and not by state: a layer that is computed again in the backward pass gets the same noise.
        hidden: Tensor = inputs[0]
        place = (((self.recipe.seed * 1_000_003 + self.step) * 1_009 + self.micro) * 1_009 + self.rank) * 1_009 + index
        noise = torch.empty_like(hidden, dtype=torch.float32, device="cpu")
        size = self.routing.jitter
        noise.uniform_(1 - size, 1 + size, generator=torch.Generator().manual_seed(place % 2**63))
        return (hidden * noise.to(hidden.device, hidden.dtype), *inputs[1:])

    def _choose(self, index: int, router: Any, _inputs: Any, output: Any) -> Any:
        if not router.training or self.settled:
            return None
        logits, weights, _ = output
        likely = probabilities(router, logits)
        ranked = (likely.detach() + torch.tensor(self.state.bonus[index], device=likely.device)).sort(-1, True)
        chosen = ranked.indices[:, : self._most(router)]
        scores = likely.gather(-1, chosen)
        if self.top_p:
            # An expert is asked as long as those before it do not suffice, so the first always is.
            scores = scores * (scores.detach().cumsum(-1) - scores.detach() < self.state.threshold)
        if getattr(router, "norm_topk_prob", True):
            scores = scores / scores.sum(-1, keepdim=True)
        return logits, scores.to(weights.dtype), chosen

    def _most(self, router: Any) -> int:
        if not self.top_p:
            return int(router.top_k)
        return min(self.routing.max_k or 2 * int(router.top_k), int(router.num_experts))

    def learn(self, load: list[list[float]], experts_per_token: float) -> None:
        """After a step: steer by the loads of all ranks, ``[layer][expert]``, which sum to 1 in a layer."""
        if not self.routers or self.settled:
            return
        state, routing = self.state, self.routing
        if self.top_p:
            state.threshold = min(0.99, max(0.05, state.threshold + STEER * (self.expected - experts_per_token)))
        for layer, shares in enumerate(load):
            fair = 1 / len(shares)
            for expert, share in enumerate(shares):
                idle = state.idle[layer][expert] + 1 if share < DEAD * fair else 0
                state.idle[layer][expert] = idle
                if routing.revive_after and idle >= routing.revive_after:
                    state.bonus[layer][expert] += REVIVAL
                elif not idle:
                    state.bonus[layer][expert] *= 0.5
                if state.bias:
                    state.bias[layer][expert] += routing.bias_rate * ((fair > share) - (fair < share))
        self._write_bias()

    def _write_bias(self) -> None:
        for router, bias in zip(self.routers, self.state.bias, strict=False):
            getattr(router, BIAS).copy_(torch.tensor(bias))


def over_capacity(load: list[list[float]], capacity: float) -> float:
    """Share of the assignments that experts of `capacity` times their fair share would have to drop; none are dropped.

    The mean over layers (Fedus et al. 2021, arXiv:2101.03961).
    """
    return sum(max(0.0, share - capacity / len(layer)) for layer in load for share in layer) / max(1, len(load))
