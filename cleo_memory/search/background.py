"""What an embedder takes for near although it has nothing to do with the question: the floor of relevance by meaning.

Cosines do not say how well a memory fits: with all-MiniLM two English sentences without a common subject have 0.06, two
German ones 0.4, two Korean ones 0.6, and other models have other figures again. So each question is also compared with
sentences that nobody asked about (`background.json`, in thirteen languages), and what counts of a memory is by how much
it is nearer than those. A question in a language that the embedder cannot read is as near to them as to anything, and
meaning then says nothing.
"""

from __future__ import annotations

import json
import sys
from hashlib import sha256
from importlib.resources import files
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cleo_memory.search.documents import Document
from cleo_memory.search.relevance import Ground
from cleo_memory.search.scan import dequantize, quantize
from cleo_memory.search.scripts import latin

if TYPE_CHECKING:
    from cleo_memory.search.embedding import Embedder

SENTENCES: tuple[str, ...] = tuple(json.loads((files(__package__) / "background.json").read_text(encoding="utf-8")))
LATIN_ONLY = ("minilm-int8@", "minilm@")
"""Embedders of ours that were trained on English: other scripts are letters to them, and no words."""
UNREAD = 0.5
AT = 1_767_225_600.0
"""Memories are embedded with their day, so these are too."""


class Background:
    """The sentences' vectors: the default embedder's are shipped, any other makes them when they are asked for."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._vectors: NDArray[np.float32] | None = None
        self._making = Lock()

    def of(self, text: str, vector: NDArray[np.float32]) -> Ground:
        """What a question, with its vector ``[dim]``, is measured from."""
        with self._making:
            if self._vectors is None:
                self._vectors = _shipped(self._embedder.name)
            if self._vectors is None:
                self._vectors = embedded(self._embedder)
        unread = self._embedder.name.startswith(LATIN_ONLY) and latin(text) < 0.5
        return Ground(trust=UNREAD if unread else 1.0, background=self._vectors).seen_from(vector)


def embedded(embedder: Embedder) -> NDArray[np.float32]:
    """The sentences' vectors ``[n, dim]``."""
    from cleo_memory.search.embedding import passage

    return embedder.embed([passage(Document(id="", text=text, at=AT)) for text in SENTENCES])


def _shipped(name: str) -> NDArray[np.float32] | None:
    with (files(__package__) / "background.npz").open("rb") as file, np.load(file, allow_pickle=False) as held:
        if (str(held["embedder"]), int(held["digest"])) != (name, _digest()):
            return None
        return dequantize(held["numbers"], held["scales"])


def _digest() -> int:
    """Of the sentences: vectors of others are not theirs."""
    return int.from_bytes(sha256("\n".join(SENTENCES).encode()).digest()[:6], "big")


def main() -> None:
    """``python -m cleo_memory.search.background FILE`` makes the shipped file again."""
    from cleo_memory.search.embedding import open_embedder

    embedder = open_embedder()
    numbers, scales = quantize(embedded(embedder))
    np.savez_compressed(sys.argv[1], embedder=embedder.name, digest=_digest(), numbers=numbers, scales=scales)


if __name__ == "__main__":
    main()
