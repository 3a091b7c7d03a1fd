"""How a file is cut into units that are masked each by itself, and written again from them.

Plain text and markup is masked as it stands, so Markdown stays Markdown. A row of JSON, CSV, Parquet or Arrow is a
unit: all its strings, each with the name of its field before it, for `ssn: 078-05-1120` says more than the digits.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from cleo_model.corpus.account import shown
from cleo_model.corpus.sources.documents import document_text
from cleo_model.corpus.sources.files import File
from cleo_model.corpus.sources.formats import PACKED
from cleo_model.corpus.sources.json_records import read_json, read_jsonl
from cleo_model.corpus.sources.mail import read_mbox
from cleo_model.corpus.sources.reading import Reading
from cleo_model.corpus.sources.streams import text_stream, undecodable
from cleo_model.corpus.sources.tables import read_csv

CHUNK = 100_000
"""Characters of a long text that are masked as one."""
LONG_NUMBER = 10**6
"""A number from here on may be a telephone's or an account's."""
LABELLED = 200
"""Characters of a value up to which the name of its field is put before it."""


@dataclass(frozen=True, slots=True)
class Unit:
    """What is masked as one record: its pieces, and what the file says with other pieces in their place."""

    pieces: list[str]
    render: Callable[[list[str]], str]


def written_name(file: File) -> str:
    """The name of the masked file: of what it is written as."""
    path = PurePosixPath(file.name)
    path = path.with_suffix("") if path.suffix.lower() in PACKED else path
    match file.format:
        case "json" | "parquet" | "arrow" | "mbox":
            return str(path.with_name(f"{path.name}.jsonl"))
        case "tsv":
            return str(path.with_name(f"{path.name}.csv"))
        case "pdf":
            return str(path.with_name(f"{path.name}.txt"))
    return str(path)


def units(reading: Reading, file: File) -> Iterator[Unit]:
    """The units of a file, in order.

    Raises:
        SourceError: it cannot be read.
    """
    match file.format:
        case "jsonl" | "json":
            rows = (read_jsonl if file.format == "jsonl" else read_json)(reading, file.name, file.path)
            yield from (_row(row, _json_line) for _, _, row in rows)
        case "csv" | "tsv":
            yield from _table(reading, file)
        case "parquet" | "arrow":
            yield from (_row(row, _json_line) for row in _columns(file))
        case "mbox":
            items = read_mbox(reading, file.name, file.path)
            yield from (_row({"text": item.text, "messages": item.messages}, _json_line) for item in items)
        case "pdf":
            yield from _whole(document_text(reading, file, shown(str(file.path))) or "")
        case _:
            yield from (Unit([part], _as_it_is) for part in _lines(reading, file))


def _lines(reading: Reading, file: File) -> Iterator[str]:
    """A text in parts of about CHUNK characters, which end at the ends of lines."""
    with text_stream(file.path, reading.source.encoding) as stream:
        text = io.TextIOWrapper(
            io.BufferedReader(stream) if isinstance(stream, io.RawIOBase) else stream, "utf-8", newline=""
        )
        try:
            while part := text.read(CHUNK):
                yield part + text.readline(CHUNK)
        except UnicodeDecodeError as error:
            raise undecodable(file.path, error.object, error.start, 0) from None


def _whole(text: str) -> Iterator[Unit]:
    return (Unit([text[place : place + CHUNK]], _as_it_is) for place in range(0, len(text), CHUNK))


def _as_it_is(pieces: list[str]) -> str:
    return pieces[0]


def _table(reading: Reading, file: File) -> Iterator[Unit]:
    delimiter = "\t" if file.format == "tsv" else None
    for number, (_, _, row) in enumerate(read_csv(reading, file.name, file.path, delimiter)):
        unit = _row(row, _csv_line)
        if number:
            yield unit
        else:
            yield Unit(unit.pieces, _after(_csv_line({name: name for name in row}), unit))


def _after(head: str, unit: Unit) -> Callable[[list[str]], str]:
    return lambda pieces: head + unit.render(pieces)


def _columns(file: File) -> Iterator[dict[str, Any]]:
    import pyarrow.dataset

    for batch in pyarrow.dataset.dataset(file.path, format=file.format).to_batches(batch_size=64):
        yield from batch.to_pylist()


def _json_line(row: Any) -> str:
    return json.dumps(row, ensure_ascii=False, default=str) + "\n"


def _csv_line(row: dict[str, Any]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(row.values())
    return line.getvalue()


def _row(row: Any, write: Callable[[Any], str]) -> Unit:
    found: list[tuple[str, str]] = []
    _gather(row, "", found)
    labels = [f"{name}: " if name and len(value) <= LABELLED else "" for name, value in found]

    def render(pieces: list[str]) -> str:
        left = iter(zip(labels, pieces, strict=True))
        return write(_put(row, lambda: _unlabelled(*next(left))))

    return Unit([label + value for label, (_, value) in zip(labels, found, strict=True)], render)


def _gather(value: Any, name: str, found: list[tuple[str, str]]) -> None:
    """Every text in a value, with the name of its field, in the order in which `_put` comes to them."""
    if isinstance(value, dict):
        for key, each in value.items():
            _gather(each, str(key), found)
    elif isinstance(value, list):
        for each in value:
            _gather(each, name, found)
    elif _is_text(value):
        found.append((name, str(value)))


def _is_text(value: Any) -> bool:
    return (isinstance(value, str) and value != "") or (type(value) is int and abs(value) >= LONG_NUMBER)


def _put(value: Any, following: Callable[[], str]) -> Any:
    if isinstance(value, dict):
        return {key: _put(each, following) for key, each in value.items()}
    if isinstance(value, list):
        return [_put(each, following) for each in value]
    if not _is_text(value):
        return value
    made = following()
    return int(made) if isinstance(value, int) and made.isdecimal() and not made.startswith("0") else made


def _unlabelled(label: str, piece: str) -> str:
    """The masked value without the name that was put before it, whatever became of the name."""
    return piece.removeprefix(label) if piece.startswith(label) else piece.partition(": ")[2] or piece
