"""Text of others on a terminal: what a user or a model wrote must not steer it."""

from __future__ import annotations

import unicodedata

TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")  # they show text in another order


def printable(text: str, *, lines: bool = True) -> str:
    """The text with control characters shown as escapes; without `lines` also its line breaks.

    An escape sequence in a memory or a reply could otherwise clear the screen, rename the window or forge a prompt.
    """
    kept = "\n\t" if lines else ""
    return "".join(
        each.encode("unicode_escape").decode()
        if each not in kept and (unicodedata.category(each) in ("Cc", "Cs") or each in TURNING)
        else each
        for each in text
    )
