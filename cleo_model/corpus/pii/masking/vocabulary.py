"""The vocabulary of a corpus: which personal values occur in it. Kept as hashes, so it holds none of them.

Each worker surveys its shard; the surveys are united, on disk; every worker maps the united one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from cleo_model.corpus.pii.entities import ENTITIES, IDENTITY
from cleo_model.corpus.pii.masking.hashes import HashedMap, HashedSet, hash_of, mapped, write_hashes
from cleo_model.corpus.pii.masking.repeats import Repeats, entry
from cleo_model.corpus.pii.masking.unions import write_joined_map, write_union
from cleo_model.corpus.pii.surrogates.draw import WORD
from cleo_model.corpus.pii.surrogates.names import PARTICLES
from cleo_model.corpus.pii.values import plain, squash

NUMBER = {entity: number for number, entity in enumerate(ENTITIES, 1)}
MOST = 2**16
"""More types than these nobody has."""
# Found anywhere, these are replaced everywhere, where they are long enough that no ordinary text looks like them.
UNMISTAKABLE = frozenset(
    {"EMAIL_ADDRESS", "CREDIT_CARD", "IBAN_CODE", "BANK_ACCOUNT", "MAC_ADDRESS", "VEHICLE_ID", "DEVICE_ID", *IDENTITY}
)
LONG = 8
SETS = ("avoid", "names", "given", "family")
"""Parameters of `Surrogates`."""
MAPS: dict[str, np.ufunc] = {"heads": np.bitwise_or, "wholes": np.minimum}
"""Of `Repeats`, with what becomes of the numbers that a text has in several surveys."""
VALUE = "value "
"""Before the type, in the name of a set of values."""


def is_unmistakable(entity: str, value: str) -> bool:
    """Whether a value is to be replaced wherever it stands, also in other records."""
    if entity == "EMAIL_ADDRESS":
        return "@" in value
    letters = sum(char.isalnum() for char in value)
    known = entity in UNMISTAKABLE or entity not in NUMBER
    return known and letters >= LONG and any(char.isdigit() for char in value)


def numbered(own: Iterable[str]) -> dict[str, int]:
    """The numbers of all types. Those of a user's own recognizers are least: where finds overlap they come first."""
    return {entity: number for number, entity in enumerate([*sorted(own), *ENTITIES], 1)}


class Survey:
    """What occurs in a part of a corpus.

    Args:
        numbers: of the types.
    """

    def __init__(self, numbers: Mapping[str, int] = NUMBER) -> None:
        self._numbers = numbers
        self._sets: defaultdict[str, set[int]] = defaultdict(set)
        self._heads: defaultdict[str, int] = defaultdict(int)
        self._wholes: dict[str, int] = {}

    def add(self, entity: str, value: str) -> None:
        """Take note of a value that was found."""
        self._sets[f"{VALUE}{entity}"].add(hash_of(squash(value)))
        if entity == "PERSON":
            self._add_name(value)
        if is_unmistakable(entity, value) and (known := entry(value)):
            first, count, whole = known
            self._heads[first] |= 1 << count
            # The type with the least number, whatever the order in which they come.
            self._wholes[whole] = min(self._wholes.get(whole, MOST), self._numbers[entity])

    def _add_name(self, value: str) -> None:
        words = [word.strip(".,") for word in value.split()]
        self._sets["names"].update(hash_of(squash(word)) for word in (*words, *WORD.findall(value)) if len(word) > 2)
        named = [word for word in words if len(word) > 2 and word.lower() not in PARTICLES]
        if len(named) > 1:
            self._sets["given"].update(hash_of(plain(word)) for word in named[:-1])
            self._sets["family"].add(hash_of(plain(named[-1])))

    def save(self, folder: Path) -> None:
        """Write what was noted into a folder, sorted."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, found in self._sets.items():
            write_hashes(folder / name, np.sort(np.fromiter(found, dtype=np.uint64, count=len(found))))
        for name, known in (("heads", self._heads), ("wholes", self._wholes)):
            keys = np.fromiter(map(hash_of, known), dtype=np.uint64, count=len(known))
            values = np.fromiter(known.values(), dtype=np.uint64, count=len(known))
            order = np.argsort(keys, kind="stable")
            for path, array in zip(_files(folder, name), (keys, values), strict=True):
                write_hashes(path, array[order])


class Vocabulary:
    """The surveys of all parts, united in a folder."""

    def __init__(self, folder: Path) -> None:
        sets = {name: HashedSet(mapped(folder / name)) for name in SETS}
        self.avoid, self.names, self.given, self.family = (sets[name] for name in SETS)
        self._folder = folder

    def everywhere(self) -> Repeats:
        """The index of values that are replaced wherever they stand."""
        heads, wholes = (HashedMap.load(_files(self._folder, name)) for name in MAPS)
        return Repeats(heads, wholes)


def unite(surveys: Sequence[Path], folder: Path) -> dict[str, int]:
    """Write the vocabulary into `folder`; returns how many different values there are of each type."""
    folder.mkdir(parents=True, exist_ok=True)
    values = sorted({path.name for survey in surveys for path in survey.iterdir() if path.name.startswith(VALUE)})
    counts = {name.removeprefix(VALUE): write_union(_all(surveys, name), folder / name) for name in values}
    write_union([folder / name for name in values], folder / "avoid")
    for name in SETS:
        if name != "avoid":
            write_union(_all(surveys, name), folder / name)
    for name, join in MAPS.items():
        write_joined_map([_files(survey, name) for survey in surveys], _files(folder, name), join)
    for name in values:
        (folder / name).unlink()
    return counts


def _all(surveys: Sequence[Path], name: str) -> list[Path]:
    return [path for survey in surveys if (path := survey / name).is_file()]


def _files(folder: Path, name: str) -> tuple[Path, Path]:
    """Where the keys and the values of a map lie."""
    return folder / f"{name} keys", folder / f"{name} values"
