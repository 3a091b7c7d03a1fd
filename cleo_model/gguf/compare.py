"""Is a GGUF still the model that it was made of? Held-out loss, greedy tokens and tokens of text, side by side.

The loss is paired: the same tokens after the same tokens, in transformers from the safetensors and in llama.cpp from
the GGUF (its last hidden states, and the output layer that lies in the file). A greedy token of llama.cpp that
transformers would not have chosen costs what transformers finds its own choice likelier: nearly nothing where two were
as good.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from cleo_model.gguf.quantize import Precision, decode
from cleo_model.gguf.runner import Answer, Task, ask
from cleo_model.gguf.sample import Sample
from cleo_model.gguf.write import Written

MARGIN = 0.02
"""Nats a token, about two per cent of the perplexity: below it a difference is none. In q8_0 the loss of one token
moves by 0.09 (standard deviation) on the default model, in bf16 by 0.013, so 600 tokens tell a mean to within 0.01."""
BLOCK = 16
"""Neighbouring targets that are counted as one in the interval, for their losses hang together."""
Z = 1.96
"""Half the width of a 95 % interval, in standard errors."""
NEW_TOKENS = 16
PIECE = 4096
"""Rows of the output layer that are held in float32 at once."""
Floats = NDArray[np.float64]


class Interval(BaseModel):
    """A mean and its 95 % interval."""

    model_config = ConfigDict(frozen=True, ser_json_inf_nan="constants")

    mean: float
    low: float
    high: float


class Comparison(BaseModel):
    """A GGUF beside the safetensors it was made of; losses in nats a token."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")

    version: int = 1
    precision: Precision
    bytes: int
    margin: float = MARGIN
    targets: int
    loss: float
    """Of the safetensors."""
    gguf_loss: float
    difference: Interval
    """By how much the loss of the GGUF is above it."""
    greedy_tokens: int
    greedy_equal: int
    greedy_cost: float
    """Mean over the greedy tokens, in nats."""
    tokenizer_equal: bool

    @property
    def problems(self) -> list[str]:
        """Why it is not the same model."""
        change, margin = self.difference, self.margin
        # Not `high > margin`: a loss that is not a number compares with nothing.
        loss_holds = -margin <= change.low and change.high <= margin
        found = {
            f"its loss differs by {change.mean:+.4f} [{change.low:+.4f}, {change.high:+.4f}]": not loss_holds,
            f"its greedy tokens cost {self.greedy_cost:.4f} each": not self.greedy_cost <= margin,
            "it says nothing": not self.greedy_tokens,
            "llama.cpp cuts text into other tokens": not self.tokenizer_equal,
        }
        return [problem for problem, holds in found.items() if holds]

    @property
    def same(self) -> bool:
        """There is no difference beyond the margin."""
        return not self.problems

    @property
    def sentence(self) -> str:
        """What came of it, for a person."""
        if self.problems:
            return f"{self.precision} is another model: {'; '.join(self.problems)} (margin {self.margin:g} nats)."
        change = self.difference
        return (
            f"{self.precision} computes the same: loss {change.mean:+.4f} [{change.low:+.4f}, {change.high:+.4f}] nats "
            f"over {self.targets} held-out tokens (margin {self.margin:g}), {self.greedy_equal} of "
            f"{self.greedy_tokens} greedy tokens equal."
        )


