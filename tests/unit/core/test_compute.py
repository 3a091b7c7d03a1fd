"""The one rule for the dtype that training, evaluation and serving compute in."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest
import torch

from cleo_core.compute import compute_dtype

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("capability", "avx512_bf16", "amx", "expected"),
    [
        ("AVX512", True, False, torch.bfloat16),
        ("AVX512_VNNI", False, True, torch.bfloat16),
        ("AVX512", False, False, torch.float32),  # the first AVX-512 processors have no bfloat16 instructions
        ("AVX2", False, False, torch.float32),
        ("AVX2", True, True, torch.float32),  # ATEN_CPU_CAPABILITY=avx2 on a newer processor
        ("DEFAULT", False, False, torch.float32),
    ],
)
def test_a_processor_without_bfloat16_kernels_computes_in_float32(
    capability: str, avx512_bf16: bool, amx: bool, expected: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: avx512_bf16)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx)
    assert compute_dtype("cpu") == expected
    assert compute_dtype("cuda") == torch.bfloat16
    assert compute_dtype("cpu", "float32") == torch.float32
    assert compute_dtype("cpu", "bfloat16") == torch.bfloat16


def test_a_newer_processor_can_answer_as_an_older_one() -> None:
    code = "from cleo_core.compute import compute_dtype; print(compute_dtype())"
    asked = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "ATEN_CPU_CAPABILITY": "default"},
        capture_output=True,
        text=True,
        check=True,
    )
    x86 = platform.machine() in ("x86_64", "AMD64")  # elsewhere the variable says nothing
    assert asked.stdout.strip() == ("torch.float32" if x86 else str(compute_dtype()))
