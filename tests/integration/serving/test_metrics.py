"""What Prometheus sees at the real endpoint: the figures of API and memory, and nothing of a user."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import prometheus_client
import pytest

import cleo_core
from cleo_memory.tiering import worker
from tests.serving_server import RunningApi

pytestmark = pytest.mark.integration


def test_the_memorys_gauges_are_at_the_endpoint_that_is_scraped(
    api_settings: Any, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "EVERY", 0.01)
    with RunningApi(api_settings) as api:
        api.call(api.services.memory.append("quince-user", "quince-trip", "user", "quince"))
        deadline, shown = time.monotonic() + 20, ""
        while 'cleo_memory_memories{tier="hot"} 1.0' not in shown and time.monotonic() < deadline:
            shown = api.client.get(f"{api.url}/metrics").text
        assert 'cleo_memory_memories{tier="hot"} 1.0' in shown
        assert re.search(r'cleo_memory_bytes\{tier="hot"\} [1-9]', shown)
        assert "cleo_engine_healthy 1.0" in shown
        assert "quince" not in shown
        assert api.services.memory.keyring.owner("quince-user") not in shown


def test_every_metric_of_the_product_is_registered_where_the_endpoint_looks(api: RunningApi) -> None:
    assert (
        "cleo_" not in prometheus_client.generate_latest().decode()
    )  # the library's own registry, which nobody serves
    root = Path(cleo_core.__file__).parents[1]
    packages = ("cleo_core", "cleo_model", "cleo_memory", "cleo_serving", "evals", "orchestration")
    users = [
        path.relative_to(root).as_posix()
        for package in packages
        for path in (root / package).rglob("*.py")
        if "prometheus_client" in path.read_text()
    ]
    assert users == ["cleo_core/telemetry.py"]
