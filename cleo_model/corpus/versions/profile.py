"""The profile of a corpus: figures that drift is measured on, of a size that does not depend on the corpus."""

from __future__ import annotations

import re
import zlib
from collections import Counter
from functools import lru_cache
from pathlib import Path

from pydantic import BaseModel

from cleo_model.corpus.record import HELDOUT, RESERVED, TRAIN, read_records

WORD = re.compile(r"\w+")
CLASSES = 1024
"""Words are counted by class, told by a hash: so many that topics differ, so few that chance does not."""


class CorpusProfile(BaseModel):
    """What a masked corpus looks like. The planted canaries are not counted."""

    version: int = 1
    records: int = 0
    words: int = 0
    domains: dict[str, int] = {}
    """Bytes by domain."""
    sources: dict[str, int] = {}
    """Records by source."""
    lengths: dict[str, int] = {}
    """Records by the power of two that their characters reach."""
    vocabulary: list[int] = []
    """Words by class [1024]."""
    pii: dict[str, int] = {}
    """Places where personal data was replaced, by type."""


def profile_of(masked: Path, pii: dict[str, int]) -> CorpusProfile:
    """Read a masked corpus once and measure it.

    Args:
        pii: places replaced by type, as its manifest states them.
    """
    domains: Counter[str] = Counter()
    sources: Counter[str] = Counter()
    lengths: Counter[str] = Counter()
    vocabulary = [0] * CLASSES
    for name in (TRAIN, HELDOUT):
        for record in read_records(masked / name):
            if record.source == RESERVED:
                continue
            domains[record.domain] += len(record.text.encode())
            sources[record.source] += 1
            lengths[str(2 ** (max(len(record.text), 1).bit_length() - 1))] += 1
            for word in WORD.findall(record.text.casefold()):
                vocabulary[_class(word)] += 1
    return CorpusProfile(
        records=sources.total(),
        words=sum(vocabulary),
        domains=dict(sorted(domains.items())),
        sources=dict(sorted(sources.items())),
        lengths={length: lengths[length] for length in sorted(lengths, key=int)},
        vocabulary=vocabulary,
        pii=dict(sorted(pii.items())),
    )


@lru_cache(maxsize=2**16)
def _class(word: str) -> int:
    return zlib.crc32(word.encode("utf-8", "surrogatepass")) % CLASSES
