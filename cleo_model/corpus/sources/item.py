"""What a reader hands on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


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
    """What is held out together; a document that is cut into passages is a group without being told."""
    subject: str = ""
    """Whose record it is, in clear: it goes no further than into a keyed hash."""
    licence: str = ""
    planted: tuple[tuple[str, str], ...] = ()
    """Types and values of the personal data that were planted in it."""
