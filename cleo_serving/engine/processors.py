"""Sampling parameters that transformers' continuous batching does not have per request: penalties, min_p, seed.

Each processor sees one row of scores per request of the batch, and the state of each request beside it. Penalties
count what the reply said, not its prompt: a fact of the notes must not be held against the answer.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import torch
from transformers.generation.continuous_batching.cb_logits_processors import ContinuousBatchingLogitsProcessor

WINDOW = 256
"""Tokens at the end of a reply that the penalties count."""


class _OfRequests(ContinuousBatchingLogitsProcessor):
    """A processor that reads its parameters from the requests themselves, not from the batch's tensor of numbers."""

    def __init__(self, **parameters: type) -> None:
        self.supported_kwargs = parameters
        self.ignored_kwargs = ()
        self._requests: list[Any] = []

    def fill_defaults(self, int32_tensor: torch.Tensor) -> None:
        int32_tensor.zero_()

    def prepare_tensor_args(self, requests_with_new_token: list[Any]) -> torch.Tensor:
        self._requests = [request.state for request in requests_with_new_token]
        return torch.zeros(len(self._requests), dtype=torch.int32)

    def rows(self, scores: torch.Tensor) -> list[tuple[torch.Tensor, Any]]:
        """(scores [vocabulary], state) of each request."""
        # Rows after the last request are room of the batch that is not in use.
        return [(scores[row], state) for row, state in enumerate(self._requests[: scores.size(0)])]


class Penalties(_OfRequests):
    def __init__(self) -> None:
        super().__init__(repetition_penalty=float, presence_penalty=float, frequency_penalty=float)

    def __call__(self, scores: torch.Tensor, tensor_arg: torch.Tensor) -> torch.Tensor:
        for row, state in self.rows(scores):
            given = state.logit_processor_kwargs
            repetition = given.get("repetition_penalty", 1.0)
            presence, frequency = given.get("presence_penalty", 0.0), given.get("frequency_penalty", 0.0)
            said = Counter(state.generated_tokens[-WINDOW:])
            if not said or (repetition, presence, frequency) == (1.0, 0.0, 0.0):
                continue
            ids = torch.tensor(list(said), device=row.device)
            times = torch.tensor(list(said.values()), device=row.device, dtype=row.dtype)
            values = row[ids]
            values = torch.where(values > 0, values / repetition, values * repetition)
            row[ids] = values - presence - frequency * times
        return scores


class Choice(_OfRequests):
    """After temperature, top_k and top_p: min_p, and for a seed the choice itself."""

    def __init__(self) -> None:
        super().__init__(min_p=float, seed=int)

    def __call__(self, scores: torch.Tensor, tensor_arg: torch.Tensor) -> torch.Tensor:
        for row, state in self.rows(scores):
            given = state.logit_processor_kwargs
            if least := given.get("min_p", 0.0):
                chances = row.softmax(-1)
                row.masked_fill_(chances < least * chances.max(), float("-inf"))
            if (seed := given.get("seed", -1)) >= 0:
                # By the token's number, so that a reply that moves in the batch stays the same.
                source = torch.Generator(device=row.device).manual_seed(seed + len(state.generated_tokens))
                chosen = torch.multinomial(row.softmax(-1), 1, generator=source)
                row.fill_(float("-inf"))
                row[chosen] = 0.0
        return scores
