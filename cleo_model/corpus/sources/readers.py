"""Read a source that is not built in: its files, or a data set of the hub.

    source ─> files ─> format ─> rows or documents ─> items          (account: seen, read, skipped, dropped, why)

Own readers and not datatrove's: those log a broken line and go on, while here a person is told the file and the
line or byte to correct, and how many there were.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from cleo_model.corpus.account import shown
from cleo_model.corpus.heldout import document_key
from cleo_model.corpus.record import clean
from cleo_model.corpus.sources.documents import document_text
from cleo_model.corpus.sources.files import File, source_files
from cleo_model.corpus.sources.formats import Format
from cleo_model.corpus.sources.hub import read_hub
from cleo_model.corpus.sources.item import Item
from cleo_model.corpus.sources.json_records import read_json, read_jsonl
from cleo_model.corpus.sources.mail import read_mbox
from cleo_model.corpus.sources.reading import EMPTY, Reading
from cleo_model.corpus.sources.rows import items_of, sound
from cleo_model.corpus.sources.source import is_local
from cleo_model.corpus.sources.tables import read_arrow, read_csv, read_parquet
from cleo_model.errors import SourceError, UnsafePath

Rows = Callable[[Reading, str, Path], Iterator[tuple[str, str, Any]]]
ROWS: dict[Format, Rows] = {
    "jsonl": read_jsonl, "json": read_json, "csv": read_csv, "tsv": partial(read_csv, delimiter="\t"),
    "parquet": read_parquet, "arrow": read_arrow,
}  # fmt: skip


def read_source(reading: Reading) -> Iterator[Item]:
    """Yield the items of a source; what became of the others is in its account.

    Raises:
        SourceError: a file cannot be read, or a record of it cannot be used; names the file and the place in it.
        UnavailableSource: a data set cannot be reached.
    """
    source = reading.source
    if is_local(source):
        found = _of_files(reading)
    else:
        found = (item for name, where, row in read_hub(reading) for item in items_of(reading, name, where, row))
    for item in found:
        reading.account.kept += 1
        yield item
    reading.close()


def _of_files(reading: Reading) -> Iterator[Item]:
    for file in source_files(reading.source, reading.account):
        try:
            yield from _of_file(reading, file)
        except OSError as error:
            raise SourceError(
                f"Source {reading.source.name!r}: {shown(str(file.path))} cannot be read: {error.strerror or error}.",
                hint="Check that it is there and may be read.",
            ) from None
        except UnsafePath:
            raise
        except SourceError as error:
            # A file of many that cannot be read is as a record that cannot be used.
            if reading.stopped:
                raise
            reading.refuse("a file that cannot be read", _told(file, error), error)
        else:
            reading.account.files_read += 1


def _told(file: File, error: SourceError) -> str:
    return f"{file.name}: {error.message.removeprefix(shown(str(file.path))).strip()}"


def _of_file(reading: Reading, file: File) -> Iterator[Item]:
    where = shown(str(file.path))
    if file.format in ROWS:
        for name, place, row in ROWS[file.format](reading, file.name, file.path):
            yield from items_of(reading, name, place, row)
    elif reading.source.form not in ("auto", "text"):
        raise SourceError(
            f"Source {reading.source.name!r}: {where} is {file.format}, which has no {reading.source.form}.",
            hint="Use JSON, CSV or Parquet for conversations, or leave `form` out.",
        )
    elif file.format == "mbox":
        yield from read_mbox(reading, file.name, file.path)
    else:
        text = document_text(reading, file, where)
        if text is not None and text.strip():
            # Also a short one is named by a paragraph: a page that is edited stays where it was.
            whole = clean(sound(reading, where, text))
            yield Item(file.name, text=whole, group=document_key(whole))
        elif text is not None:
            reading.drop(EMPTY, where)
