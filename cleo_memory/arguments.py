"""What callers hand in, checked: kinds, ids, sizes of pages, cursors."""

from __future__ import annotations

import struct
import time

from cleo_memory.errors import InvalidMemory
from cleo_memory.records import Kind

__all__ = [
    "check_query",
    "kind_of",
    "page_size",
    "plain_id",
    "position_of",
    "thread_cursor",
    "thread_position",
    "unexpired",
]

LARGEST_PAGE = 1000


def check_query(query: str) -> str:
    try:
        query.encode()
    except UnicodeEncodeError:
        raise InvalidMemory("The query is no valid Unicode text.") from None
    return query


def kind_of(kind: Kind | str) -> Kind:
    try:
        return Kind(kind)
    except ValueError:
        raise InvalidMemory(f"{kind!r} is no kind of memory.", hint=f"One of {', '.join(Kind)}.") from None


def plain_id(id: str) -> bool:
    return id.isascii() and id.isalnum() and len(id) <= 64


def page_size(first: int) -> int:
    if not 0 < first <= LARGEST_PAGE:
        raise InvalidMemory(f"{first} is no number of results.", hint=f"1 to {LARGEST_PAGE}.")
    return first


def position_of(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 20 and int(text) < 2**63):
        raise InvalidMemory(f"{text[:40]!r} is no cursor.", hint="Hand back `end` of the page before.")
    return int(text)


def thread_cursor(updated_at: float, thread: str) -> str:
    """The cursor behind a conversation; its time is kept to the last bit."""
    return f"{struct.unpack('>q', struct.pack('>d', updated_at))[0]}/{thread}"


def thread_position(cursor: str) -> tuple[float, str]:
    at, _, thread = cursor.partition("/")
    return struct.unpack(">d", struct.pack(">q", position_of(at)))[0], thread


def unexpired(expires_at: float | None) -> bool:
    return expires_at is None or expires_at > time.time()
