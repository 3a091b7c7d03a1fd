"""Mask the files of a folder into another."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import BaseModel, ConfigDict

from cleo_core.errors import InputError
from cleo_core.files import atomic_folder, atomic_stream, write_atomic, write_json
from cleo_core.progress import Reporter
from cleo_model.corpus.account import Account
from cleo_model.corpus.pii.entities import MaskingProfile, Replace
from cleo_model.corpus.pii.folder.forms import Unit, units, written_name
from cleo_model.corpus.pii.folder.report import JSON, MARKDOWN, FolderReport, markdown
from cleo_model.corpus.pii.mask import checked_key, detection
from cleo_model.corpus.pii.masking.run import MaskedRow, mask_rows, row_of
from cleo_model.corpus.pii.missed.account import MissedPii
from cleo_model.corpus.pii.missed.review import Planting, read_again
from cleo_model.corpus.pii.policy import policy_of
from cleo_model.corpus.record import Record
from cleo_model.corpus.shards import compute, shard_size
from cleo_model.corpus.sources.files import File, source_files
from cleo_model.corpus.sources.reading import Reading
from cleo_model.corpus.sources.source import Source
from cleo_model.errors import EmptyCorpus, SourceError

NAME = "folder"


class FolderSettings(BaseModel):
    """How a folder is masked."""

    model_config = ConfigDict(frozen=True)

    masking: MaskingProfile = "direct"
    language: str = "en"
    replace: Replace = "surrogate"
    keep_names: bool = False
    workers: int = 1
    limit: int
    """Bytes of a record."""
    missed_limit: float


def mask_folder(folder: Path, out: Path, key: bytes, settings: FolderSettings, report: Reporter) -> FolderReport:
    """Write the files of `folder` into `out` with their personal data replaced, and a report beside them.

    `out` is put in its place in one step: a run that is interrupted leaves nothing.

    Raises:
        InputError: `out` lies in `folder` or the other way round, or holds something already.
        ConfigError: the key is too short.
        SourceError: there is no file that can be read.
        WorkerFailed: a worker process was ended.
    """
    _check(folder, out)
    source = Source(
        name=NAME, domain=NAME, location=str(folder.absolute()), licence="the user's own", masking=settings.masking,
        language=settings.language, replace=settings.replace, keep_names=settings.keep_names, max_skipped=1.0,
    )  # fmt: skip
    with atomic_folder(out) as draft:
        scratch = draft / ".scratch"
        work = _Folder(source, settings.limit)
        told = detection({NAME: policy_of(source)})
        languages = {NAME: settings.language}
        planting = Planting(languages)
        size = shard_size(*(file.path for file in work.files))
        try:
            with compute(settings.workers):
                masked = mask_rows(work.rows(planting), scratch, checked_key(key), told, size, settings.workers, report)
                rows = masked.rows()
                work.write(draft, rows)
                planted = planting.estimates(rows)
                pairs = zip(work.records(), masked.rows(), strict=False)  # the copies come after the records
                second = read_again(
                    pairs, {NAME: work.size}, languages, scratch, told["model"], size, settings.workers, report
                )
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        made = FolderReport(
            masking=settings.masking, language=settings.language, replace=settings.replace, account=work.account,
            files=work.written, replaced=dict(sorted(work.replaced.items())), distinct=masked.distinct,
            missed=MissedPii(planted=planted, second=second, limit=settings.missed_limit),
        )  # fmt: skip
        write_json(draft / JSON, made.model_dump(mode="json"))
        write_atomic(draft / MARKDOWN, markdown(made))
    return made


def _check(folder: Path, out: Path) -> None:
    inside, outside = folder.resolve(), out.resolve()
    if outside == inside or inside in outside.parents:
        raise InputError(f"{out} lies in {folder}.", hint="Choose an --out outside: the input is never written into.")
    if outside in inside.parents:
        raise InputError(f"{folder} lies in {out}.", hint="Choose another --out: it is made anew, as a whole.")
    if out.is_symlink() or out.is_file() or (out.is_dir() and any(out.iterdir())):
        raise InputError(f"{out} is there already.", hint="Take it away, or choose another --out.")


class _Folder:
    """The files of a folder: read once to be masked, once to be written, once to be looked at again."""

    def __init__(self, source: Source, limit: int) -> None:
        self._source, self._limit = source, limit
        reading = Reading(source, limit)
        self.account: Account = reading.account
        self._reading = reading
        self.files = source_files(source, self.account)
        self._units: dict[str, int] = {}
        """How many were read of each file."""
        self._failed: set[str] = set()
        self.size = 0
        """Characters."""
        self.written: dict[str, str] = {}
        """Names of the masked files, by that of the file."""
        self.replaced: Counter[str] = Counter()

    def rows(self, planting: Planting) -> Iterator[dict[str, Any]]:
        """What the workers read: a row for each unit, then copies with planted values."""
        number = 0
        for file in self.files:
            self._units[file.name] = 0
            try:
                for unit in units(self._reading, file):
                    record = self._record(unit, number)
                    planting.offer(record)
                    row = row_of(record, number)
                    self.size += len(row["text"])
                    self._units[file.name] += 1
                    number += 1
                    yield row
            except SourceError as error:
                self._failed.add(file.name)
                self.account.skip_file(
                    PurePosixPath(file.name).suffix, "cannot be read", f"{file.name}: {error.message}"
                )
            else:
                self.account.files_read += 1
        if not self.size:
            raise EmptyCorpus(f"{self._source.location} holds no text.", hint="Is it the right folder?")
        yield from planting.rows(number)

    def write(self, out: Path, rows: Iterator[MaskedRow]) -> None:
        """Write every file again, from masked units; one that could not be read to its end is not written."""
        for file, found in self._again():
            if file.name in self._failed:
                for _ in found:
                    next(rows)
                continue
            name = free_name(written_name(file), self.written.values())
            self.written[file.name] = name
            with atomic_stream(out / name) as stream:
                for unit in found:
                    row = next(rows)
                    self.replaced.update(row.replaced if not row.dropped else {})
                    if row.dropped:
                        self.account.drop("held personal data", file.name)
                    else:
                        self.account.kept += 1
                        stream.write(unit.render(row.pieces).encode("utf-8", "replace"))

    def records(self) -> Iterator[Record]:
        """The records of the rows, in their order."""
        number = 0
        for _, found in self._again():
            for unit in found:
                yield self._record(unit, number)
                number += 1

    def _again(self) -> Iterator[tuple[File, Iterator[Unit]]]:
        # Of an account of its own, for what was dropped is counted already.
        reading = Reading(self._source, self._limit)
        return ((file, islice(units(reading, file), self._units[file.name])) for file in self.files)

    def _record(self, unit: Unit, number: int) -> Record:
        """A unit as the workers know it; of several pieces each stands for a message."""
        single = len(unit.pieces) == 1
        return Record(
            id=f"{NAME}/{number}", text=unit.pieces[0] if single else "", source=NAME, domain=NAME, licence="",
            messages=None if single else [{"role": "user", "content": piece} for piece in unit.pieces],
            keep_names=self._source.keep_names, replace=self._source.replace,
        )  # fmt: skip


def free_name(name: str, taken: Iterable[str]) -> str:
    """A name that no other file has been given: a.json and a.json.gz would both be a.json.jsonl."""
    if name not in taken:
        return name
    path = PurePosixPath(name)
    number = 2
    while (made := str(path.with_name(f"{path.stem}-{number}{path.suffix}"))) in taken:
        number += 1
    return made
