"""The built-in sources by name."""

from __future__ import annotations

import random
from collections.abc import Iterator

from cleo_model.corpus.sources.item import Item
from cleo_model.corpus.sources.source import Source
from cleo_model.errors import SourceError

__all__ = ["read_builtin", "unknown_builtin"]

PERSONAS = 420


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
        rng = random.Random(f"dialogues {seed}")  # noqa: S311 - reproducible text, not a secret
        yield from ((item, []) for item in small_talk(rng))
        yield from personas(rng, PERSONAS)
        yield from ((item, []) for item in questions(rng))
    else:
        raise unknown_builtin(source.location)


def unknown_builtin(location: str) -> SourceError:
    return SourceError(
        f"There is no built-in source {location!r}.", hint="There are sotu, documentation, chatterbot and dialogues."
    )
