"""Tables: CSV and TSV with named columns, Parquet and Arrow."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

from cleo_model.corpus.account import shown
from cleo_model.corpus.sources.reading import Reading
from cleo_model.corpus.sources.rows import FIELDS
from cleo_model.corpus.sources.streams import head_of, text_stream, undecodable, unpacked
from cleo_model.corpus.sources.subject_field import column_of
from cleo_model.errors import MalformedRecord, SourceError

BATCH = 64
DELIMITERS = ",;\t|"
SHORT = "fewer or more cells than columns"


def read_csv(reading: Reading, name: str, path: Path, delimiter: str | None = None) -> Iterator[tuple[str, str, Any]]:
    """The rows of a table whose first line names its columns; without a delimiter, the one that the line tells."""
    before = csv.field_size_limit(min(reading.limit + 1, 2**31 - 1))
    try:
        with text_stream(path, reading.source.encoding) as stream:
            yield from _csv(reading, name, path, stream, delimiter)
    finally:
        csv.field_size_limit(before)


def _csv(
    reading: Reading, name: str, path: Path, stream: BinaryIO, delimiter: str | None
) -> Iterator[tuple[str, str, Any]]:
    first = stream.readline(2**16)
    lines = chain([first], iter(lambda: stream.readline(reading.limit + 1), b""))
    delimiter = delimiter or max(DELIMITERS, key=lambda sign: first.count(sign.encode()))
    rows = csv.reader(_text_of(path, lines), delimiter=delimiter)
    place = shown(str(path))
    try:
        header = [column.strip() for column in next(rows)]
        if len({column for column in header if column}) != len(header):
            raise SourceError(
                f"{shown(str(path))} names its columns {shown(', '.join(header))}: one is twice there, or empty.",
                hint="The first line of a table gives each column a name of its own.",
            )
        for number, cells in enumerate(rows, 1):
            where = f"{place}, row {number}"
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                told = f"{where} has {len(cells)} cells, and the first line names {len(header)} columns."
                reading.refuse(SHORT, where, MalformedRecord(told, hint="Quote cells with separators in them."))
            elif reading.allows(where, sum(len(cell.encode("utf-8", "surrogatepass")) for cell in cells)):
                yield f"{name}:{number}", where, dict(zip(header, cells, strict=True))
    except csv.Error as error:
        raise MalformedRecord(
            f"{shown(str(path))}, line {rows.line_num} is no row of a table: {error}.",
            hint="Are all quotes closed? One cell holds CLEO_MODEL_MAX_RECORD_BYTES at most.",
        ) from None


def _text_of(path: Path, lines: Iterator[bytes]) -> Iterator[str]:
    offset = 0
    for line in lines:
        try:
            yield line.decode()
        except UnicodeDecodeError as error:
            raise undecodable(path, line, error.start, offset) from None
        offset += len(line)


def read_parquet(reading: Reading, name: str, path: Path) -> Iterator[tuple[str, str, Any]]:
    """The rows of a Parquet file; only columns that can tell what a row is are read."""
    import pyarrow.parquet
    from pyarrow.lib import ArrowException

    try:
        with path.open("rb") as stream, pyarrow.parquet.ParquetFile(stream) as table:
            columns = _columns(reading, path, table.schema_arrow.names)
            batches = table.iter_batches(batch_size=BATCH, columns=columns)
            yield from _rows(reading, name, path, batches)
    except (ArrowException, UnicodeDecodeError) as error:
        raise _damaged(path, "Parquet", error) from None


def read_arrow(reading: Reading, name: str, path: Path) -> Iterator[tuple[str, str, Any]]:
    """The rows of an Arrow file or stream, as `datasets` keeps them."""
    import pyarrow
    from pyarrow.lib import ArrowException

    try:
        with unpacked(path) as raw, pyarrow.PythonFile(raw, "r") as stream:
            is_file = head_of(path).startswith(b"ARROW1")
            with pyarrow.ipc.open_file(stream) if is_file else pyarrow.ipc.open_stream(stream) as table:
                columns = _columns(reading, path, table.schema.names)
                whole = map(table.get_batch, range(table.num_record_batches)) if is_file else table
                batches = (
                    batch.select(columns).slice(start, BATCH)
                    for batch in whole
                    for start in range(0, batch.num_rows, BATCH)
                )
                yield from _rows(reading, name, path, batches)
    except (ArrowException, UnicodeDecodeError) as error:
        raise _damaged(path, "Arrow", error) from None


def _columns(reading: Reading, path: Path, names: list[str]) -> list[str]:
    source = reading.source
    named = {source.text_field, source.messages_field}
    wanted = FIELDS | named
    if source.form == "messages" or (source.form == "text" and source.text_field != "text"):
        wanted = frozenset({source.messages_field if source.form == "messages" else source.text_field})
    if found := [name for name in names if name in wanted]:
        return list(dict.fromkeys([*found, *column_of(source, names, shown(str(path)))]))
    told = " or ".join(map(repr, dict.fromkeys((source.text_field, source.messages_field))))
    if source.form in ("text", "messages"):
        told = repr(source.text_field if source.form == "text" else source.messages_field)
    raise SourceError(
        f"{shown(str(path))} has no column {told} (it has {shown(', '.join(names[:8]))}).",
        hint="Set text_field or messages_field of the source.",
    )


def _rows(reading: Reading, name: str, path: Path, batches: Any) -> Iterator[tuple[str, str, Any]]:
    number, place = 0, shown(str(path))
    for batch in batches:
        for row in batch.to_pylist(maps_as_pydicts="lossy"):
            number += 1
            where = f"{place}, row {number}"
            size = sum(len(str(part).encode("utf-8", "surrogatepass")) for part in row.values())
            if reading.allows(where, size):
                yield f"{name}:{number}", where, row


def _damaged(path: Path, kind: str, error: Exception) -> SourceError:
    return SourceError(
        f"{shown(str(path))} is not a {kind} file that can be read: {shown(str(error).splitlines()[0][:160])}",
        hint="Write it again, or take it away.",
    )
