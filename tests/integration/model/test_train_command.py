"""`cleo train`: without Dagster, on a folder of text; what it refuses, it refuses in one line."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration


@pytest.fixture
def text(tmp_path: Path) -> Path:
    """A folder with two documents and a file of conversations."""
    folder = tmp_path / "text"
    folder.mkdir()
    for name in ("one.txt", "two.md"):
        (folder / name).write_text(f"The handbook {name} says how the press is cleaned before the shift ends. " * 1200)
    asked = [{"role": "user", "content": "Is it clean?"}, {"role": "assistant", "content": "It is clean."}]
    lines = [json.dumps({"messages": [*asked[:1], {**asked[1], "content": f"Yes, press {i}."}]}) for i in range(80)]
    (folder / "chat.jsonl").write_text("\n".join(lines) + "\n")
    return folder


def cleo(*argv: str, command: str = "train") -> subprocess.CompletedProcess[str]:
    argv = (sys.executable, "-c", "from cleo_core.cli import main; main()", command, *argv)
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=500, env=environment)


def test_a_dense_model_trains_on_a_folder_of_text_and_the_second_time_nothing_is_made_again(
    text: Path, tmp_path: Path
) -> None:
    argv = ("--model", "tiny", "--output-dir", str(tmp_path / "out"), "--data", str(text), "--tokens", "6144")
    done = cleo(*argv)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "held-out loss, documentation" in done.stdout
    config = json.loads((tmp_path / "out" / "config.json").read_text())
    assert config["architectures"] == ["LlamaForCausalLM"]
    weights = tmp_path / "out" / "model.safetensors"
    before = weights.read_bytes()
    again = cleo(*argv)
    assert again.returncode == 0, again.stderr[-2000:]
    assert "training" not in again.stderr
    assert weights.read_bytes() == before

    # The folder is what the other commands take, and it stays that of one run.
    asked = cleo("--model", str(tmp_path / "out"), "--input", "Is it clean?", "--max-tokens", "4", command="infer")
    assert asked.returncode == 0, asked.stderr[-2000:]
    other = one_line(cleo(*argv, "--learning-rate", "0.5"))
    assert "optimizer.lr was" in other
    assert weights.read_bytes() == before


def test_a_mixture_of_eight_trains_with_deepspeed_on_conversations_alone(text: Path, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM

    options = ("--use-moe", "--num-experts", "8", "--top-k", "2", "--deepspeed", "--tokens", "6144")
    out = tmp_path / "out"
    done = cleo("--model", "tiny", "--output-dir", str(out), "--data", str(text / "chat.jsonl"), *options)
    assert done.returncode == 0, done.stderr[-2000:]
    model = AutoModelForCausalLM.from_pretrained(out)
    assert type(model).__name__ == "MixtralForCausalLM"
    assert (model.config.num_local_experts, model.config.num_experts_per_tok) == (8, 2)


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    """What it said, after checking that it is an error and no stack."""
    assert done.returncode not in (0, 1)
    assert "Traceback" not in done.stderr
    assert "Error" in done.stderr
    return done.stderr


def test_pickled_weights_are_refused(tiny_base: Path, text: Path, tmp_path: Path) -> None:
    model = tmp_path / "model"
    shutil.copytree(tiny_base, model)
    (model / "model.safetensors").unlink()
    (model / "pytorch_model.bin").write_bytes(pickle.dumps({}))
    said = one_line(cleo("--model", str(model), "--output-dir", str(tmp_path / "out"), "--data", str(text)))
    assert "pickles" in said
    assert not (tmp_path / "out" / "config.json").exists()


def test_an_architecture_that_cannot_be_upcycled_is_named(tiny_base: Path, text: Path, tmp_path: Path) -> None:
    model = tmp_path / "model"
    shutil.copytree(tiny_base, model)
    config = json.loads((model / "config.json").read_text())
    config["hidden_act"] = "gelu"
    (model / "config.json").write_text(json.dumps(config))
    argv = ("--model", str(model), "--output-dir", str(tmp_path / "out"), "--data", str(text), "--use-moe")
    said = one_line(cleo(*argv))
    assert "LlamaForCausalLM cannot become a mixture of experts" in said
    assert "activation gelu" in said


def test_an_id_that_cannot_be_reached_is_one_line(text: Path, tmp_path: Path) -> None:
    said = one_line(cleo("--model", "nobody/nothing", "--output-dir", str(tmp_path / "out"), "--data", str(text)))
    assert "nobody/nothing cannot be reached" in said


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.txt", b"", "no text"),
        ("latin.txt", "caf\xe9 ".encode("latin-1") * 9, "not UTF-8"),
        ("image.png", b"x", "no text"),
    ],
)
def test_a_folder_without_usable_text_is_named(name: str, content: bytes, message: str, tmp_path: Path) -> None:
    folder = tmp_path / "text"
    folder.mkdir()
    (folder / name).write_bytes(content)
    argv = ("--model", "tiny", "--output-dir", str(tmp_path / "out"), "--data", str(folder))
    assert message in one_line(cleo(*argv))


def test_several_ranks_need_deepspeed(tmp_path: Path) -> None:
    done = cleo("--model", "tiny", "--output-dir", str(tmp_path / "out"), "--ranks", "2")
    assert "--deepspeed" in one_line(done)
