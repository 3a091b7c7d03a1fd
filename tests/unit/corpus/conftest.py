"""Sources of files, and what reading them gives."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cleo_model.corpus.account import Account
from cleo_model.corpus.sources.item import Item
from cleo_model.corpus.sources.readers import read_source
from cleo_model.corpus.sources.reading import Reading
from cleo_model.corpus.sources.source import Source

LIMIT = 2**20
TALK = [{"role": "user", "content": "Is it clean?"}, {"role": "assistant", "content": "It is clean."}]


def source(location: Path, kind: str = "files", **changes: Any) -> Source:
    values = {"name": "mine", "domain": "prose", "kind": kind, "location": str(location), "licence": "CC0-1.0"}
    return Source(**{**values, **changes})


@dataclass
class Read:
    """What came of a reading."""

    items: list[Item]
    account: Account

    @property
    def texts(self) -> list[str]:
        return [item.text for item in self.items]

    @property
    def talks(self) -> list[Any]:
        return [item.messages for item in self.items]


def read(location: Path, kind: str = "files", *, limit: int = LIMIT, **changes: Any) -> Read:
    reading = Reading(source(location, kind, **changes), limit)
    return Read(list(read_source(reading)), reading.account)
