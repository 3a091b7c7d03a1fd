"""The chain's GGUF: compared with the model it was made of, and only kept where it is that model still."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cleo_core.progress import silent
from cleo_core.stage.execution import StageResult
from cleo_model.errors import LlamaCppFailed
from cleo_model.gguf import NAME, Precision, write_gguf
from cleo_model.gguf.compare import MARGIN, Reference, compare, interval
from cleo_model.gguf.runner import Task, ask
from cleo_model.gguf.sample import LENGTH, QUESTIONS, draw
from cleo_model.gguf.stage import REPORT, GgufSettings, GgufSummary, make_gguf, same_model

pytestmark = pytest.mark.integration

FEW = GgufSettings(tokens=4 * LENGTH)


@pytest.fixture(scope="session")
def curriculum(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Held-out rows of two domains: one of which all is predicted, one of which a part is."""
    folder = tmp_path_factory.mktemp("heldout")
    random = np.random.default_rng(0)
    for domain, first in (("prose", 0), ("conversation", 150)):
        targets = np.zeros((6, 200), dtype=np.bool_)
        targets[:, first:190] = True
        np.save(folder / f"heldout.{domain}.tokens.npy", random.integers(3, 4096, (6, 200), dtype=np.uint16))
        np.save(folder / f"heldout.{domain}.targets.npy", targets)
    return folder


@pytest.fixture(scope="session")
def trained(made: Callable[..., Path]) -> Path:
    """A mixture with weights of the size that training gives them."""
    return made("Mixtral", "bfloat16", num_local_experts=4, sliding_window=None, initializer_range=0.02)


@pytest.fixture(scope="session")
def uneven(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same function with one weight of each 32 a thousand times as large, and its input as much smaller."""
    from safetensors.torch import load_file, save_file

    folder = tmp_path_factory.mktemp("uneven") / "model"
    shutil.copytree(trained, folder)
    tensors = load_file(folder / "model.safetensors")
    for name, tensor in tensors.items():
        if name.endswith("norm.weight") and not name.startswith("model.norm"):
            tensor[::32] /= 1024
        elif any(part in name for part in ("q_proj", "k_proj", "v_proj", "gate.weight", ".w1.", ".w3.")):
            tensor[:, ::32] *= 1024
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def outcome(folder: Path, summary: GgufSummary) -> tuple[bool, bool]:
    judged = same_model(StageResult("gguf", folder, "", "", summary.model_dump(mode="json")), {})
    assert {type(value) for value in judged.figures.values()} <= {str, int, float}, "what Dagster can store"
    return judged.passed, judged.warns


def test_the_chain_takes_q8_0_where_it_is_the_same_model(trained: Path, curriculum: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    summary = make_gguf(trained, curriculum, FEW, out, silent)
    assert summary.precision is Precision.Q8_0
    assert summary.bytes == (out / NAME).stat().st_size
    (found,) = summary.comparisons
    assert found.same
    assert found.targets > 300
    assert found.difference.low < found.difference.mean < found.difference.high < MARGIN
    assert 7 < found.loss < 10, "of a model that knows nothing: about ln 4096"
    assert found.greedy_tokens == 16 * len(QUESTIONS)
    assert GgufSummary.model_validate_json((out / REPORT).read_text()) == summary
    assert "q8_0" in summary.markdown["GGUF beside safetensors"]
    assert outcome(out, summary) == (True, True)


def test_a_model_that_q8_0_damages_is_kept_as_bf16(uneven: Path, curriculum: Path, tmp_path: Path) -> None:
    summary = make_gguf(uneven, curriculum, FEW, tmp_path, silent)
    assert summary.precision is Precision.BF16, summary.reason
    damaged, kept = summary.comparisons
    assert damaged.precision is Precision.Q8_0
    assert "q8_0 is another model: " in damaged.sentence
    assert kept.same
    assert summary.bytes == kept.bytes > damaged.bytes


def test_the_file_of_another_model_is_told_from_the_right_one(
    trained: Path, made: Callable[..., Path], curriculum: Path, tmp_path: Path
) -> None:
    other = made("Mixtral", "bfloat16", seed=1, num_local_experts=4, sliding_window=None, initializer_range=0.02)
    written = write_gguf(other, tmp_path / NAME, Precision.F32)
    sample = draw(trained, curriculum, FEW.tokens)
    assert compare(written, Reference(other, sample)).same
    found = compare(written, Reference(trained, sample))
    assert found.greedy_equal < found.greedy_tokens
    assert len(found.problems) == 2
    assert not found.same


def test_a_model_that_no_gguf_can_hold_goes_on_without_one_and_says_why(
    made: Callable[..., Path], curriculum: Path, tmp_path: Path
) -> None:
    biased = made("Llama", attention_bias=True)
    summary = make_gguf(biased, curriculum, FEW, tmp_path, silent)
    assert summary.precision is None
    assert "biases in attention" in summary.reason
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(("model", "gguf"))] == [REPORT]
    assert outcome(tmp_path, summary) == (False, True), "a warning: it stops nothing"


def test_a_chain_that_is_told_so_makes_none(trained: Path, curriculum: Path, tmp_path: Path) -> None:
    summary = make_gguf(trained, curriculum, FEW.model_copy(update={"wanted": "none"}), tmp_path, silent)
    assert summary.precision is None
    assert not (tmp_path / NAME).exists()


def test_rows_that_do_not_fill_the_blocks_of_q8_0_are_kept_as_bf16(
    made: Callable[..., Path], curriculum: Path, tmp_path: Path
) -> None:
    narrow = made("Llama", "bfloat16", hidden_size=80, num_attention_heads=2, head_dim=40, initializer_range=0.02)
    summary = make_gguf(narrow, curriculum, FEW, tmp_path, silent)
    assert summary.precision is Precision.BF16, summary.reason


def test_a_crash_of_llama_cpp_is_an_error_that_says_so(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write_gguf(trained, tmp_path / NAME, Precision.F32).file
    task = Task(file=file, prompts=[[1, 5]], new_tokens=2)
    assert len(ask(task).continuations[0]) == 2
    crash = tmp_path / "crash"
    crash.write_text("#!/bin/sh\necho 'Illegal instruction' >&2\nkill -ILL $$\n")
    crash.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(crash))
    with pytest.raises(
        LlamaCppFailed, match=r"signal SIGILL on model\.gguf: Illegal instruction.*CLEO_MODEL_GGUF=none"
    ):
        ask(task)


def test_the_sample_is_spread_over_the_domains_and_holds_targets(trained: Path, curriculum: Path) -> None:
    sample = draw(trained, curriculum, 6 * LENGTH)
    assert len(sample.rows) == 6
    assert all(len(row) == len(marks) <= LENGTH for row, marks in zip(sample.rows, sample.targets, strict=True))
    assert all(any(marks[1:]) for marks in sample.targets)
    nothing = draw(trained, curriculum / os.devnull, 100)
    assert nothing.rows, "where nothing is held out, texts stand for it"


def test_the_interval_is_wider_where_neighbours_go_together() -> None:
    random = np.random.default_rng(1)
    alone = random.normal(0, 0.1, 640)
    together = np.repeat(random.normal(0, 0.1, 40), 16)
    assert abs(interval(alone).high - interval(alone).mean - 1.96 * 0.1 / 640**0.5) < 0.002
    assert interval(together).high - interval(together).mean > 2 * (interval(alone).high - interval(alone).mean)
    assert interval(alone[:5]).high == float("inf"), "too few to say anything"
