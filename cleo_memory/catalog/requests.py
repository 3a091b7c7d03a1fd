"""The table `requests`: keys that clients gave their requests, so that one that is sent again is not done again.

The key and the body are kept as keyed hashes, the reply sealed. A reply is cleared as soon as something of the user is
forgotten, since it may quote it; the row stays, so that the request is still not done twice.
"""

from __future__ import annotations

from dataclasses import dataclass

from cleo_memory.catalog.owned import OwnedTable, SharedTable
from cleo_memory.records import Owner

COLUMNS = "key, digest, state, holder, held_until, memory, sealed, created_at"
PENDING, DONE, CLEARED = "pending", "done", "cleared"
"""Cleared: its reply may quote what was forgotten while it was being made."""


@dataclass(frozen=True, slots=True)
class Request:
    key: str
    digest: str
    state: str
    holder: str
    """Who does it, while it is pending."""
    held_until: float
    """Until when the holder is taken to be alive."""
    memory: str | None
    """The memory that it wrote."""
    sealed: bytes | None
    created_at: float


class UserRequests(OwnedTable):
    table = "requests"

    def find(self, key: str) -> Request | None:
        rows = self._select(COLUMNS, "key = ?", key)
        if not rows:
            return None
        values = dict(zip(COLUMNS.split(", "), rows[0], strict=True))
        sealed = values.pop("sealed")
        return Request(**values, sealed=None if sealed is None else bytes(sealed))

    def put(self, request: Request) -> None:
        """Write a request in the place of any of its key."""
        names = COLUMNS.split(", ")
        row = tuple(getattr(request, name) for name in names)
        self._upsert(COLUMNS, [row], key=("key",), then=", ".join(f"{name} = excluded.{name}" for name in names[1:]))

    def prolong(self, key: str, holder: str, until: float) -> None:
        self._update("held_until = ?", "key = ? AND holder = ? AND state = 'pending'", until, key, holder)

    def drop(self, key: str, holder: str) -> None:
        """It failed: the next one with this key is done."""
        self._delete("key = ? AND holder = ? AND state <> 'done'", key, holder)

    def finish(self, key: str, holder: str, sealed: bytes) -> None:
        """Keep the reply of what is still pending."""
        where = "key = ? AND holder = ? AND state = 'pending'"
        self._update("state = 'done', sealed = ?", where, sealed, key, holder)

    def clear_replies(self) -> None:
        """What was forgotten may be quoted in any of them, those that are being made among them."""
        self._update("sealed = NULL, state = 'cleared'", "sealed IS NOT NULL OR state = 'pending'")

    def bound(self, before: float, most: int) -> None:
        """Drop those from before a moment, and the oldest above a number."""
        self._delete("created_at < ?", before)
        rows = self._select("created_at", "1 = 1", most, then="ORDER BY created_at DESC LIMIT 1 OFFSET ?")
        if rows:
            self._delete("created_at <= ? AND state <> 'pending'", rows[0][0])


class AllRequests(SharedTable):
    def owners_before(self, before: float, limit: int) -> list[Owner]:
        """Who has requests from before a moment."""
        rows = self._fetch("SELECT DISTINCT owner FROM requests WHERE created_at < ? LIMIT ?", before, limit)
        return [Owner(row[0]) for row in rows]
