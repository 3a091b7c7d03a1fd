"""What a reader hands on, and what it left out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from pydantic import BaseModel


def conversation(turns: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    """What a user said and what was answered, as messages."""
    return [
        message
        for said, answered in turns
        for message in ({"role": "user", "content": said}, {"role": "assistant", "content": answered})
    ]


@dataclass(frozen=True, slots=True)
class Item:
    """What a reader found: text or messages, and its name within the source."""

    name: str
    text: str = ""
    messages: list[dict[str, str]] | None = None
    group: str = ""
    subject: str = ""
    """Whose record it is, in clear: it goes no further than into a keyed hash."""
    licence: str = ""
    planted: tuple[tuple[str, str], ...] = ()
    """Types and values of the personal data that were planted in it."""


class RefusedRecord(BaseModel):
    """A record that was left out because it is too large."""

    record: str
    bytes: int
    limit: int


@dataclass(slots=True)
class Refused:
    """The records that were left out because they have more bytes than the limit."""

    limit: int
    records: list[RefusedRecord] = field(default_factory=list)

    def allows(self, name: str, size: int) -> bool:
        if size > self.limit:
            self.records.append(RefusedRecord(record=name, bytes=size, limit=self.limit))
        return size <= self.limit
