"""The field of a record that says whose it is."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from cleo_model.corpus.sources.source import Source
from cleo_model.errors import MalformedRecord, SourceError


def subject_of(source: Source, row: dict[str, Any], where: str) -> str:
    """The id of the person in the source's `subject` field, or nothing where the record does not say.

    Raises:
        MalformedRecord: it is neither text nor a whole number; the message never holds the value.
    """
    if not source.subject:
        return ""
    value = row[source.subject] if source.subject in row else _inside(row, source.subject)
    if isinstance(value, float) and value.is_integer():  # a column of numbers with gaps comes as floats
        value = int(value)
    if value is None or isinstance(value, str):
        return (value or "").strip()
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise MalformedRecord(
        f"{where}: its subject field {source.subject!r} holds a {type(value).__name__}.",
        hint="The id of one person, as text or a whole number.",
    )


def _inside(row: dict[str, Any], path: str) -> Any:
    value: Any = row
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def column_of(source: Source, columns: Collection[str], where: str) -> list[str]:
    """The column of a table that the subject field stands in; none where the source names no such field.

    Raises:
        SourceError: the table has no such column.
    """
    if not source.subject:
        return []
    name = source.subject if source.subject in columns else source.subject.partition(".")[0]
    if name not in columns:
        raise SourceError(
            f"{where} has no column {source.subject!r} (it has {', '.join(list(columns)[:8])}).",
            hint="Correct `subject` of the source: by it a person is found again.",
        )
    return [name]
