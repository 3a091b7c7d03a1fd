"""A find: where a finder saw personal data; and the union of finds, which never unmasks a character."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from cleo_model.corpus.pii.entities import DENIED, DIRECT, ENTITIES

RANK = {entity: rank for rank, entity in enumerate(ENTITIES, 1)}
OWN = 0
"""Rank of the types of a user's own recognizers."""


@dataclass(frozen=True, slots=True)
class Find:
    """Characters `start` to `end` (exclusive) of a text that are personal data of a type."""

    start: int
    end: int
    entity: str
    score: float = 1.0
    finder: str = ""
    """Which finder saw it: for the account of who finds what."""


class Finder(Protocol):
    """Finds personal data in texts; another method of finding is another class with this face."""

    name: str

    def find(self, texts: Sequence[str]) -> list[list[Find]]:
        """The finds of each text, in no order; they may overlap."""
        ...


def _is_listed(find: Find, start: int, end: int) -> bool:
    """Whether it is a value of a deny list and all that is found there: a mail address that holds one stays one."""
    return find.entity == DENIED and (find.start, find.end) == (start, end)


def union(finds: Iterable[Find], masked: Collection[str]) -> list[Find]:
    """One find for each stretch of characters that finds of these types cover, in order.

    Finds are united, never voted down: each character that any of them covers is covered by the result. Finds that
    overlap become one, which carries the first of their types: a user's own, else in the order of ENTITIES.
    """
    merged: list[Find] = []
    for find in sorted((f for f in finds if f.entity in masked and f.start < f.end), key=lambda f: (f.start, f.end)):
        if not merged or find.start >= merged[-1].end:
            merged.append(find)
            continue
        last = merged[-1]
        end = max(last.end, find.end)
        first = min(last, find, key=lambda f: OWN if _is_listed(f, last.start, end) else RANK.get(f.entity, OWN))
        merged[-1] = Find(last.start, end, first.entity, max(last.score, find.score), first.finder)
    return merged


def needed(finds: Iterable[Find], size: int) -> list[Find]:
    """Without finds that cover nothing more than likelier ones before them, whose types are the better ones.

    Args:
        size: of the text.
    """
    needed: list[Find] = []
    direct, every = bytearray(size), bytearray(size)
    for find in finds:
        length = find.end - find.start
        if (direct if find.entity in DIRECT else every).count(1, find.start, find.end) < length:
            needed.append(find)
            every[find.start : find.end] = b"\1" * length
            if find.entity in DIRECT:
                direct[find.start : find.end] = b"\1" * length
    return needed
