"""Relay-style pages over stores that know only where a page ends."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Awaitable, Callable
from typing import TypeVar

from cleo_core.errors import InputError
from cleo_memory import Page
from cleo_serving.api.types import Connection, Edge, PageInfo

__all__ = ["connection"]

S = TypeVar("S")
T = TypeVar("T")

Fetch = Callable[[int, str | None], Awaitable[Page[S]]]


async def connection(
    fetch: Fetch[S], to_node: Callable[[S], T], first: int | None, after: str | None, limit: int, default: int
) -> Connection[T]:
    """A page of `first` entries after a cursor.

    A cursor says from which place of the store to read and how many entries of that stretch to leave out, so every
    edge has one although the store gives only the end of a stretch.

    Raises:
        InputError: `first` is out of range, or no page gave that cursor.
    """
    size = default if first is None else first
    if not 0 < size <= limit:
        raise InputError(f"first must be 1 to {limit}.")
    start, skip = _read(after, limit)
    page = await fetch(size + skip, start)
    items = page.items[skip:]
    edges = [Edge(node=to_node(item), cursor=_write(start, skip + number + 1)) for number, item in enumerate(items)]
    more = page.end is not None and bool((await fetch(1, page.end)).items)
    end = edges[-1].cursor if edges else None
    if page.end is not None:
        end = _write(page.end, 0)
    return Connection(edges=edges, page_info=PageInfo(has_next_page=more, end_cursor=end))


def _write(start: str | None, skip: int) -> str:
    return base64.urlsafe_b64encode(f"{skip}:{start or ''}".encode()).decode().rstrip("=")


def _read(cursor: str | None, limit: int) -> tuple[str | None, int]:
    if cursor is None:
        return None, 0
    try:
        text = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4)).decode("ascii")
        skip, colon, start = text.partition(":")
        if len(cursor) > 256 or not colon or not skip.isdecimal() or not 0 <= int(skip[:4]) <= limit or len(skip) > 4:
            raise ValueError
    except (ValueError, binascii.Error):
        raise InputError("That is no cursor.", hint="Hand back endCursor of the page before.") from None
    return start or None, int(skip)
