"""The vocabulary of a corpus: which personal values occur in it. Kept as hashes, so it holds none of them.

Each worker surveys its shard; the surveys are united; every worker reads the united one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from cleo_model.corpus.pii.entities import ENTITIES, IDENTITY
from cleo_model.corpus.pii.masking.hashes import HashedMap, HashedSet, Hashes, hash_of
from cleo_model.corpus.pii.masking.repeats import Repeats, entry
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


def is_unmistakable(entity: str, value: str) -> bool:
    """Whether a value is to be replaced wherever it stands, also in other records."""
    if entity == "EMAIL_ADDRESS":
        return "@" in value
    letters = sum(char.isalnum() for char in value)
    known = entity in UNMISTAKABLE or entity not in NUMBER
    return known and letters >= LONG and any(char.isdigit() for char in value)


def numbered(own: Iterable[str]) -> dict[str, int]:
    """The numbers of all types, with those of a user's own recognizers behind."""
    return {**NUMBER, **{entity: number for number, entity in enumerate(sorted(own), len(NUMBER) + 1)}}


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
        self._sets[f"value {entity}"].add(hash_of(squash(value)))
        if entity == "PERSON":
            self._add_name(value)
        if is_unmistakable(entity, value) and (known := entry(value)):
            first, count, whole = known
            self._heads[first] |= 1 << count
            # The first type in the order of ENTITIES, whatever the order in which they come.
            self._wholes[whole] = min(self._wholes.get(whole, MOST), self._numbers[entity])

    def _add_name(self, value: str) -> None:
        words = [word.strip(".,") for word in value.split()]
        self._sets["names"].update(hash_of(squash(word)) for word in (*words, *WORD.findall(value)) if len(word) > 2)
        named = [word for word in words if len(word) > 2 and word.lower() not in PARTICLES]
        if len(named) > 1:
            self._sets["given"].update(hash_of(plain(word)) for word in named[:-1])
            self._sets["family"].add(hash_of(plain(named[-1])))

    def save(self, path: Path) -> None:
        arrays = {name: np.array(sorted(found), dtype=np.uint64) for name, found in self._sets.items()}
        for name, known in (("heads", self._heads), ("wholes", self._wholes)):
            arrays[f"{name} keys"] = np.fromiter(map(hash_of, known), dtype=np.uint64, count=len(known))
            arrays[f"{name} values"] = np.fromiter(known.values(), dtype=np.uint64, count=len(known))
        np.savez(path, **arrays)  # type: ignore[arg-type]  # numpy's stub takes them for its one flag


class Vocabulary:
    """The surveys of all parts, united in a folder."""

    def __init__(self, folder: Path) -> None:
        sets = {name: HashedSet(np.load(folder / f"{name}.npy", mmap_mode="r")) for name in SETS}
        self.avoid, self.names, self.given, self.family = (sets[name] for name in SETS)
        self._folder = folder

    def everywhere(self) -> Repeats:
        """The index of values that are replaced wherever they stand."""
        return Repeats(HashedMap.load(self._folder, "heads"), HashedMap.load(self._folder, "wholes"))


def unite(surveys: Iterable[Path], folder: Path) -> dict[str, int]:
    """Write the vocabulary into `folder`; returns how many different values there are of each type."""
    parts: defaultdict[str, list[Hashes]] = defaultdict(list)
    for path in surveys:
        with np.load(path, allow_pickle=False) as found:
            for name in found.files:
                parts[name].append(found[name])
    sets = {
        name: np.unique(np.concatenate(each)) for name, each in parts.items() if " " not in name or "value " in name
    }
    values = {name.removeprefix("value "): each for name, each in sets.items() if name.startswith("value ")}
    none = np.zeros(0, dtype=np.uint64)
    folder.mkdir(parents=True, exist_ok=True)
    sets["avoid"] = np.unique(np.concatenate([none, *values.values()]))
    for name in SETS:
        np.save(folder / f"{name}.npy", sets.get(name, none))
    for name, join in (("heads", np.bitwise_or), ("wholes", np.minimum)):
        keys = np.concatenate([none, *parts[f"{name} keys"]])
        united, where = np.unique(keys, return_inverse=True)
        start = np.full(len(united), 0 if join is np.bitwise_or else MOST, dtype=np.uint64)
        join.at(start, where, np.concatenate([none, *parts[f"{name} values"]]))
        HashedMap(united, start).save(folder, name)
    return {entity: len(each) for entity, each in sorted(values.items())}
