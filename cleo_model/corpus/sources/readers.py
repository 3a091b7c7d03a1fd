"""Read records from files and data sets.

Own readers and not datatrove's: those log a broken line and go on, while here a person is told the file and the
line or byte to correct.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from cleo_core.errors import UnavailableSource
from cleo_model.corpus.record import checked_messages
from cleo_model.corpus.sources.item import Item, Refused
from cleo_model.corpus.sources.source import Source, source_files
from cleo_model.corpus.sources.subject_field import column_of, subject_of
from cleo_model.errors import MalformedRecord, SourceError, UndecodableText

HF_ID = re.compile(r"[\w.-]{1,96}(/[\w.-]{1,96})?", re.ASCII)


def read_source(source: Source, refused: Refused) -> Iterator[Item]:
    """Yield the items of a source that is not built in.

    Raises:
        SourceError: a file cannot be read, or a record of it cannot be used; names the file and the place in it.
        UnavailableSource: a data set cannot be reached.
    """
    if source.kind == "hf":
        yield from _read_hf(source, refused)
        return
    reader: Callable[[Source, str, Path, Refused], Iterator[Item]] = {
        "jsonl": _read_jsonl,
        "parquet": _read_parquet,
        "text": _read_text,
    }[source.kind]
    for name, path in source_files(source):
        try:
            yield from reader(source, name, path, refused)
        except OSError as error:
            raise SourceError(
                f"Source {source.name!r}: {path} cannot be read: {error.strerror or error}.",
                hint="Check that it is there and may be read.",
            ) from None


def _decode(data: bytes, path: Path, start: int = 0) -> str:
    try:
        return data.decode("utf-8-sig" if start == 0 else "utf-8")
    except UnicodeDecodeError as error:
        raise UndecodableText(
            f"{path} is not UTF-8: byte 0x{data[error.start]:02x} at offset {start + error.start}.",
            hint="Convert it, for example with: iconv -f latin1 -t utf-8 OLD > NEW",
        ) from None


def _item(source: Source, name: str, where: str, row: Any) -> Item:
    if not isinstance(row, dict):
        raise MalformedRecord(f"{where} is not an object.", hint="Each record is an object with its fields.")
    if source.form == "messages" or (source.form == "auto" and row.get(source.messages_field) is not None):
        messages = checked_messages(row.get(source.messages_field), where)
        return Item(name, messages=messages, subject=subject_of(source, row, where))
    text = row.get(source.text_field)
    if not isinstance(text, str):
        raise MalformedRecord(
            f"{where} has no text in its field {source.text_field!r} (it has {', '.join(sorted(map(str, row))[:8])}).",
            hint="Set text_field of the source, or messages_field for conversations.",
        )
    return Item(name, text=text, subject=subject_of(source, row, where))


def _read_jsonl(source: Source, name: str, path: Path, refused: Refused) -> Iterator[Item]:
    offset = number = 0
    with path.open("rb") as handle:
        # One byte more than the limit is read at most, so that a line of any length costs no memory.
        while line := handle.readline(refused.limit + 1):
            number += 1
            start, size = offset, len(line)
            while not line.endswith(b"\n") and (rest := handle.readline(2**20)):
                size += len(rest)
                if rest.endswith(b"\n"):
                    break
            offset += size
            where = f"{path}:{number}"
            if not refused.allows(where, size) or not line.strip():
                continue
            try:
                row = json.loads(_decode(line, path, start))
            except json.JSONDecodeError as error:
                raise MalformedRecord(
                    f"{where} is not JSON: {error.msg} at column {error.colno}.", hint="Each line holds one object."
                ) from None
            except RecursionError:
                raise MalformedRecord(f"{where} is nested too deep.", hint="Flatten the line.") from None
            yield _item(source, f"{name}:{number}", where, row)


def _read_text(source: Source, name: str, path: Path, refused: Refused) -> Iterator[Item]:
    if source.form == "messages":
        raise SourceError(
            f"Source {source.name!r}: a text file has no messages.", hint="Use kind jsonl or parquet, or form text."
        )
    if refused.allows(str(path), path.stat().st_size):
        yield Item(name, text=_decode(path.read_bytes(), path))


def _read_parquet(source: Source, name: str, path: Path, refused: Refused) -> Iterator[Item]:
    import pyarrow.parquet
    from pyarrow.lib import ArrowException

    forms = {"text": [source.text_field], "messages": [source.messages_field]}
    wanted = forms.get(source.form, [source.text_field, source.messages_field])
    row = 0
    try:
        with pyarrow.parquet.ParquetFile(path) as table:
            columns = [column for column in wanted if column in table.schema_arrow.names]
            if not columns:
                raise SourceError(
                    f"{path} has no column {' or '.join(map(repr, wanted))} "
                    f"(it has {', '.join(table.schema_arrow.names[:8])}).",
                    hint="Set text_field or messages_field of the source.",
                )
            columns += column_of(source, table.schema_arrow.names, str(path))
            for batch in table.iter_batches(batch_size=256, columns=columns):
                for value in batch.to_pylist():
                    row += 1
                    where = f"{path}, row {row}"
                    size = sum(len(str(part).encode("utf-8", "surrogatepass")) for part in value.values())
                    if refused.allows(where, size):
                        yield _item(source, f"{name}:{row}", where, value)
    except (ArrowException, UnicodeDecodeError) as error:
        raise SourceError(
            f"{path} is not a Parquet file that can be read: {str(error).splitlines()[0][:160]}",
            hint="Write it again, or take it away.",
        ) from None


def _read_hf(source: Source, refused: Refused) -> Iterator[Item]:
    if not HF_ID.fullmatch(source.location) or ".." in source.location:
        raise SourceError(
            f"Source {source.name!r}: {source.location!r} is not the id of a data set.", hint="Write owner/name."
        )
    import datasets
    import huggingface_hub

    hint = "Check the id, the connection to the hub and HF_TOKEN; or download it and use kind parquet."
    row = 0
    try:
        if not huggingface_hub.is_offline_mode():
            # Asked first, for one answer within seconds: the stream tries again and again, and says so on the screen.
            huggingface_hub.HfApi().dataset_info(source.location, revision=source.revision, timeout=15)
        stream = datasets.load_dataset(source.location, split=source.split, revision=source.revision, streaming=True)
        for value in stream:
            row += 1
            where = f"{source.location}, row {row}"
            size = len(str(value.get(source.text_field, value)).encode("utf-8", "surrogatepass"))
            if refused.allows(where, size):
                yield _item(source, str(row), where, value)
    except SourceError:
        raise
    except Exception as error:  # the hub client raises dozens of types, and each means: it did not come
        reason = (str(error).splitlines() or [type(error).__name__])[0][:160]
        raise UnavailableSource(f"Data set {source.location!r} cannot be reached: {reason}", hint=hint) from None
