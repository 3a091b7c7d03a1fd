"""Figures of history, whose names are left: a text that says that Abraham Lincoln was born in 1809 must stay true."""

from __future__ import annotations

import unicodedata
from functools import cache

import regex  # type: ignore[import-untyped]  # it has no stubs

from cleo_model.corpus.pii.patterns.lists import all_listed

RANK = regex.compile(
    r"(?i)^(?:(?:president|prime minister|king|queen|emperor|empress|general|admiral|captain|sir|lord|lady|saint|st\.?"
    r"|pope|chancellor|tsar|kaiser|senator|governor|chief justice|the|mr\.?|mrs\.?|dr\.?)\s+)+"
)


@cache
def _figures() -> frozenset[str]:
    return frozenset(map(_plain, all_listed("figures")))


def _plain(name: str) -> str:
    bare = "".join(char for char in unicodedata.normalize("NFD", name) if not unicodedata.combining(char))
    return " ".join(bare.replace(".", ". ").casefold().split()).strip("., ")


def is_figure(name: str) -> bool:
    """Whether a name, with or without a rank before it, is that of a figure of history; whole names but for a few."""
    name = regex.sub(r"['’]s?$", "", name)
    return _plain(name) in _figures() or _plain(RANK.sub("", name)) in _figures()
