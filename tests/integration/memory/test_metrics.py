"""Prometheus sees counts, and nothing of a user."""

from __future__ import annotations

import asyncio

import pytest
from prometheus_client import generate_latest

from cleo_memory import MemorySettings, open_memory
from cleo_memory.tiering import worker

pytestmark = pytest.mark.integration


async def test_the_tiers_are_shown_without_a_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "EVERY", 0.01)
    async with open_memory(MemorySettings(embedder="none")) as memory:
        await memory.append("quince-user", "quince-trip", "user", "quince")
        for _ in range(500):
            shown = generate_latest().decode()
            if 'cleo_memory_memories{tier="hot"} 1.0' in shown:
                break
            await asyncio.sleep(0.02)
        assert 'cleo_memory_memories{tier="hot"} 1.0' in shown
        assert "quince" not in shown
        assert memory.keyring.owner("quince-user") not in shown
