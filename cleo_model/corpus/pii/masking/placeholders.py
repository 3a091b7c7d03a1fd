"""Placeholders: `[PERSON_1]` in place of a value, numbered within a record; one person is one number."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable

from cleo_model.corpus.pii.surrogates.names import PARTICLES, SUFFIXES
from cleo_model.corpus.pii.values import plain, squash

WRITTEN = re.compile(r"\[([A-Z][A-Z0-9_]*)_(\d+)\]")


class Placeholders:
    """The placeholders of one record.

    Args:
        text: of the record: a number that stands in it already is not given again.
        values: type and value of what will be replaced, in the order of the text.
    """

    def __init__(self, text: str, values: Iterable[tuple[str, str]]) -> None:
        self._last: Counter[str] = Counter()
        for found in WRITTEN.finditer(text):
            self._last[found[1]] = max(self._last[found[1]], int(found[2]))
        self._given: dict[tuple[str, str], int] = {}
        values = list(values)
        self._same = _people(value for entity, value in values if entity == "PERSON")

    def __call__(self, entity: str, value: str) -> str:
        known = self._same.get(squash(value), squash(value)) if entity == "PERSON" else squash(value)
        if (entity, known) not in self._given:
            self._last[entity] += 1
            self._given[entity, known] = self._last[entity]
        return f"[{entity}_{self._given[entity, known]}]"


def _people(names: Iterable[str]) -> dict[str, str]:
    """The fullest form of the name of the same person, for each name: by the words and initials that they share."""
    found = {squash(name): _parts(name) for name in names}
    fullest = sorted(found, key=lambda name: (-len(found[name]), -sum(map(len, found[name])), name))
    # By their words, so that each name is compared with those alone that may be the same person.
    by_word: defaultdict[str, list[str]] = defaultdict(list)
    same: dict[str, str] = {}
    for name in fullest:
        parts = found[name]
        words = [part for part in parts if len(part) > 1] or [f"{''.join(part[0] for part in parts)} initials"]
        # Whoever is the same person shares every word: the rarest has the fewest to compare.
        candidates = min((by_word[word] for word in words), key=len)
        same[name] = next((each for each in candidates if _is_same(parts, found[each])), name)
        if same[name] == name:
            for word in {*parts, f"{''.join(part[0] for part in parts)} initials"}:
                by_word[word].append(name)
    return same


def _parts(name: str) -> list[str]:
    if re.fullmatch(r"[A-Z]{2}|(?:[A-Z]\.\s?){2,3}", name):  # RT, R.T.
        return [letter.lower() for letter in name if letter.isalpha()]
    parts = [plain(part) for part in re.split(r"[\s-]+", name)]
    return [part for part in parts if part and part not in PARTICLES and part not in SUFFIXES]


def _is_same(short: list[str], full: list[str]) -> bool:
    """Whether each part of the shorter name is one of the fuller's, in order, or its first letter."""
    left = iter(full)
    return all(any(part == each or (len(part) == 1 and each.startswith(part)) for each in left) for part in short)
