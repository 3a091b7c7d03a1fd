"""What the memory tells Prometheus: counts by tier, flow and store. Nothing about a user, not even a hash."""

from __future__ import annotations

from collections.abc import Mapping

from cleo_core.telemetry import gauge

MEMORIES = gauge("cleo_memory_memories", "Live memories", ["tier"])
BYTES = gauge("cleo_memory_bytes", "Bytes of live memories before sealing", ["tier"])
MOVES = gauge("cleo_memory_moves", "Memories moved between tiers so far", ["source", "target"])
WAITING = gauge("cleo_memory_outbox_jobs", "Jobs that wait for a store", ["store"])


def publish(
    memories: Mapping[str, int],
    size: Mapping[str, int],
    flows: Mapping[tuple[str, str], int],
    waiting: Mapping[str, int],
) -> None:
    """Set the gauges; a store without waiting jobs is shown no more."""
    for tier in ("hot", "warm", "cold"):
        MEMORIES.labels(tier).set(memories.get(tier, 0))
        BYTES.labels(tier).set(size.get(tier, 0))
    for (source, target), count in flows.items():
        MOVES.labels(source, target).set(count)
    WAITING.clear()
    for store, jobs in waiting.items():
        WAITING.labels(store).set(jobs)
