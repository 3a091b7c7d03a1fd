"""Unions of sorted 64-bit hashes that lie in files, made piece by piece: memory does not grow with how many there are.

Hashes are spread evenly, so every file is cut at the same hashes into pieces of about the same size; a piece of all
files is united in memory, written, and forgotten.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cleo_model.corpus.pii.masking.hashes import Hashes, mapped

PIECE = 2**17
"""Hashes of all files that are in memory at a time."""


def write_union(files: Sequence[Path], path: Path) -> int:
    """Write each hash of these files once, sorted; returns how many there are."""
    count = 0
    with path.open("wb") as stream:
        for cuts in _cuts(files):
            united = np.unique(_joined([mapped(file)[cut] for file, cut in zip(files, cuts, strict=True)]))
            count += len(united)
            united.tofile(stream)
    return count


def write_joined_map(files: Sequence[tuple[Path, Path]], path: tuple[Path, Path], join: np.ufunc) -> None:
    """Write each key of these files (keys, values) once, sorted, with the values that it has, joined."""
    with path[0].open("wb") as keys, path[1].open("wb") as values:
        for cuts in _cuts([file for file, _ in files]):
            pairs = list(zip(files, cuts, strict=True))
            found = _joined([mapped(file)[cut] for (file, _), cut in pairs])
            order = np.argsort(found, kind="stable")
            united, starts = np.unique(found[order], return_index=True)
            united.tofile(keys)
            if len(united):
                numbers = _joined([mapped(file)[cut] for (_, file), cut in pairs])
                join.reduceat(numbers[order], starts).astype(np.uint64).tofile(values)


def _joined(parts: Sequence[Hashes]) -> Hashes:
    return np.concatenate([np.zeros(0, dtype=np.uint64), *parts])


def _cuts(files: Sequence[Path]) -> Iterator[list[slice]]:
    """Of each piece, where it lies in each file."""
    count = -(-sum(file.stat().st_size for file in files) // (8 * PIECE)) or 1
    start = [0] * len(files)
    for number in range(1, count + 1):
        end = [_place(file, number, count) for file in files]
        yield [slice(low, high) for low, high in zip(start, end, strict=True)]
        start = end


def _place(file: Path, number: int, count: int) -> int:
    """Where the piece of this number ends in a file."""
    hashes: NDArray[np.uint64] = mapped(file)
    return len(hashes) if number == count else int(np.searchsorted(hashes, np.uint64(number * 2**64 // count)))
