"""The table `flows`: how many memories moved between tiers so far. Sums over all users."""

from __future__ import annotations

from cleo_memory.catalog.database.base import Transaction
from cleo_memory.catalog.owned import SharedTable

__all__ = ["AllFlows", "Flows"]


class Flows:
    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def count(self, source: str, target: str, size: int) -> None:
        """One more memory, of so many bytes."""
        self._tx.execute(
            "INSERT INTO flows (source, target, memories, bytes) VALUES (?, ?, 1, ?) "
            "ON CONFLICT (source, target) DO UPDATE SET memories = flows.memories + 1, "
            "bytes = flows.bytes + excluded.bytes",
            (source, target, size),
        )


class AllFlows(SharedTable):
    def all(self) -> dict[tuple[str, str], int]:
        rows = self._fetch("SELECT source, target, memories FROM flows")
        return {(source, target): int(n) for source, target, n in rows}
