"""The blocks of a document, and the one plain form that all of them are written in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

LONG_LINE = 10_000
"""Characters of a line or paragraph that no person wrote with marks in it: it is taken as it is, and costs no time."""
FENCE = re.compile(r"`{3,}")


def heading(level: int, text: str) -> str:
    return f"{'#' * min(max(level, 1), 6)} {text}"


def code(text: str, language: str = "") -> str:
    """A fence that is longer than any in the code itself."""
    ticks = "`" * max([3, *(len(found) + 1 for found in FENCE.findall(text))])
    return f"{ticks}{language}\n{text.strip(chr(10)).rstrip()}\n{ticks}"


def item(text: str, marker: str = "-") -> str:
    """A list item; what it holds further is indented below it."""
    return indent(text, " " * (len(marker) + 1)).replace(" " * (len(marker) + 1), f"{marker} ", 1)


def quote(text: str) -> str:
    return indent(text, "> ")


def row(cells: Sequence[str]) -> str:
    """A line of a table."""
    return f"| {' | '.join(' '.join(cell.split()) for cell in cells)} |"


def indent(text: str, by: str) -> str:
    return "\n".join(f"{by}{line}".rstrip() if line else "" for line in text.split("\n"))


def nested(parts: Iterable[tuple[bool, str]]) -> str:
    """The blocks of a list item; a list among them (True) follows without an empty line."""
    found = ""
    for is_list, block in parts:
        if block.strip():
            found += (("\n" if is_list else "\n\n") if found else "") + block
    return found


def joined(blocks: Iterable[str]) -> str:
    """Blocks with an empty line between them; empty ones are left out."""
    return "\n\n".join(block for block in blocks if block.strip())
