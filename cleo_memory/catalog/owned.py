"""The border between users: tables of users' rows, bound to one owner, and questions about all users.

`OwnedTable` writes the owner into every statement itself. A subclass names columns and conditions and never has the
transaction in its hands, so no method of it can reach a row of another user, whatever condition it asks for.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, ClassVar, Generic, TypeVar, TypeVarTuple

from cleo_memory.catalog.database.base import Database, Transaction, marks
from cleo_memory.records import Owner

PART = 500  # values in one condition: what every version of SQLite takes
Rows = TypeVar("Rows")
T = TypeVar("T")
Given = TypeVarTuple("Given")


class OwnedTable:
    """One table within one transaction, and of it the rows of one owner alone."""

    table: ClassVar[str]

    def __init__(self, tx: Transaction, owner: Owner) -> None:
        self.__tx, self.__owner = tx, owner

    def _select(self, columns: str, where: str = "1 = 1", *values: Any, then: str = "") -> list[Any]:
        """`then`: what follows the condition (GROUP BY, ORDER BY, LIMIT); its values come last."""
        sql = f"SELECT {columns} FROM {self.table} WHERE owner = ? AND ({where}) {then}"  # noqa: S608 - our own names
        return self.__tx.execute(sql, (self.__owner, *values)).fetchall()

    def _select_ids(self, columns: str, ids: Collection[str], where: str = "1 = 1", *values: Any) -> list[Any]:
        """Of the rows with one of these ids, however many they are."""
        wanted, found = list(ids), list[Any]()
        for start in range(0, len(wanted), PART):
            part = wanted[start : start + PART]
            found += self._select(columns, f"({where}) AND id IN ({marks(part)})", *values, *part)
        return found

    def _insert(self, columns: str, values: Sequence[Any]) -> None:
        sql = f"INSERT INTO {self.table} (owner, {columns}) VALUES (?, {marks(values)})"  # noqa: S608 - our own names
        self.__tx.execute(sql, (self.__owner, *values))

    def _upsert(
        self, columns: str, rows: Iterable[Sequence[Any]], *, key: Sequence[str], then: str, where: str = "1 = 1"
    ) -> None:
        """Insert each row, or do `then` (assignments) with the owner's row of the same key."""
        sql = f"INSERT INTO {self.table} (owner, {columns}) VALUES (?{', ?' * len(columns.split(','))}) "  # noqa: S608 - our own names
        sql += f"ON CONFLICT ({', '.join(('owner', *key))}) DO UPDATE SET {then} WHERE {where}"
        self.__tx.executemany(sql, [(self.__owner, *row) for row in rows])

    def _update(self, assignments: str, where: str, *values: Any) -> int:
        """Returns how many rows were changed. `values`: those of the assignments, then those of the condition."""
        split = assignments.count("?")
        ordered = (*values[:split], self.__owner, *values[split:])
        return self.__tx.execute(self.__updating(assignments, where), ordered).rowcount

    def _update_each(self, assignments: str, where: str, rows: Iterable[Sequence[Any]]) -> None:
        split = assignments.count("?")
        values = [(*row[:split], self.__owner, *row[split:]) for row in rows]
        self.__tx.executemany(self.__updating(assignments, where), values)

    def __updating(self, assignments: str, where: str) -> str:
        return f"UPDATE {self.table} SET {assignments} WHERE owner = ? AND ({where})"  # noqa: S608 - our own names

    def _delete(self, where: str, *values: Any) -> int:
        sql = f"DELETE FROM {self.table} WHERE owner = ? AND ({where})"  # noqa: S608 - our own names
        return self.__tx.execute(sql, (self.__owner, *values)).rowcount

    def _delete_each(self, where: str, rows: Iterable[Sequence[Any]]) -> None:
        sql = f"DELETE FROM {self.table} WHERE owner = ? AND ({where})"  # noqa: S608 - our own names
        self.__tx.executemany(sql, [(self.__owner, *row) for row in rows])

    def clear(self) -> None:
        """Delete every row of the owner."""
        self._delete("1 = 1")


class SharedTable:
    """The operator's questions about all users' rows of a table, asked of a snapshot that cannot be written."""

    def __init__(self, tx: Transaction) -> None:
        self.__tx = tx

    def _fetch(self, sql: str, *values: Any) -> list[Any]:
        return self.__tx.execute(sql, values).fetchall()


class Reads(Generic[Rows]):
    """Runs work over some tables on one consistent snapshot; what else it is given is handed through."""

    def __init__(self, database: Database, tables: Callable[[Transaction], Rows]) -> None:
        self._database, self._tables = database, tables

    async def read(self, work: Callable[[Rows, *Given], T], *given: *Given) -> T:
        return await self._database.read(lambda tx: work(self._tables(tx), *given))


class ReadsAndWrites(Reads[Rows]):
    async def write(self, work: Callable[[Rows, *Given], T], *given: *Given) -> T:
        """Run `work` in one transaction, durable when this returns. It may run again after a conflict."""
        return await self._database.write(lambda tx: work(self._tables(tx), *given))
