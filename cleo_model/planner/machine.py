"""What a run is planned for: GPUs by their published figures, or this machine's processors by a short probe."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import psutil

from cleo_core.compute import compute_dtype, device_kind


@dataclass(frozen=True, kw_only=True)
class Gpus:
    """A number of equal GPUs."""

    count: int
    memory: float
    """Bytes of one."""
    tflops: float
    """Of dense bfloat16 products, as the maker states them."""
    link: float
    """Bytes a second to the other GPUs, both ways together."""
    name: str = "GPU"
    host_link: float = 25e9
    """Bytes a second to the memory of the host."""


# By the memory that they are known by, in GB: name, TFLOPS (bfloat16, dense), bytes a second to the others.
CARDS = {
    24: ("RTX 4090", 165.0, 32e9),
    40: ("A100 40 GB", 312.0, 600e9),
    48: ("L40S", 362.0, 64e9),
    80: ("A100 80 GB", 312.0, 600e9),
    96: ("H100 NVL", 835.0, 600e9),
    141: ("H200", 989.0, 900e9),
}


def gpus(count: int, memory_gb: float, tflops: float | None = None) -> Gpus:
    """So many GPUs; the figures that are not given are those of the card known by the memory next to this one."""
    nearest = min(CARDS, key=lambda size: abs(size - memory_gb))
    name, known, link = CARDS[nearest]
    return Gpus(count=count, memory=memory_gb * 1e9, tflops=tflops or known, link=link, name=name)


@dataclass(frozen=True, kw_only=True)
class Processors:
    """This machine's processor cores, divided over ranks."""

    count: int
    """Ranks."""
    memory: float
    """Bytes of one rank's share."""
    half: bool
    """Whether they compute in bfloat16."""

    @property
    def threads(self) -> int:
        """Cores of one rank, as the launcher divides them."""
        return max(1, len(os.sched_getaffinity(0)) // self.count)


OURS = 0.9
"""Share of this machine's memory that a run may take."""
Machine = Gpus | Processors


def this_machine(ranks: int) -> Machine:
    """What training on this machine would run on."""
    if device_kind() == "cuda":
        import torch

        card: Any = torch.cuda.get_device_properties(0)
        return gpus(ranks, card.total_memory / 1e9)
    total = psutil.virtual_memory().total
    return Processors(count=ranks, memory=OURS * total / ranks, half=compute_dtype("cpu").itemsize == 2)


def machine_of(ranks: int, count: int | None, memory_gb: float | None, tflops: float | None) -> Machine:
    """The GPUs that a person names, or this machine with so many ranks."""
    return gpus(count, memory_gb or 80.0, tflops) if count else this_machine(ranks)
