"""The table `threads`: a user's conversations."""

from __future__ import annotations

from collections.abc import Iterable

from cleo_memory.catalog.entry import Thread
from cleo_memory.catalog.owned import OwnedTable

COLUMNS = "thread, sealed_name, turns, created_at, updated_at"
LATER = """turns = threads.turns + 1, updated_at =
CASE WHEN excluded.updated_at > threads.updated_at THEN excluded.updated_at ELSE threads.updated_at END"""


class UserThreads(OwnedTable):
    table = "threads"

    def page(self, first: int, after: tuple[float, str] | None) -> list[Thread]:
        """Conversations, the last used first, behind (time, thread)."""
        where, values = (
            ("1 = 1", ())
            if after is None
            else ("updated_at < ? OR (updated_at = ? AND thread > ?)", (after[0], *after))
        )
        rows = self._select(COLUMNS, where, *values, first, then="ORDER BY updated_at DESC, thread LIMIT ?")
        return [Thread(row[0], bytes(row[1]), row[2], row[3], row[4]) for row in rows]

    def count(self) -> int:
        return int(self._select("count(*)")[0][0])

    def add_turn(self, thread: str | None, sealed_name: bytes, at: float) -> None:
        """Count a turn; the first begins the conversation."""
        self._upsert(COLUMNS, [(thread, sealed_name, 1, at, at)], key=("thread",), then=LATER)

    def remove_turn(self, thread: str) -> None:
        """Count a turn less; the last takes the conversation with it."""
        self._update("turns = turns - 1", "thread = ?", thread)
        self._delete("thread = ? AND turns <= 0", thread)

    def names(self) -> list[tuple[str, bytes]]:
        """(thread, sealed name)"""
        return [(thread, bytes(name)) for thread, name in self._select("thread, sealed_name")]

    def rename(self, names: Iterable[tuple[str, bytes]]) -> None:
        """Write names that were sealed anew."""
        self._update_each("sealed_name = ?", "thread = ?", [(name, thread) for thread, name in names])
