"""Draws under a key: the same value gives the same draw each time, and nobody without the key can test a guess."""

from __future__ import annotations

import hashlib
import hmac
import random
import re
from collections.abc import Callable, Container

from cleo_model.corpus.pii.values import squash

ATTEMPTS = 64
WORD = re.compile(r"[^\W\d_]{3,}")


class Draw:
    """Random choices that are decided by HMAC-SHA256 of a value, and by nothing that was drawn before.

    So the order in which values come does not matter: any number of processes draw the same.

    Args:
        key: secret of at least 16 bytes.
        avoid: squashed values that occur; nothing that is drawn is one of them, as long as there are others.
        names: words of names that occur, squashed; nothing that is drawn has one of them in it, as a street would that
            is called after somebody.
        scope: values of different scopes get different draws.
    """

    def __init__(
        self,
        key: bytes,
        avoid: Container[str] = frozenset(),
        names: Container[str] = frozenset(),
        scope: str = "corpus",
    ) -> None:
        self.key, self.scope = key, scope
        self._avoid, self._names = avoid, names

    def rng(self, *about: str) -> random.Random:
        """A generator that is seeded by these words."""
        digest = hmac.new(self.key, "\0".join((self.scope, *about)).encode("utf-8", "surrogatepass"), hashlib.sha256)
        return random.Random(int.from_bytes(digest.digest()[:16], "big"))  # noqa: S311 - seeded by an HMAC

    def first(self, kind: str, value: str, make: Callable[[random.Random], str]) -> str:
        """The first that `make` makes for this value and that does not occur in the corpus."""
        made = ""
        for attempt in range(ATTEMPTS):
            made = make(self.rng(kind, value, str(attempt)))
            if self.is_free(made):
                break
        return made

    def is_free(self, made: str) -> bool:
        """Whether it is no value that occurs, and has no word of a name in it."""
        return squash(made) not in self._avoid and not any(squash(word) in self._names for word in WORD.findall(made))
