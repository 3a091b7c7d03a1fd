"""Keys, a signed bundle, and an MLflow store for each test: a copy, because MLflow takes seconds to make one."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from cleo_core import registry
from cleo_core.provenance.bundle import sign
from cleo_core.registry.mlflow import tracking
from tests.trust_bundles import Registered, make_bundle, make_keys, register_bundle

__all__ = ["bundle", "champion", "empty_store", "keys", "registered", "store"]


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("store")
    before = os.environ.get("CLEO_HOME")
    os.environ["CLEO_HOME"] = str(place)
    try:
        with tracking() as mlflow:
            assert not mlflow.search_registered_models()
    finally:
        if before is None:
            del os.environ["CLEO_HOME"]
        else:
            os.environ["CLEO_HOME"] = before
    return place / "mlflow" / "mlflow.db"


@pytest.fixture
def keys(home: Path) -> Path:
    make_keys()
    return home


@pytest.fixture
def bundle(keys: Path, tmp_path: Path) -> Path:
    """A bundle that was signed; its signature lies beside it in bundle.sig."""
    folder = make_bundle(tmp_path / "made" / "bundle")
    sign(folder, folder.parent / "bundle.sig")
    return folder


@pytest.fixture
def store(keys: Path, empty_store: Path) -> Path:
    (keys / "mlflow").mkdir(mode=0o700)
    shutil.copy(empty_store, keys / "mlflow" / "mlflow.db")
    return keys


@pytest.fixture
def registered(store: Path, tmp_path: Path) -> Registered:
    """Version 1, not yet decided about."""
    return register_bundle(tmp_path, seed=1)


@pytest.fixture
def champion(registered: Registered) -> Registered:
    """Version 1, approved and champion."""
    registered.decide()
    registry.promote(registered.version)
    return registered
