"""What a machine computes on and in: one rule for the device and the dtype of training, evaluation and serving."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import torch

DtypeChoice = Literal["auto", "bfloat16", "float32"]


def device_kind() -> str:
    """cuda where there is a GPU that torch can use, else cpu."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def kernels() -> str:
    """The instruction set that torch's CPU kernels use, such as AVX2: it moves the last digits of a result."""
    import torch

    return str(torch.backends.cpu.get_cpu_capability())


def has_bfloat16_kernels() -> bool:
    """Whether this processor has instructions for bfloat16 that torch uses (AVX-512 BF16, AMX, Arm BF16).

    Without them torch computes bfloat16 in plain loops: a matrix product took 25 times as long as in float32 on an
    AVX2-only EPYC. `ATEN_CPU_CAPABILITY=avx2` lets a newer processor answer as an older one.
    """
    import torch

    capability = torch.backends.cpu.get_cpu_capability()
    if platform.machine() in ("x86_64", "AMD64"):
        instructions = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
        return capability.startswith("AVX512") and bool(instructions)
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def compute_dtype(device: str = "cpu", wanted: DtypeChoice = "auto") -> torch.dtype:
    """The dtype to compute in on a kind of device ("cpu", "cuda").

    "auto" is bfloat16 on an accelerator and on a processor that has kernels for it, float32 elsewhere.
    """
    import torch

    if wanted != "auto":
        return torch.bfloat16 if wanted == "bfloat16" else torch.float32
    return torch.bfloat16 if device != "cpu" or has_bfloat16_kernels() else torch.float32
