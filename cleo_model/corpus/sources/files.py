"""The files of a source: which of a folder are read, in which format, and why the others are not.

Dot-files and dot-folders (.git, .ipynb_checkpoints) are no text of anybody's and are skipped. Links are refused, never
followed, but for those that the hub's cache is made of.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cleo_model.corpus.account import Account, shown
from cleo_model.corpus.sources.formats import DOCUMENTS, OF_KIND, Format, binary, detect, told_suffix
from cleo_model.corpus.sources.hub_cache import (
    INFO,
    SPLIT_LIST,
    STATE,
    is_cached_file,
    is_saved,
    repository_of,
    snapshot_of,
    split_of,
)
from cleo_model.corpus.sources.source import Source
from cleo_model.corpus.sources.streams import head_of
from cleo_model.errors import SourceError, UnsafePath

HOLD_ZEROS: frozenset[Format] = frozenset({"parquet", "arrow", "pdf"})
OF_DATA_SET = frozenset({STATE, INFO, SPLIT_LIST})
KIND_OF_ONE: dict[str, Format] = {"jsonl": "jsonl", "parquet": "parquet", "text": "text"}
"""What a file is taken for that is named itself, where neither its name nor its bytes tell."""


@dataclass(frozen=True, slots=True)
class File:
    """A file that is read."""

    name: str
    """Relative to the source, in characters that can be written."""
    path: Path
    format: Format


def source_files(source: Source, account: Account | None = None) -> list[File]:
    """The files of a local source, sorted by name; those that are not read are in the account.

    Raises:
        SourceError: there is no such file, or none that can be read.
        UnsafePath: a link, or a special file, lies in the folder.
    """
    account = account if account is not None else Account(name=source.name)
    root = Path(source.location).expanduser()
    if root.is_symlink() and not is_cached_file(root):
        raise UnsafePath(
            f"Source {source.name!r}: {shown(str(root))} is a link.", hint="Name the file or folder itself."
        )
    if root.is_file():
        account.files_seen += 1
        return [_only(source, root)]
    if not root.is_dir():
        raise SourceError(f"Source {source.name!r}: {shown(str(root))} is not there.", hint="Check `location`.")
    found = list(_chosen(source, snapshot_of(root), account))
    if not found:
        skipped = "; ".join(f"{why} ({each.count})" for why, each in account.files_skipped.items())
        raise SourceError(
            f"Source {source.name!r}: {shown(str(root))} holds no text that is read"
            f"{f' as kind {source.kind}' if source.kind in OF_KIND else ''}. Skipped: {skipped or 'nothing is in it'}.",
            hint="Check `location` and `kind` (files reads every known format), or state the `format`.",
        )
    return found


def _only(source: Source, path: Path) -> File:
    """A file that is named itself is read whatever it is called."""
    name = told_name(path.name)
    head = _head(source, path)
    format = source.format or detect(path.name, head)
    if kind := _binary(source, head, format):
        raise SourceError(
            f"Source {source.name!r}: {shown(str(path))} is {kind}, and holds no text that can be read.",
            hint="Export it as text, Markdown, HTML, CSV or JSON Lines.",
        )
    return File(name, path, format or KIND_OF_ONE.get(source.kind, "text"))


def _binary(source: Source, head: bytes, format: Format | None) -> str | None:
    """What a file is that holds no text, in words."""
    return None if source.encoding or format in HOLD_ZEROS else binary(head)


def _chosen(source: Source, root: Path, account: Account) -> Iterator[File]:
    data_set = is_saved(root) or (repository_of(root) is not None and repository_of(root) != root)
    found = []
    for name, path in _walk(source, root, account):
        account.files_seen += 1
        if data_set and path.name in OF_DATA_SET:
            account.skip_file(told_suffix(path.name), "describes the data set", name)
            continue
        try:
            head = _head(source, path)
        except SourceError as error:
            if source.on_error == "stop":
                raise
            account.skip_file(told_suffix(path.name), "cannot be read", f"{name}: {error.message}")
            continue
        format = source.format or detect(path.name, head)
        if kind := _binary(source, head, format):
            account.skip_file(told_suffix(path.name), f"{kind}, no text", name)
        elif format is None:
            account.skip_file(told_suffix(path.name), "no format that is known; state `format` to read it", name)
        elif format not in OF_KIND.get(source.kind, {format}):
            account.skip_file(told_suffix(path.name), f"not of kind {source.kind}; kind files reads it", name)
        elif not head.strip():
            account.skip_file(told_suffix(path.name), "empty", name)
        else:
            found.append(File(name, path, format))
    yield from _of_split(source, found, account) if data_set else found


def _of_split(source: Source, files: list[File], account: Account) -> Iterator[File]:
    """Of a data set its records, and of its splits the one that is asked for."""
    if any(file.format not in DOCUMENTS for file in files):
        for file in [file for file in files if file.format in DOCUMENTS]:
            account.skip_file(told_suffix(file.name), "describes the data set", file.name)
        files = [file for file in files if file.format not in DOCUMENTS]
    splits = {file.name: split_of(file.name) for file in files}
    for file in files:
        if any(splits.values()) and splits[file.name] != split_of(source.split):
            account.skip_file(told_suffix(file.name), f"not of split {source.split}", file.name)
        else:
            yield file


def _walk(source: Source, root: Path, account: Account) -> Iterator[tuple[str, Path]]:
    def failed(error: OSError) -> None:
        raise SourceError(
            f"Source {source.name!r}: {shown(str(error.filename))} cannot be read: {error.strerror}.",
            hint="Check its permissions.",
        ) from None

    found = []
    for folder, folders, files in os.walk(root, onerror=failed):
        for name in [name for name in folders if name.startswith(".")]:
            account.files_seen += 1
            account.skip_file("dot-folder", "hidden", told_name(os.path.relpath(os.path.join(folder, name), root)))
            folders.remove(name)
        for name in [*folders, *files]:
            path = Path(folder, name)
            relative = told_name(path.relative_to(root).as_posix())
            if name.startswith("."):
                account.files_seen += 1
                account.skip_file("dot-file", "hidden", relative)
            elif is_cached_file(path):
                found.append((relative, path))
            elif path.is_symlink() or not (path.is_file() or path.is_dir()):
                raise UnsafePath(
                    f"Source {source.name!r}: {shown(relative)} is a link or a special file.",
                    hint="Links could lead out of the folder: put the file itself there, or take it away.",
                )
            elif path.is_file():
                found.append((relative, path))
                if relative != path.relative_to(root).as_posix():
                    account.change("file name is not UTF-8, and is written so", relative)
    yield from sorted(found)


def told_name(name: str) -> str:
    r"""A file name in characters that can be written: bytes that are no UTF-8 as `\xe9`."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _head(source: Source, path: Path) -> bytes:
    try:
        return head_of(path)
    except OSError as error:
        raise SourceError(
            f"Source {source.name!r}: {shown(str(path))} cannot be read: {error.strerror or error}.",
            hint="Check that it is there and may be read.",
        ) from None
