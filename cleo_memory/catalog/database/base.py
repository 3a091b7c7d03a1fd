"""The transactional store under the catalogue: SQLite embedded, Postgres when several processes serve.

Work is a plain function over a `Transaction`, so that the same statements (``?`` for a parameter) run on both, and so
that the embedded one can put many callers' work into one commit.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


def marks(values: Collection[Any]) -> str:
    """As many question marks as values."""
    return ", ".join("?" * len(values))


class Rows(Protocol):
    @property
    def rowcount(self) -> int: ...

    def fetchone(self) -> Any: ...

    def fetchall(self) -> list[Any]: ...


class Transaction(Protocol):
    """Inside one transaction."""

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Rows: ...

    def executemany(self, sql: str, parameters: Iterable[Sequence[Any]], /) -> Rows: ...


class Database(Protocol):
    async def read(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` on one consistent snapshot."""
        ...

    async def write(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` in a transaction and return its result once that is durable.

        `work` may run again after a conflict, so it touches nothing but the transaction. An exception rolls back
        what it did, and nothing else.

        Raises:
            StorageFault: it could not be made durable; nothing of it remains.
        """
        ...

    async def checkpoint(self) -> None:
        """Make sure that deleted rows are in no log and no backup of the database either, where it keeps them."""
        ...

    async def discard_backups(self) -> None:
        """Delete copies that it made of itself before a migration, since they hold what is being deleted."""
        ...

    async def close(self) -> None: ...
