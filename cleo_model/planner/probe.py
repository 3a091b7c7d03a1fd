"""How fast this machine trains a shape: a few of its pieces are run for a moment and timed.

A whole model need not fit. Of each kind of layer one is built with random weights and run forward and backward over
the tokens of a micro batch; the logits' products, the optimizer and the copies to its master weights are timed by the
value. The peak of a matrix product is measured beside them, so that a speed can be read as a share of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

from cleo_model.planner.shape import Shape
from cleo_model.training.step import LOGITS

WIDEST = 4096
"""Tokens of a probed micro batch, at most: beyond it the time grows with the tokens."""
SAMPLE = 4_000_000
"""Weights that the optimizer is timed on."""
Clock = Callable[[], float]


@dataclass(frozen=True)
class Probe:
    """Seconds of one rank of this machine."""

    dense: float
    """A layer without experts, forward and backward, for each token; 0 where there is none."""
    sparse: float
    """A layer with experts."""
    head: float
    """The logits and their loss, forward and backward, for each token."""
    update: float
    """The optimizer's step, for each value that it holds."""
    flops: float
    """Operations a second of a matrix product."""


def probe(config: Mapping[str, Any], shape: Shape, rows: int, length: int, *, half: bool, clock: Clock) -> Probe:
    """Time the pieces of this shape in micro batches of `rows` rows of `length` tokens, on the threads torch has."""
    import torch

    dtype = torch.bfloat16 if half else torch.float32
    length = min(length, WIDEST)
    rows = max(1, min(rows, WIDEST // length))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return Probe(
            dense=_layer(config, False, rows, length, dtype, clock) if not all(shape.sparse) else 0.0,
            sparse=_layer(config, True, rows, length, dtype, clock) if any(shape.sparse) else 0.0,
            head=_head(shape, dtype, clock),
            update=_update(clock),
            flops=_product(dtype, clock),
        )


def _usual(work: Callable[[], object], clock: Clock, times: int = 3) -> float:
    """Seconds of the middle one of some runs, after one that is not counted: a machine has other work, too."""
    work()
    found = []
    for _ in range(times):
        before = clock()
        work()
        found.append(clock() - before)
    return median(found)


def _layer(config: Mapping[str, Any], sparse: bool, rows: int, length: int, dtype: Any, clock: Clock) -> float:
    import torch
    from transformers import AutoConfig, AutoModel

    one = {**config, "num_hidden_layers": 1, "vocab_size": 256, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0}
    one |= {"layer_types": None} if "layer_types" in one else {}
    if "decoder_sparse_step" in one or config.get("model_type") in ("qwen2_moe", "qwen3_moe"):
        one |= {"decoder_sparse_step": 1, "mlp_only_layers": [] if sparse else [0]}
    known: Any = AutoConfig.for_model(**one)
    options = {"experts_implementation": "grouped_mm"} if sparse else {}
    made: Any = AutoModel
    model = made.from_config(known, dtype=dtype, attn_implementation="sdpa", **options).train()
    tokens = torch.randint(3, 256, (rows, length))

    def step() -> None:
        hidden = model(tokens, use_cache=False).last_hidden_state
        hidden.backward(hidden.detach())

    return _usual(step, clock) / (rows * length)


def _head(shape: Shape, dtype: Any, clock: Clock) -> float:
    import torch
    import torch.nn.functional as F
    from torch.utils.checkpoint import checkpoint

    weight = torch.randn(shape.vocabulary, shape.hidden, dtype=dtype, requires_grad=True)
    states = torch.randn(LOGITS, shape.hidden, dtype=dtype, requires_grad=True)
    labels = torch.randint(0, shape.vocabulary, (LOGITS,))

    def piece(hidden: Any) -> Any:
        return F.cross_entropy((hidden @ weight.T).float(), labels, reduction="sum")

    return _usual(lambda: checkpoint(piece, states, use_reentrant=False).backward(), clock) / LOGITS


def _update(clock: Clock) -> float:
    import torch

    values = torch.nn.Parameter(torch.randn(SAMPLE))
    values.grad = torch.randn(SAMPLE)
    # As DeepSpeed's own for processors, which would have to be compiled first.
    optimizer = torch.optim.AdamW([values], fused=True)
    return _usual(optimizer.step, clock) / SAMPLE


def _product(dtype: Any, clock: Clock) -> float:
    import torch

    a, b = torch.randn(1024, 1024, dtype=dtype), torch.randn(1024, 1024, dtype=dtype)
    return 2 * 1024**3 / _usual(lambda: a @ b, clock)
