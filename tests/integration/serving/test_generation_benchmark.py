"""The benchmark of generation runs on any model folder, and its figures have their names."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.__main__ import main

pytestmark = pytest.mark.integration


def test_every_engine_and_generate_are_measured_on_the_same_weights(model_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "figures.json"
    assert main(["generation", "--data", str(model_folder), "--quick", "--json", str(out)]) == 0
    told = json.loads(out.read_text())
    measured = {"tokens_per_s_single", "tokens_per_cpu_s_single", "tokens_per_s_8", "tokens_per_cpu_s_8"}
    measured |= {"load_s", "peak_mb"}
    ratios = {"default_over_generate_single", "default_over_generate_8", "second_turn_first_token_over_cold"}
    assert told["figures"].keys() >= measured | ratios | {"cold_first_token_s", "api_peak_mb"}
    assert told["against"].keys() == {"transformers", "generate"}
    assert all(told["against"][name].keys() >= measured for name in told["against"])
    assert all(value > 0 for value in told["figures"].values())


def test_a_folder_that_is_none_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["generation", "--data", str(tmp_path / "none")]) == 2
    assert "takes a model folder" in capsys.readouterr().err
