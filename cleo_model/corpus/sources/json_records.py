"""JSON Lines, and JSON files that hold a list of records, one record, or several after one another."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from cleo_model.corpus.account import shown
from cleo_model.corpus.sources.messages import is_message
from cleo_model.corpus.sources.reading import Reading
from cleo_model.corpus.sources.streams import text_stream, undecodable
from cleo_model.errors import MalformedRecord, SourceError

MAX_JSON = 2**28
"""Bytes of a JSON file that is no JSON Lines: it has to be held whole."""
LISTS = ("data", "rows", "records", "examples", "items", "train", "instances")
"""Fields that hold the records of a file that is one object."""
NOT_JSON, NOT_TEXT, NESTED = "not JSON", "not UTF-8", "nested too deep"


def read_jsonl(reading: Reading, name: str, path: Path) -> Iterator[tuple[str, str, Any]]:
    """The values of a JSON Lines file, each with its name and where it stands; lines end at LF alone."""
    place = shown(str(path))
    with text_stream(path, reading.source.encoding) as stream:
        for number, offset, line in _lines(reading, place, stream):
            where = f"{place}:{number}"
            try:
                yield f"{name}:{number}", where, json.loads(line.decode())
            except UnicodeDecodeError as error:
                reading.refuse(NOT_TEXT, where, undecodable(path, line, error.start, offset))
            except json.JSONDecodeError as error:
                reading.refuse(NOT_JSON, where, MalformedRecord(
                    f"{where} is not JSON: {error.msg} at column {error.colno}.", hint="Each line holds one object."
                ))  # fmt: skip
            except (RecursionError, ValueError) as error:
                told = "is nested too deep" if isinstance(error, RecursionError) else f"holds {str(error)[:80]}"
                reading.refuse(NESTED, where, MalformedRecord(f"{where} {told}.", hint="Flatten the line."))


def _lines(reading: Reading, place: str, stream: BinaryIO) -> Iterator[tuple[int, int, bytes]]:
    """Lines that are not empty and not too large, with their number and where they begin."""
    offset = number = 0
    # One byte more than the limit is read at most, so that a line of any length costs no memory.
    while line := stream.readline(reading.limit + 1):
        number += 1
        start, size = offset, len(line)
        while not line.endswith(b"\n") and (rest := stream.readline(2**20)):
            size += len(rest)
            if rest.endswith(b"\n"):
                break
        offset += size
        if reading.allows(f"{place}:{number}", size) and line.strip():
            yield number, start, line


def read_json(reading: Reading, name: str, path: Path) -> Iterator[tuple[str, str, Any]]:
    """The records of a JSON file: the elements of a list, one object, or several values after one another."""
    with text_stream(path, reading.source.encoding) as stream:
        data = stream.read(MAX_JSON + 1)
    if len(data) > MAX_JSON:
        raise SourceError(
            f"{shown(str(path))} has more than {MAX_JSON:,} bytes of JSON, which would have to be held whole.",
            hint="Write JSON Lines, which is read record by record: jq -c '.[]' OLD > NEW.jsonl",
        )
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise undecodable(path, data, error.start, 0) from None
    place = shown(str(path))
    for number, (line, size, value) in enumerate(_values(path, text), 1):
        where = f"{place}, record {number} (line {line})"
        if reading.allows(where, size):
            yield f"{name}:{number}", where, value


def _values(path: Path, text: str) -> Iterator[tuple[int, int, Any]]:
    """Each record with its line and its size in characters."""
    decoder = json.JSONDecoder()
    position = _skipped(text, 0, "")
    in_list = text[position : position + 1] == "["
    position += in_list
    line, counted, seen = 1, 0, 0
    while (position := _skipped(text, position, ",")) < len(text) and not (in_list and text[position] == "]"):
        line, counted = line + text.count("\n", counted, position), position
        try:
            value, end = decoder.raw_decode(text, position)
        except (ValueError, RecursionError) as error:
            at = getattr(error, "lineno", line)
            told = getattr(error, "msg", "nested too deep")
            raise MalformedRecord(
                f"{shown(str(path))} is not JSON: {told} at line {at}.",
                hint="Correct the file; what comes after that place cannot be told apart.",
            ) from None
        inner = next((value[key] for key in LISTS if isinstance(value.get(key), list)), None) if (
            not in_list and isinstance(value, dict)
        ) else None  # fmt: skip
        if in_list and not seen and is_message(value):
            # A list of messages is one conversation, and no list of records.
            yield line, len(text), json.loads(text)
            return
        if not in_list and inner is None and isinstance(value, dict) and len(value) > 1:
            # Records by their id.
            inner = list(value.values())
        if inner and all(isinstance(each, dict) for each in inner):
            yield from ((line, len(str(each)), each) for each in inner)
        else:
            yield line, end - position, value
        position, seen = end, seen + 1


def _skipped(text: str, position: int, also: str) -> int:
    while position < len(text) and (text[position].isspace() or text[position] in (also or " ")):
        position += 1
    return position
