"""An API that is asked for more than it can says so to the client and to the load balancer, and recovers."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.serving_server import RunningApi, at_home

pytestmark = pytest.mark.integration

ASK = 'mutation { ask(input: {text: "the cat", maxTokens: 4}) { text finishReason } }'


def test_who_finds_no_room_is_told_when_to_come_back_and_readiness_says_so(
    api_settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLEO_HOME", str(tmp_path / "home"))
    narrow = api_settings.engine.model_copy(update={"max_streams": 1, "max_waiting": 1})
    with at_home(tmp_path / "home"), RunningApi(api_settings.model_copy(update={"engine": narrow})) as api:
        engine = api.services.models.current.engine
        free = asyncio.Event()

        async def hold() -> None:
            async with engine._queue.turn("somebody", 1):
                await free.wait()

        holding = asyncio.run_coroutine_threadsafe(hold(), api._loop)
        with ThreadPoolExecutor() as pool:
            waiting = pool.submit(api.data, "ann", ASK)
            while engine.stats().waiting < 1:
                threading.Event().wait(0.01)
            assert api.client.get(f"{api.url}/health").status_code == 200, "one that waits is no overload"
            told = api.post("ben", ASK).json()["errors"][0]["extensions"]
            assert told["code"] == "OVERLOADED"
            assert told["retryAfter"] >= 1
            health = api.client.get(f"{api.url}/health")
            assert (health.status_code, health.json()["status"]) == (503, "overloaded")
            assert int(health.headers["Retry-After"]) >= 1
            api._loop.call_soon_threadsafe(free.set)
            assert waiting.result(60)["ask"]["finishReason"] == "LENGTH"
        holding.result(60)
        assert api.client.get(f"{api.url}/health").status_code == 200
        assert api.data("ben", ASK)["ask"]["finishReason"] == "LENGTH"
