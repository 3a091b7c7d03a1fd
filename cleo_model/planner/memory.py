"""The memory of one rank, by part, in bytes: what ZeRO divides (Rajbhandari et al. 2019, arXiv:1910.02054)."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel

from cleo_model.planner.shape import Shape
from cleo_model.training.step import BUCKET, LOGITS

RUNTIME = {"cpu": 0.72e9, "cuda": 1.6e9}
"""What a process holds without a model: libraries, and on a GPU the CUDA context and the workspaces of its kernels."""
SPARE = {"cpu": 0.06, "cuda": 0.05}
"""Share that an allocator keeps and cannot use."""


@dataclass(frozen=True, kw_only=True)
class Division:
    """How the state of a run lies over ranks."""

    device: str
    """cpu or cuda."""
    ranks: int = 1
    stage: int = 1
    """Of ZeRO; 0 is the plain loop, which keeps everything in float32."""
    offload: bool = False
    """Whether the optimizer's state lies in the memory of the host."""
    half: bool = True
    """Whether weights and activations are bfloat16; else float32."""
    trained_layers: int | None = None
    """The last so many; None: all."""
    checkpointing: bool = False
    """Whether only the input of each layer is kept, and the rest computed again."""

    @property
    def value(self) -> int:
        """Bytes of a weight, a gradient or an activation."""
        return 2 if self.half else 4


class Memory(BaseModel):
    """Bytes of one rank."""

    weights: float
    gradients: float
    optimizer: float
    activations: float
    """What the forward pass keeps for the backward one."""
    workspace: float
    """Gathered layers, buffers of the exchange, logits, and the process itself."""
    host: float = 0.0
    """In the memory of the machine, for each rank whose optimizer is offloaded."""

    @property
    def total(self) -> float:
        return self.weights + self.gradients + self.optimizer + self.activations + self.workspace


def memory_of(shape: Shape, division: Division, rows: int, length: int) -> Memory:
    """What one rank needs to train `rows` rows of `length` tokens at once."""
    value, ranks = division.value, division.ranks
    trained, tokens = shape.trained(division.trained_layers), rows * length
    if division.stage == 0:
        # Under autocast the layers' weights are cast anew in each forward.
        weights, gradients, optimizer = 4.0 * shape.parameters, 4.0 * trained, 8.0 * trained
        copies = 2.0 * shape.parameters if division.half else 0.0
    else:
        weights = value * shape.parameters / (ranks if division.stage == 3 else 1)
        gradients = value * trained / (ranks if division.stage >= 2 else 1)
        # The weights in float32 and two moments; the gradient in float32 is there during the step alone.
        optimizer, copies = 12.0 * trained / ranks, 4.0 * trained / ranks
    exchange = 2.0 * value * BUCKET if ranks > 1 else 0.0
    gathered = 2.0 * value * shape.largest_layer if division.stage == 3 else 0.0
    logits = (2.0 * value + 8.0) * LOGITS * shape.vocabulary
    kept = kept_by_forward(shape, tokens, value, division.trained_layers, checkpointing=division.checkpointing)
    passing = 3.0 * value * tokens * max(shape.dense_width, 2 * shape.top_k * shape.expert_width)
    host = 0.0
    if division.offload:
        host, optimizer, copies = optimizer + copies, 0.0, 0.0
    parts = weights + gradients + optimizer + kept + copies + exchange + gathered + logits + passing
    spare = SPARE[division.device] * parts
    workspace = RUNTIME[division.device] + copies + exchange + gathered + logits + passing + spare
    return Memory(
        weights=weights, gradients=gradients, optimizer=optimizer, activations=kept, workspace=workspace, host=host
    )


def kept_by_forward(
    shape: Shape, tokens: int, value: int, trained_layers: int | None = None, *, checkpointing: bool = False
) -> float:
    """Bytes that autograd keeps of the forward pass of transformers' layers, with fused attention."""
    first = 0 if trained_layers is None else max(0, shape.layers - trained_layers)
    queries, keys = shape.heads * shape.head_size, shape.kv_heads * shape.head_size
    # A norm keeps its input in float32, the normalised input and its result.
    norm = (4 + 2 * value) * shape.hidden
    attention = value * (2 * queries + 2 * keys) + 4 * shape.heads
    if shape.head_norms:
        attention += (4 + value) * (queries + keys)
    dense = 4 * value * shape.dense_width
    sparse = shape.top_k * value * (2 * shape.hidden + 4 * shape.expert_width) + 8 * shape.experts
    if shape.shared_width:
        sparse += value * (4 * shape.shared_width + 2 * shape.hidden)
    mlps = sum(sparse if shape.sparse[each] else dense for each in range(first, shape.layers))
    layers = float((shape.layers - first) * (2 * norm + attention) + mlps)
    if checkpointing:
        # The input of each layer, and one layer that is computed again.
        layers = (shape.layers - first) * value * shape.hidden + layers / max(1, shape.layers - first)
    # The last norm, and the states of the targets that the logits are computed from.
    return float(tokens * (layers + norm + 2 * value * shape.hidden))
