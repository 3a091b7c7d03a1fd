"""Redaction: secrets taken out of values before they are logged or shown.

By the name of a field, and by their form in any text. The last step before a log line is written, so it also covers
what a library puts into a log call.
"""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from typing import Any

__all__ = ["redact"]

SECRET = re.compile(
    r"(?i)(password|passphrase|secret|token(?!s|iz)|authorization|api[_-]?key|private[_-]?key|cookie|credential)"
)
PATTERNS = (
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"), "[token]"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}"), r"\1 [hidden]"),
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL), "[key]"),
    (re.compile(r"(?i)\b([a-z][a-z0-9+.-]{1,20}://)[^\s/@:]*:[^\s/@]+@"), r"\1[hidden]@"),
    (re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(\.[\w-]{1,63}){1,8}"), "[address]"),
)
LIMIT = 2000  # characters of one value


def redact(value: Any, *, depth: int = 0) -> Any:
    """The value with secrets taken out: by the name of a field, and by their form in any text."""
    if isinstance(value, str):
        for pattern, instead in PATTERNS:
            value = pattern.sub(instead, value)
        return value if len(value) <= LIMIT else value[:LIMIT] + "…"
    if depth > 5:
        return "[deep]"
    if isinstance(value, MutableMapping):
        return {
            key: "[hidden]" if SECRET.search(str(key)) else redact(inner, depth=depth + 1)
            for key, inner in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [redact(inner, depth=depth + 1) for inner in value]
    if value is None or isinstance(value, int | float | bool):
        return value
    return redact(str(value), depth=depth + 1)
