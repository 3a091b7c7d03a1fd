"""Markdown for people: tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(header: Sequence[str], rows: Iterable[Sequence[object]], align: str) -> str:
    """A Markdown table.

    Args:
        rows: cells as they are to be read; in whole numbers the thousands are set apart.
        align: l or r for each column.
    """
    rule = [{"l": "---", "r": "---:"}[side] for side in align]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in (header, rule, *rows))


def _cell(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value).replace("|", "\\|").replace("\n", " ")
