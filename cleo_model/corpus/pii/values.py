"""How values of personal data are compared: the same value in another case, spacing or punctuation is the same."""

from __future__ import annotations

import re
import unicodedata

# Hyphens, dots and slashes count between digits alone: a-b@x.org and ab@x.org are two addresses.
_JOINS = re.compile(r"\s+|(?<=[\d)\s])[-./()\u2010-\u2015]+(?=[\s\d(])|[()]")


def fold(value: str) -> str:
    """Without case and white space, in compatibility form."""
    return "".join(unicodedata.normalize("NFKC", value).casefold().split())


def squash(value: str) -> str:
    """As `fold`, and without what sets digits apart: (212) 736-5041 is 212.736.5041."""
    return _JOINS.sub("", unicodedata.normalize("NFKC", value).casefold())


def plain(word: str) -> str:
    """A word of a name as it stands in an address of mail: letters a to z, small."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", word.casefold()) if not unicodedata.combining(c))
    return re.sub(r"[^a-z]", "", bare)
