"""A user's own text for `cleo train`: read as it is, with a part of it held out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from cleo_core.progress import Reporter
from cleo_core.stage.declaration import Summary
from cleo_model.corpus.account import Account, account_markdown
from cleo_model.corpus.heldout import document_key, hold_out
from cleo_model.corpus.record import HELDOUT, RECORDS, TRAIN, Record, read_records, write_records
from cleo_model.corpus.sources.identity import Ids, IdSettings
from cleo_model.corpus.sources.prose import passages
from cleo_model.corpus.sources.readers import read_source
from cleo_model.corpus.sources.reading import ERASED, Reading
from cleo_model.corpus.sources.source import Source, SourcesSettings
from cleo_model.corpus.subjects import Subjects, write_subjects
from cleo_model.errors import EmptyCorpus, SourceError

PIECE = 4000
"""Characters: a long document is trained on, and held out where it is the only one, in pieces of so many."""
CONVERSATION, TEXT = "conversation", "documentation"
"""Domains of what is read: the built-in recipes mix them."""
OF_A_SOURCE = ("of the source", "The source says")


class TextSettings(SourcesSettings):
    """Which files are read, and how much of them is held out."""

    heldout_share: float


class TextSummary(Summary):
    """What was read."""

    records: dict[str, dict[str, int]]
    """By part (train, heldout) and domain."""
    accounts: list[Account]


def sources_of(data: Path, subject: str = "") -> list[Source]:
    """The source that a file or folder is: every format that is known, conversations and running text.

    Args:
        subject: field that says whose a record is; plain text has none.

    Raises:
        SourceError: its name cannot be written.
    """
    try:
        str(data).encode()
    except UnicodeEncodeError:
        raise SourceError(f"The name {str(data)!r} is not UTF-8.", hint="Rename the file or folder.") from None
    place = str(data.absolute())
    own = "the user's own"
    return [Source(name="data", domain=TEXT, location=place, licence=own, origin=data.name, subject=subject)]


def read_folder(settings: TextSettings, out: Path, report: Reporter) -> TextSummary:
    """Write train.jsonl and heldout.jsonl.

    Raises:
        EmptyCorpus: there is no text, or too little to hold any of it out.
        SourceError: a file cannot be read, or too many records of it cannot be used.
    """
    readings = [Reading(source, settings.max_record_bytes) for source in settings.sources]
    subjects, ids = Subjects(settings.subjects), Ids(IdSettings())
    counts: dict[str, Counter[str]] = {"train": Counter(), "heldout": Counter()}

    def everything() -> Iterator[Record]:
        for number, reading in enumerate(readings):
            report("reading text", number, len(readings), file=reading.source.origin)
            yield from (ids(record) for record in _records(reading, subjects) if record.text.strip())
            for line in reading.account.lines():
                report(line)
            subjects.check(reading.source)

    def part(wanted: bool) -> Iterator[Record]:
        for record in read_records(whole):
            if (record in chosen) is wanted:
                counts["heldout" if wanted else "train"][record.domain] += 1
                yield record

    whole = out / RECORDS
    try:
        write_records(whole, everything())
        chosen = hold_out(read_records(whole), settings.heldout_share)
        write_records(out / TRAIN, part(False))
        write_records(out / HELDOUT, part(True))
        write_subjects(out)
    except SourceError as error:
        raise _for_a_command(error) from None
    finally:
        whole.unlink(missing_ok=True)
    for note in chosen.notes:
        report(note)
    _check(counts)
    accounts = [reading.account for reading in readings]
    return TextSummary(
        records={name: dict(found) for name, found in counts.items()},
        accounts=accounts,
        notes=[*(line for account in accounts for line in account.lines()), *chosen.notes, *subjects.notes()],
        markdown={"What was read, and what was left out": account_markdown(accounts)},
    )


def _check(counts: dict[str, Counter[str]]) -> None:
    if not counts["train"].total():
        raise EmptyCorpus("There is no text to train on.", hint="Are the files empty, or larger than the limit?")
    if not counts["heldout"].total():
        raise EmptyCorpus(
            "There is one short text only: nothing of it can be held out to measure what training does.",
            hint="Give two texts or conversations at least.",
        )


def _for_a_command(error: SourceError) -> SourceError:
    """The same error with a hint that fits `cleo train`, which declares no source."""
    if error.hint and any(words in error.hint for words in OF_A_SOURCE):
        hint = f"{error.hint} --data takes no such setting: name the file in a list of sources (CLEO_MODEL_SOURCES)."
        return type(error)(error.message, hint=hint)
    return error


def _records(reading: Reading, subjects: Subjects) -> Iterator[Record]:
    source = reading.source
    for item in read_source(reading):
        if (subject := subjects.of(source, item.subject)) is None:
            reading.take_back(ERASED, "by their key, and by no name")
            continue
        pieces = [item.text] if item.messages else list(passages(item.text, PIECE))
        for index, piece in enumerate(pieces):
            yield Record.make(
                name=f"{item.name}#{index}",
                source=source.name,
                domain=CONVERSATION if item.messages else source.domain,
                licence=source.licence,
                text=piece,
                messages=item.messages,
                group=item.group or (document_key(item.text) if len(pieces) > 1 else ""),
                subject=subject,
            )
