"""Where tokens went: for each token and layer the chosen experts, their weights, and how sure the router was."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Self

from pydantic import BaseModel, ConfigDict

NO_EXPERT = -1
"""Stands where a token of top-p routing asked fewer experts than another."""
_CLASSES = (
    ("special", re.compile(r"<\|?[^<>\s]+\|?>|\[[A-Z]+\]")),
    ("space", re.compile(r"\s+")),
    ("number", re.compile(r"\s*[+-]?\d[\d.,]*")),
    ("word start", re.compile(r"\s+[^\W\d_].*", re.DOTALL)),
    ("word part", re.compile(r"[^\W\d_].*", re.DOTALL)),
)


def token_class(text: str) -> str:
    """What kind of token this text is: special, space, number, word start, word part or punctuation."""
    return next((name for name, form in _CLASSES if form.fullmatch(text)), "punctuation")


class RoutingTrace(BaseModel):
    """The routing of some tokens, in their order. All lists by token have the same length."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = 1
    num_experts: int
    layers: list[int]
    """Places in the model of the layers that have a router."""
    tokens: list[str] = []
    """Text of each token, with the space before it."""
    domains: list[str] = []
    """By token, what its text is about, or its source; empty where it is not known."""
    experts: list[list[list[int]]] = []
    """``[token][layer][k]``, the likeliest first; -1 where fewer were asked."""
    weights: list[list[list[float]]] = []
    """``[token][layer][k]``, of the experts' outputs."""
    entropy: list[list[float]] = []
    """``[token][layer]``, of the router in nats; log(num_experts) is undecided."""

    def __len__(self) -> int:
        return len(self.tokens)

    @classmethod
    def joined(cls, parts: Iterable[Self]) -> Self:
        """One trace of several of the same model, in their order.

        Raises:
            ValueError: there is none, or they are of different models.
        """
        first, *rest = parts
        if any((each.num_experts, each.layers) != (first.num_experts, first.layers) for each in rest):
            raise ValueError("Traces of different models cannot be joined.")
        by_token = ("tokens", "domains", "experts", "weights", "entropy")
        lists = {name: [row for each in (first, *rest) for row in getattr(each, name)] for name in by_token}
        return first.model_copy(update=lists)
