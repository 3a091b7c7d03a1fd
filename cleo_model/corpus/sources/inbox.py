"""The inbox: what lies in CLEO_HOME/inbox is a source of every corpus, beside those that are declared.

A source that is declared under its name takes its place, with a licence and a domain of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from cleo_core.settings import home
from cleo_model.corpus.sources.files import File, source_files
from cleo_model.corpus.sources.source import Source
from cleo_model.errors import SourceError, UnsafePath

NAME = "inbox"


def inbox() -> Path:
    """The folder; made where it is not there."""
    return home(NAME)


def inbox_files() -> list[File]:
    """The files of the inbox that are read; none where it is empty or holds no format that is known.

    Raises:
        UnsafePath: a link, or a special file, lies in it.
    """
    try:
        return source_files(_source("documentation", "?"))
    except UnsafePath:
        raise
    except SourceError:
        return []


def with_inbox(sources: Iterable[Source], *, domain: str, licence: str) -> tuple[Source, ...]:
    """The sources, and the inbox where something lies in it and no source is called so."""
    listed = tuple(sources)
    if any(source.name == NAME for source in listed) or not inbox_files():
        return listed
    return (*listed, _source(domain, licence))


def _source(domain: str, licence: str) -> Source:
    return Source(name=NAME, domain=domain, location=str(inbox()), licence=licence, origin="CLEO_HOME/inbox")
