"""`cleo export`: a model folder becomes a file that llama.cpp runs; what cannot is refused with the way out."""

from __future__ import annotations

import shutil
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cleo_core.errors import CleoError, EnvironmentFault, InputError, UnusableModel
from cleo_model.errors import UnsupportedArchitecture
from cleo_model.export_command import export
from cleo_model.gguf.runner import Task, ask

pytestmark = pytest.mark.integration


def run(*arguments: object) -> Result:
    result = CliRunner().invoke(export, [str(each) for each in arguments])
    if isinstance(result.exception, CleoError):
        raise result.exception
    return result


def test_a_folder_becomes_a_file_that_llama_cpp_runs(mixture: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "model.gguf"
    said = run(mixture, "--gguf", "--out", out)
    assert said.exit_code == 0, said.output
    assert "MB (100 %)" in said.output or "writing GGUF" in said.output
    assert f"{out}: q8_0, " in said.output
    small = out.stat().st_size
    assert len(ask(Task(file=out, prompts=[[1, 9]], new_tokens=3)).continuations[0]) == 3
    assert run(mixture, "--gguf", "--type", "bf16", "--out", out, "--overwrite").exit_code == 0
    assert out.stat().st_size > 1.5 * small


def test_what_cannot_be_exported_is_refused_and_leaves_nothing(
    mixture: Path, made: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "model.gguf"
    assert "Say in which form: --gguf" in run(mixture, "--out", out).output
    assert "is not one of" in run(mixture, "--gguf", "--type", "q4_0", "--out", out).output
    assert "is a directory" in run(mixture, "--gguf", "--out", tmp_path).output
    with pytest.raises(UnsupportedArchitecture, match="biases in attention"):
        run(made("Llama", attention_bias=True), "--gguf", "--out", out)
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(UnusableModel, match=r"no config\.json|no \*\.safetensors"):
        run(empty, "--gguf", "--out", out)
    usage = namedtuple("usage", "total used free")
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda _: usage(10, 9, 1000))
        with pytest.raises(EnvironmentFault, match="0 MB are free"):
            run(mixture, "--gguf", "--out", out)
    assert list(tmp_path.glob("*.gguf*")) == list(tmp_path.glob(".*.draft")) == []
    out.write_text("another file")
    with pytest.raises(InputError, match="is there already") as caught:
        run(mixture, "--gguf", "--out", out)
    assert "--overwrite" in str(caught.value)
    assert out.read_text() == "another file"
