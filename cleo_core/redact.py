"""Redaction: secrets taken out of values before they are logged or shown.

By the name of a field, and by their form in any text. The last step before a log line is written, so it also covers
what a library puts into a log call.
"""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from typing import Any

SECRET = re.compile(
    r"(?i)(password|passphrase|secret|token(?!s|iz)|authorization|api[_-]?key|private[_-]?key|cookie|credential"
    r"|_(key|kek)s?(__\d+)?$|^kek$)"
)
URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,30}://)(\S*)")
APART = r"\s@/\"'`<>,;{}()\[\]"
PATTERNS = (
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"), "[token]"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}"), r"\1 [hidden]"),
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL), "[key]"),
    # user:secret@host without a scheme; before addresses, which would take the end of the secret for a name.
    (re.compile(rf"(?<![^:{APART}])(?!mailto:)[^:{APART}]{{1,64}}:[^{APART}]{{1,128}}@(?=[\w\[])"), "[hidden]@"),
    (re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(\.[\w-]{1,63}){1,8}"), "[address]"),
)
LIMIT = 2000  # characters of one value


def redact(value: Any, *, depth: int = 0) -> Any:
    """The value with secrets taken out: by the name of a field, and by their form in any text.

    A URL loses its user, its password and its query.
    """
    if isinstance(value, str):
        value = URL.sub(lambda url: url[1] + _address(url[2]), value)
        for pattern, instead in PATTERNS:
            value = pattern.sub(instead, value)
        return value if len(value) <= LIMIT else value[:LIMIT] + "…"
    if depth > 5:
        return "[deep]"
    if isinstance(value, MutableMapping):
        return {
            key: "[hidden]" if names_secret(str(key)) else redact(inner, depth=depth + 1)
            for key, inner in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [redact(inner, depth=depth + 1) for inner in value]
    if value is None or isinstance(value, int | float | bool):
        return value
    return redact(str(value), depth=depth + 1)


def names_secret(name: str) -> bool:
    """Whether a field or variable of this name holds a secret."""
    return bool(SECRET.search(name))


def bare(text: str) -> str:
    """`redact` for one address, which may be mistyped and so no URL."""
    return str(redact(text if URL.search(text) else _address(text)))


def shown(value: object) -> str:
    """A value as a message may repeat it."""
    return repr(bare(value) if isinstance(value, str) else redact(value))


def _address(rest: str) -> str:
    """What follows the scheme of a URL, without user, password and query."""
    _, secret, address = rest.rpartition("@")
    return f"[hidden]@{address.partition('?')[0]}" if secret else address.partition("?")[0]
