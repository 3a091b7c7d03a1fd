"""The tables `usage`, how much a user keeps, summed as it is written; and `origins`, what was learned from which
conversation."""

from __future__ import annotations

from cleo_memory.catalog.owned import OwnedTable

SUM = "memories = usage.memories + excluded.memories, bytes = usage.bytes + excluded.bytes"


class UserUsage(OwnedTable):
    table = "usage"

    def add(self, memories: int, size: int) -> None:
        """Count memories and bytes more, or less."""
        self._upsert("memories, bytes", [(memories, size)], key=(), then=SUM)

    def total(self) -> tuple[int, int]:
        """(memories, bytes), those among them that have expired and are not deleted yet."""
        rows = self._select("memories, bytes")
        return (int(rows[0][0]), int(rows[0][1])) if rows else (0, 0)


class UserOrigins(OwnedTable):
    table = "origins"

    def add(self, id: str, thread: str) -> None:
        """A memory was learned from a turn of a conversation."""
        self._upsert("id, thread", [(id, thread)], key=("id",), then="thread = excluded.thread")

    def of(self, thread: str) -> list[str]:
        """Ids of what was learned from a conversation."""
        return [row[0] for row in self._select("id", "thread = ?", thread, then="ORDER BY id")]

    def drop(self, id: str) -> None:
        self._delete("id = ?", id)
