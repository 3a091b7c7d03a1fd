"""Fixtures of the tests that talk to a real API."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.serving_server import RunningApi, at_home, write_model


@pytest.fixture(scope="session")
def safetensors_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model as training leaves it: transformers runs it."""
    return write_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same model as a bundle holds it, with a GGUF, in full precision: llama.cpp runs it."""
    return with_gguf(tmp_path_factory.mktemp("models") / "tiny-gguf")


@pytest.fixture(scope="session")
def make_model() -> Callable[..., Path]:
    """Makes further models: with a GGUF, unless another architecture is asked for."""

    def make(folder: Path, architecture: str | None = None, seed: int = 0) -> Path:
        return write_model(folder, architecture, seed) if architecture else with_gguf(folder, seed)

    return make


def with_gguf(folder: Path, seed: int = 0) -> Path:
    from cleo_model.gguf import Precision, write_gguf

    write_model(folder, seed=seed)
    write_gguf(folder, folder / "model.gguf", Precision.F32)
    return folder


@pytest.fixture
def edit_config() -> Callable[..., None]:
    def edit(folder: Path, **changes: Any) -> None:
        path = folder / "config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    return edit


@pytest.fixture(scope="session")
def api_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("api") / "home"


@pytest.fixture(scope="session")
def api_settings(model_folder: Path, api_home: Path) -> Any:
    """Small and wide open, so that tests do not get in each other's way; what limits do has tests of its own."""
    from cleo_serving.settings import EngineSettings, PromptSettings, RateSettings, ServingSettings

    with at_home(api_home):
        return ServingSettings(
            port=0,
            model_folder=model_folder,
            engine=EngineSettings(threads=1, page_size=8, cache_tokens=8192, max_batch_tokens=256, context_tokens=1024),
            prompt=PromptSettings(max_tokens=512),
            rate=RateSettings(cost_per_minute=10**6, failures_per_minute=10**6),
        )


@pytest.fixture(scope="session")
def shared_api(api_settings: Any, api_home: Path) -> Iterator[RunningApi]:
    with at_home(api_home):
        running = RunningApi(api_settings)
        running.__enter__()
    yield running
    with at_home(api_home):
        running.__exit__()


@pytest.fixture
def api(shared_api: RunningApi, api_home: Path, monkeypatch: pytest.MonkeyPatch) -> RunningApi:
    """The API that the tests of a session share; the test lives in its home."""
    monkeypatch.setenv("CLEO_HOME", str(api_home))
    return shared_api
