from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

# Tests are imported one by one (importmode=importlib), so what they share is found from the root of the repository.
if (root := str(Path(__file__).parents[3])) not in sys.path:
    sys.path.insert(0, root)

from cleo_core import registry
from cleo_core.registry import tracking
from tests.security.serving.signed_models import register
from tests.serving_fixtures import (
    api,
    api_home,
    api_settings,
    edit_config,
    make_model,
    model_folder,
    safetensors_folder,
    shared_api,
)
from tests.serving_server import at_home
from tests.trust_bundles import Registered, make_keys

__all__ = [
    "api",
    "api_home",
    "api_settings",
    "edit_config",
    "make_model",
    "model_folder",
    "safetensors_folder",
    "shared_api",
]


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MLflow takes seconds to make its tables, so they are made once and copied."""
    place = tmp_path_factory.mktemp("store")
    with at_home(place), tracking() as mlflow:
        assert not mlflow.search_registered_models()
    return place / "mlflow" / "mlflow.db"


@pytest.fixture
def store(home: Path, empty_store: Path) -> Path:
    make_keys()
    (home / "mlflow").mkdir(mode=0o700)
    shutil.copy(empty_store, home / "mlflow" / "mlflow.db")
    return home


@pytest.fixture
def champion(store: Path, tmp_path: Path, model_folder: Path) -> Registered:
    made = register(tmp_path, model_folder)
    made.decide()
    registry.promote(made.version)
    return made
