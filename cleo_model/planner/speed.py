"""How long a step takes: measured pieces on processors, published figures and stated shares of them on GPUs."""

from __future__ import annotations

from cleo_model.planner.machine import Gpus, Machine
from cleo_model.planner.memory import Division
from cleo_model.planner.probe import Probe
from cleo_model.planner.shape import Shape
from cleo_model.planner.work import token_work

OF_PEAK = {"dense": 0.40, "mixture": 0.30}
"""Share of a GPU's peak that layers reach in bfloat16: what published runs of such models report, and no better."""
NODE = 8
"""GPUs that share a fast link; ranks of more than one node meet over the network."""
NETWORK = 50e9
"""Bytes a second of a GPU's share of that network, both ways together (400 Gbit/s)."""
HOST_UPDATES = 4e8
"""Values a second that the host's cores update for one GPU."""
HOST_EXCHANGE = 2e9
"""Bytes a second between ranks on the cores of one machine."""
COPIES = 4
"""How often DeepSpeed passes over the values of a step beside the optimizer: flatten, norm, clip, write back."""


def step_seconds(
    shape: Shape, division: Division, machine: Machine, measured: Probe | None, length: int, tokens: int, micro: int
) -> float:
    """Seconds of one step.

    Args:
        measured: of this machine; None for GPUs.
        tokens: of the step, over all ranks.
        micro: how many micro batches each rank makes of its share.
    """
    trained = shape.trained(division.trained_layers)
    each = tokens / division.ranks
    if isinstance(machine, Gpus):
        share = OF_PEAK["mixture" if any(shape.sparse) else "dense"]
        computing = each * token_work(shape, length, division.trained_layers) / (machine.tflops * 1e12 * share)
        link = machine.link if division.ranks <= NODE else min(machine.link, NETWORK)
        updating = 0.0
        if division.offload:
            moved = 2.0 * division.value * trained / division.ranks
            updating = moved / machine.host_link + trained / division.ranks / HOST_UPDATES
    else:
        if measured is None:
            raise ValueError("processors are planned for by a probe")
        computing, link = each * _measured(shape, measured, division.trained_layers), HOST_EXCHANGE
        updating = trained / division.ranks * measured.update
        if division.stage:
            updating *= 1 + COPIES * 4 / 28  # the optimizer itself moves 28 bytes of a value: seven of four
    return max(computing, _exchanged(shape, division, trained, micro) / link) + updating


def _measured(shape: Shape, measured: Probe, trained_layers: int | None) -> float:
    """Seconds of a token by the probe; a layer that is not trained costs its forward pass, a third."""
    first = 0 if trained_layers is None else max(0, shape.layers - trained_layers)
    kinds = ((measured.sparse if sparse else measured.dense) for sparse in shape.sparse)
    layers = sum(seconds if number >= first else seconds / 3 for number, seconds in enumerate(kinds))
    return layers + measured.head * (1.0 if trained_layers is None else 0.5)


def _exchanged(shape: Shape, division: Division, trained: int, micro: int) -> float:
    """Bytes that a rank sends in a step."""
    if division.ranks == 1:
        return 0.0
    share = (division.ranks - 1) / division.ranks * division.value
    if division.stage == 3:  # gathered for the forward and for the backward pass; gradients scattered
        return micro * share * (2 * shape.parameters + trained)
    return share * trained * (1 + (micro if division.stage == 2 else 1))
