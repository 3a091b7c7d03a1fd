"""`cleo ui`: one code server for Dagster's webserver and daemon, nothing asked of a visitor, nothing left behind."""

from __future__ import annotations

from pathlib import Path

import httpx
import psutil
import pytest

from orchestration.local.services import free_port, running, stop_all
from orchestration.local.ui import start_ui

pytestmark = pytest.mark.integration


def tree(name: str) -> list[psutil.Process]:
    service = running(name)
    assert service is not None
    process = psutil.Process(service.pid)
    return [process, *process.children(recursive=True)]


def test_dagster_and_mlflow_start_once_share_one_code_server_and_end_without_a_trace(home: Path) -> None:
    try:
        dagster, mlflow = start_ui(free_port(0), free_port(0))
        assert start_ui() == [dagster, mlflow]  # found again, not started again
        everything = [
            process for name in ("dagster-code", "dagster", "dagster-daemon", "mlflow") for process in tree(name)
        ]
        assert len(tree("dagster")) == len(tree("dagster-daemon")) == 1  # neither loads the code by itself
        assert (home / "dagster" / "code.sock").stat().st_uid == psutil.Process().uids().real
        told = httpx.post(f"{dagster.url}/graphql", json={"query": "{shouldShowNux}"}, timeout=10).json()
        assert told == {"data": {"shouldShowNux": False}}
        assert httpx.get(f"{mlflow.url}/health", timeout=10).is_success
    finally:
        ended = stop_all()
    assert ended == ["dagster-code", "dagster-daemon", "dagster", "mlflow"]
    _, left = psutil.wait_procs(everything, timeout=10)
    assert left == []
    assert stop_all() == []
