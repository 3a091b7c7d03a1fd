"""The arithmetic of one token, in floating point operations: what a step costs, whatever the machine."""

from __future__ import annotations

from cleo_model.planner.shape import Shape


def layer_work(shape: Shape, number: int, length: int) -> float:
    """Operations of one token in the forward pass of a layer, in rows of `length` tokens."""
    seen = min(length, shape.window or length) / 2
    attention = 4 * seen * shape.heads * shape.head_size
    return 2.0 * (shape.layer(number, experts=shape.top_k) - 2 * shape.hidden) + attention


def token_work(shape: Shape, length: int, trained_layers: int | None = None) -> float:
    """Operations of one token in training: forward, backward, and the logits, which are computed twice.

    A layer that is not trained, below those that are, is computed forward alone.
    """
    first = 0 if trained_layers is None else max(0, shape.layers - trained_layers)
    layers = sum(layer_work(shape, each, length) * (3 if each >= first else 1) for each in range(shape.layers))
    return layers + 2.0 * shape.embedding * (4 if trained_layers is None else 2)


def useful_work(shape: Shape, length: int) -> float:
    """The same without what is computed twice: the measure of model FLOPs utilisation (Chowdhery et al. 2022)."""
    layers = sum(layer_work(shape, each, length) for each in range(shape.layers))
    return 3 * (layers + 2.0 * shape.embedding)
