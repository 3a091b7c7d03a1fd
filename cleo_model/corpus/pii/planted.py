"""What was planted in the built-in dialogues: a side file of the raw and the curated corpus."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from cleo_core.files import read_jsonl, write_jsonl

PLANTED = "planted.jsonl"


@dataclass(frozen=True, slots=True)
class Planted:
    """One personal value, and the id of the record it was planted in."""

    record: str
    type: str
    value: str


def read_planted(folder: Path) -> list[Planted]:
    """What was planted in the corpus of this stage; empty where its sources hold no generated dialogues."""
    path = folder / PLANTED
    if not path.is_file():
        return []
    return [Planted(**value) for value in read_jsonl(path)]


def write_planted(folder: Path, planted: list[Planted]) -> None:
    write_jsonl(folder / PLANTED, map(asdict, planted))