class Reference:
    """The safetensors in transformers; loaded when first asked, for the whole of a comparison."""

    def __init__(self, folder: Path, sample: Sample) -> None:
        self.folder = folder
        self.sample = sample

    @cached_property
    def _model(self) -> Any:
        import psutil
        import torch
        from transformers import AutoModelForCausalLM

        size = sum(file.stat().st_size for file in self.folder.glob("*.safetensors"))
        # In float32 the model itself adds nothing to the difference; the largest are compared as they are stored.
        dtype = torch.float32 if 4 * size < psutil.virtual_memory().available else "auto"
        model: Any = AutoModelForCausalLM.from_pretrained(
            self.folder, dtype=dtype, use_safetensors=True, trust_remote_code=False
        )
        return model.eval()

    def _log_probabilities(self, ids: Sequence[int], first: int) -> Any:
        """Of every token after each of the ids from `first` on, ``[len(ids) - first, vocabulary]``."""
        import torch

        with torch.inference_mode():
            logits = self._model(torch.tensor([list(ids)]), use_cache=False).logits[0, first:]
            return torch.log_softmax(logits.float(), dim=-1)

    @cached_property
    def losses(self) -> Floats:
        """Of every target, ``[targets]``."""
        found = []
        for ids, marks in zip(self.sample.rows, self.sample.targets, strict=True):
            after = self._log_probabilities(ids, 0)
            found += [-float(after[at - 1, ids[at]]) for at in range(1, len(ids)) if marks[at]]
        return np.asarray(found, dtype=np.float64)

    def costs(self, continuations: Sequence[Sequence[int]]) -> Floats:
        """By how much the likeliest token is likelier than the one that was chosen, ``[all tokens]``, in nats."""
        found: list[float] = []
        for prompt, after in zip(self.sample.prompts, continuations, strict=True):
            if not after:
                continue
            known = self._log_probabilities([*prompt, *after[:-1]], len(prompt) - 1)
            best = known.max(-1).values
            found += [float(best[at] - known[at, token]) for at, token in enumerate(after)]
        return np.asarray(found, dtype=np.float64)


def compare(written: Written, reference: Reference, margin: float = MARGIN) -> Comparison:
    """Compare a file with the model that it was made of.

    Raises:
        LlamaCppFailed: llama.cpp is not here, crashed, or took too long.
        UnusableModel: it does not read the file.
    """
    sample = reference.sample
    answer = ask(
        Task(file=written.file, rows=sample.rows, prompts=sample.prompts, new_tokens=NEW_TOKENS, texts=sample.texts)
    )
    before, after = reference.losses, gguf_losses(written, answer, sample)
    costs = reference.costs(answer.continuations)
    return Comparison(
        precision=written.precision,
        bytes=written.bytes,
        margin=margin,
        targets=len(before),
        loss=float(before.mean()),
        gguf_loss=float(after.mean()),
        difference=interval(after - before),
        greedy_tokens=len(costs),
        greedy_equal=int((costs == 0).sum()),
        greedy_cost=float(costs.mean()) if len(costs) else math.inf,
        tokenizer_equal=answer.tokens == sample.tokens,
    )


def gguf_losses(written: Written, answer: Answer, sample: Sample) -> Floats:
    """Of every target: the file's own output layer over llama.cpp's hidden states, ``[targets]``."""
    states, wanted = [], []
    for ids, marks, hidden in zip(sample.rows, sample.targets, answer.states, strict=True):
        places = [at for at in range(1, len(ids)) if marks[at]]
        states.append(hidden[[at - 1 for at in places]])
        wanted += [ids[at] for at in places]
    queries, tokens = np.concatenate(states), np.asarray(wanted)
    head, width = written.head, written.precision.row_bytes(written.head.width)
    stored = np.memmap(written.file, np.uint8, "r", head.offset, (head.rows, width))
    total, chosen = np.full(len(tokens), -np.inf), np.zeros(len(tokens))
    for first in range(0, head.rows, PIECE):
        logits = (queries @ decode(stored[first : first + PIECE], written.precision).T).astype(np.float64)
        largest = logits.max(1)
        total = np.logaddexp(total, largest + np.log(np.exp(logits - largest[:, None]).sum(1)))
        here = (tokens >= first) & (tokens < first + PIECE)
        chosen[here] = logits[here, tokens[here] - first]
    losses: Floats = total - chosen
    return losses


def interval(values: Floats) -> Interval:
    """The mean of paired differences with its 95 % interval; neighbours are taken together."""
    mean = float(values.mean())
    sums = np.asarray([(values[first : first + BLOCK] - mean).sum() for first in range(0, len(values), BLOCK)])
    # Few blocks are too sure of themselves without the correction; one says nothing.
    spread = math.sqrt(float((sums**2).sum()) * len(sums) / (len(sums) - 1)) if len(sums) > 1 else math.inf
    half = Z * spread / len(values)
    return Interval(mean=mean, low=mean - half, high=mean + half)
