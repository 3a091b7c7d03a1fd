"""Texts as sorted 64-bit hashes in a file: a million take 8 MB, and all processes share them.

By chance one text in 10**12 is taken for a member of a set of ten million that it is not in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]


def hash_of(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


def write_hashes(path: Path, hashes: Hashes) -> None:
    """Write an array as it is in memory."""
    with path.open("wb") as stream:
        hashes.astype(np.uint64, copy=False).tofile(stream)


def mapped(path: Path) -> Hashes:
    """What `write_hashes` wrote, mapped from the file, not read."""
    if not path.stat().st_size:
        return np.zeros(0, dtype=np.uint64)
    return np.memmap(path, dtype=np.uint64, mode="r")


class HashedSet:
    """Says whether a text is one of those that were hashed."""

    def __init__(self, hashes: Hashes) -> None:
        self.hashes = hashes

    def __contains__(self, text: object) -> bool:
        wanted = np.uint64(hash_of(str(text)))
        place = int(np.searchsorted(self.hashes, wanted))
        return place < len(self.hashes) and bool(self.hashes[place] == wanted)

    def __len__(self) -> int:
        return len(self.hashes)


class HashedMap:
    """From hashed texts to small numbers; 0 is no member."""

    def __init__(self, hashes: Hashes, values: NDArray[np.uint64]) -> None:
        self.hashes, self.values = hashes, values

    def many(self, texts: Sequence[str]) -> list[int]:
        """The numbers of these texts."""
        if not len(self.hashes) or not texts:
            return [0] * len(texts)
        wanted = np.fromiter(map(hash_of, texts), dtype=np.uint64, count=len(texts))
        places = np.minimum(np.searchsorted(self.hashes, wanted), len(self.hashes) - 1)
        found: list[int] = np.where(self.hashes[places] == wanted, self.values[places], 0).tolist()
        return found

    @classmethod
    def load(cls, files: tuple[Path, Path]) -> HashedMap:
        """From the files of its keys and its values, mapped and not read."""
        return cls(*map(mapped, files))
