"""Texts of the evaluation inside other texts: by shared sequences of ten words, as datatrove's decontamination does.

An evaluation text shorter than ten words is looked for whole; one of fewer than five is too common to mean anything.
The index is two arrays for each length, read by all workers from the same memory: it may hold millions of sequences.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from datatrove.data import Document
from datatrove.pipeline.filters.base_filter import BaseFilter
from numpy.typing import NDArray

from cleo_model.corpus.curate.words import ngram_hashes, words_of

LONG, SHORT = 10, 5
"""Words of a sequence: so many that a common phrase is no hit; and the fewest of a text that is looked for whole."""


class Overlap:
    """Finds which of some texts stand, in part or whole, in another text; texts are known by their number."""

    def __init__(self, index: dict[int, tuple[NDArray[np.uint64], NDArray[np.int64]]]) -> None:
        self._index = index

    @classmethod
    def of(cls, texts: Sequence[str]) -> Overlap:
        """The index of these texts."""
        hashes: dict[int, list[NDArray[np.uint64]]] = {}
        numbers: dict[int, list[NDArray[np.int64]]] = {}
        for number, text in enumerate(texts):
            words = words_of(text)
            size = min(len(words), LONG)
            if size >= SHORT:
                grams = np.unique(ngram_hashes(words, size))
                hashes.setdefault(size, []).append(grams)
                numbers.setdefault(size, []).append(np.full(len(grams), number, dtype=np.int64))
        index = {}
        for size, parts in hashes.items():
            joined, owners = np.concatenate(parts), np.concatenate(numbers[size])
            order = np.argsort(joined, kind="stable")
            index[size] = joined[order], owners[order]
        return cls(index)

    def save(self, folder: Path) -> None:
        """Write the arrays into a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        for size, (hashes, numbers) in self._index.items():
            np.save(folder / f"words-{size}.npy", hashes)
            np.save(folder / f"texts-{size}.npy", numbers)

    @classmethod
    def load(cls, folder: Path) -> Overlap:
        """What `save` wrote, left on disk and read where it is looked up."""
        return cls(
            {
                int(path.stem.removeprefix("words-")): (
                    np.load(path, mmap_mode="r"),
                    np.load(path.with_name(path.name.replace("words-", "texts-")), mmap_mode="r"),
                )
                for path in sorted(folder.glob("words-*.npy"))
            }
        )

    def find(self, text: str) -> list[int]:
        """Numbers of the texts that share a sequence of words with this one, in order."""
        words = words_of(text)
        found: set[int] = set()
        for size, (hashes, numbers) in self._index.items():
            grams = np.unique(ngram_hashes(words, size))
            low, high = np.searchsorted(hashes, grams, "left"), np.searchsorted(hashes, grams, "right")
            for start, end in zip(low[low < high], high[low < high], strict=True):
                found.update(numbers[start:end].tolist())
        return sorted(found)

    def shares(self, texts: Iterable[str], count: int) -> list[float]:
        """Of each of the `count` texts of the index, the share of its sequences that stand in any of these texts."""
        seen = {size: np.zeros(len(hashes), dtype=bool) for size, (hashes, _) in self._index.items()}
        for text in texts:
            words = words_of(text)
            for size, (hashes, _) in self._index.items():
                grams = np.unique(ngram_hashes(words, size))
                low, high = np.searchsorted(hashes, grams, "left"), np.searchsorted(hashes, grams, "right")
                for start, end in zip(low[low < high], high[low < high], strict=True):
                    seen[size][start:end] = True
        found, whole = np.zeros(count), np.zeros(count)
        for size, (_, numbers) in self._index.items():
            found += np.bincount(numbers, weights=seen[size], minlength=count)
            whole += np.bincount(numbers, minlength=count)
        return [float(share) for share in found / np.maximum(whole, 1)]


class DecontaminationFilter(BaseFilter):  # type: ignore[misc]  # datatrove is untyped
    """Drops documents that share words with the evaluation, and notes with which of its texts."""

    name = "decontamination"

    def __init__(self, index_folder: str, exclusion_writer: Any = None) -> None:
        super().__init__(exclusion_writer)
        self._folder = Path(index_folder)
        self._overlap: Overlap | None = None

    def filter(self, doc: Document) -> bool | tuple[bool, str]:
        if self._overlap is None:
            self._overlap = Overlap.load(self._folder)
        if found := self._overlap.find(doc.text):
            doc.metadata["evaluation"] = found
            return False, "in_evaluation"
        return True
