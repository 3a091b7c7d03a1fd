"""Trainers as the chain runs them: processes of their own under DeepSpeed ZeRO, killed and started again."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cleo_model.training.lock import LOCK

from .conftest import Setup, session_of, start, wait_for

pytestmark = pytest.mark.integration


def finish(argv: list[str]) -> None:
    process = start(argv)
    _, said = process.communicate(timeout=300)
    assert process.returncode == 0, said[-2000:]


def report(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / "report.json").read_text())
    return found


def step(out: Path) -> int:
    cursor = out / "state" / "cursor.json"
    return int(json.loads(cursor.read_text())["step"]) if cursor.is_file() else 0


@pytest.fixture(scope="module")
def whole(one_rank: Setup, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first phase, trained without interruption."""
    out = tmp_path_factory.mktemp("whole")
    finish(one_rank.argv(out))
    return out


def test_a_phase_leaves_a_model_a_state_a_report_and_plots(whole: Path) -> None:
    found = report(whole)
    assert math.isfinite(found["train_loss"])
    assert found["steps"] == 4
    assert found["loss_after"].keys() == {"prose", "documentation", "conversation"}
    assert found["loss_at_start"] == found["loss_before"]
    assert found["loss_after"]["prose"] < found["loss_before"]["prose"]
    assert len(found["expert_load"]) == 6
    assert {"loss.png", "experts.png", "report.json", "model", "state"} <= {path.name for path in whole.iterdir()}
    assert not (whole / LOCK).exists()


def test_the_model_loads_in_stock_transformers_and_answers(whole: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(whole / "model")
    model = AutoModelForCausalLM.from_pretrained(whole / "model")
    assert type(model).__name__ == "MixtralForCausalLM"
    asked = tokenizer.apply_chat_template(
        [{"role": "user", "content": "And 7?"}], add_generation_prompt=True, return_tensors="pt"
    )
    assert model.generate(**asked, max_new_tokens=3).shape[1] > asked["input_ids"].shape[1]


def test_a_zero_checkpoint_becomes_the_same_model_with_difference_zero(
    whole: Path, one_rank: Setup, tmp_path: Path
) -> None:
    """DeepSpeed's own tool reads it; fp32 master weights are rounded as the trainer rounds them, frozen ones stay."""
    import torch
    from deepspeed.utils.zero_to_fp32 import get_fp32_state_dict_from_zero_checkpoint
    from transformers import AutoModelForCausalLM

    from cleo_model.training.checkpoint import read_cursor
    from cleo_model.weights import read_tensors, save_model

    cursor = read_cursor(whole / "state")
    assert cursor is not None
    state = get_fp32_state_dict_from_zero_checkpoint(
        str(whole / "state"), tag=cursor.tag, exclude_frozen_parameters=True
    )
    layout = AutoModelForCausalLM.from_pretrained(one_rank.moe, dtype=torch.bfloat16, use_safetensors=True)
    rounded = {name: tensor.to(torch.bfloat16) for name, tensor in state.items()}
    save_model(layout, tmp_path, dict(layout.state_dict()) | rounded)
    exported, trained, start_ = (read_tensors(folder) for folder in (tmp_path, whole / "model", one_rank.moe))
    assert exported.keys() == trained.keys() == start_.keys()
    assert max(float((exported[name].float() - trained[name].float()).abs().max()) for name in trained) == 0.0
    assert any(not trained[name].equal(start_[name]) for name in trained)


def test_a_run_that_is_killed_goes_on_bit_for_bit_and_a_second_trainer_is_refused_meanwhile(
    whole: Path, one_rank: Setup, tmp_path: Path, launched: list[subprocess.Popen[str]]
) -> None:
    argv = one_rank.argv(tmp_path)
    first = start(argv)
    launched.append(first)
    wait_for(lambda: step(tmp_path) >= 1 or first.poll() is not None, "a checkpoint")
    ranks = [process for process in session_of(first.pid) if process.pid != first.pid]
    assert ranks

    second = start(argv)
    launched.append(second)
    _, said = second.communicate(timeout=120)
    assert second.returncode == 4
    assert f"pid {first.pid}" in said

    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    wait_for(lambda: not session_of(first.pid), "the end of the killed launcher's ranks", 20)
    assert step(tmp_path) < 4

    finish(argv)
    assert [line["loss"] for line in report(tmp_path)["history"]] == [line["loss"] for line in report(whole)["history"]]
    one, two = (folder / "model" / "model.safetensors" for folder in (whole, tmp_path))
    assert one.read_bytes() == two.read_bytes()


def test_the_next_phase_goes_on_with_the_optimizer_and_the_first_loss(
    whole: Path, one_rank: Setup, tmp_path: Path
) -> None:
    finish(one_rank.argv(tmp_path, "specialized", whole))
    before, after = report(whole), report(tmp_path)
    assert after["loss_at_start"] == before["loss_at_start"]
    assert after["loss_before"] == before["loss_after"]
    # The schedule goes on: no second warm-up, and the moments of Adam are there.
    assert after["history"][0]["rate"] >= before["history"][-1]["rate"]


def test_two_ranks_train_as_one_does_and_sigterm_ends_both(
    prepare: Callable[[int], Setup], whole: Path, tmp_path: Path, launched: list[subprocess.Popen[str]]
) -> None:
    setup = prepare(2)
    process = start(setup.argv(tmp_path))
    launched.append(process)
    wait_for(lambda: step(tmp_path) >= 1 or process.poll() is not None, "a checkpoint of two ranks")
    assert (
        len([each for each in session_of(process.pid) if "cleo_model.training.rank" in " ".join(each.cmdline())]) >= 2
    )
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 128 + signal.SIGTERM
    assert not session_of(process.pid)

    finish(setup.argv(tmp_path))
    alone, together = report(whole), report(tmp_path)
    assert together["ranks"] == 2
    for one, two in zip(alone["history"], together["history"], strict=True):
        assert two["loss"] == pytest.approx(one["loss"], rel=2e-2)


def test_a_rank_that_fails_ends_the_run_in_one_line(one_rank: Setup, tmp_path: Path) -> None:
    argv = one_rank.argv(tmp_path)
    argv[argv.index("--model-in") + 1] = str(tmp_path / "nowhere")
    process = start(argv)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 2
    assert [line for line in said.splitlines() if line.startswith("Error [")]
    assert "Traceback" not in said
    assert not session_of(process.pid)
