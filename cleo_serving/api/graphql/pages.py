"""Relay-style pages over stores that know only where a page ends.

Ours and not `strawberry.relay`: its connections slice a list by offset, so a page would read everything before it and
would shift when a memory is written meanwhile; and its types would put fields and arguments that these stores cannot
honour (`before`, `last`, `hasPreviousPage`) into the schema that clients know.
"""

# No postponed annotations here: strawberry reads them when the class is made.

import base64
import binascii
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import strawberry

from cleo_core.errors import InputError
from cleo_memory import Page
from cleo_serving.settings import QueryLimits

S = TypeVar("S")
T = TypeVar("T")


@strawberry.type
class PageInfo:
    has_next_page: bool
    end_cursor: str | None


@strawberry.type
class Edge(Generic[T]):
    node: T
    cursor: str


@strawberry.type
class Connection(Generic[T]):
    edges: list[Edge[T]]
    page_info: PageInfo


async def connection(
    limits: QueryLimits,
    first: int | None,
    after: str | None,
    to_node: Callable[[S], T],
    fetch: Callable[[int, str | None], Awaitable[Page[S]]],
) -> Connection[T]:
    """A page of `first` entries after a cursor.

    A cursor says from which place of the store to read and how many entries of that stretch to leave out, so every
    edge has one although the store gives only the end of a stretch.

    Raises:
        InputError: `first` is out of range, or no page gave that cursor.
    """
    size = limits.default_page if first is None else first
    if not 0 < size <= limits.max_page:
        raise InputError(f"first must be 1 to {limits.max_page}.")
    start, skip = read_cursor(after, limits.max_page)
    page = await fetch(size + skip, start)
    items = page.items[skip:]
    edges = [
        Edge(node=to_node(item), cursor=write_cursor(start, skip + number + 1)) for number, item in enumerate(items)
    ]
    more = page.end is not None and bool((await fetch(1, page.end)).items)
    end = edges[-1].cursor if edges else None
    if page.end is not None:
        end = write_cursor(page.end, 0)
    return Connection(edges=edges, page_info=PageInfo(has_next_page=more, end_cursor=end))


def write_cursor(start: str | None, skip: int) -> str:
    """A cursor that only this API reads: where to read from, and how many entries to leave out."""
    return base64.urlsafe_b64encode(f"{skip}:{start or ''}".encode()).decode().rstrip("=")


def read_cursor(cursor: str | None, limit: int) -> tuple[str | None, int]:
    """What `write_cursor` wrote. Raises: InputError for anything else."""
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
