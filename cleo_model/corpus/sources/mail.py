"""Mail: the messages of an mbox, each as its headers that matter and its text.

Split here and not by `mailbox`, which wants a plain file and reads it twice; each message is parsed by `email`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import BinaryIO

from cleo_model.corpus.account import shown
from cleo_model.corpus.sources.item import Item
from cleo_model.corpus.sources.markup.html import html_text
from cleo_model.corpus.sources.reading import EMPTY, Reading
from cleo_model.corpus.sources.rows import sound
from cleo_model.corpus.sources.streams import unpacked

HEADERS = ("Subject", "From", "To", "Date")
ATTACHMENTS = "attachments of a mail were left out"
QUOTED_FROM = re.compile(rb"^>(>*From )", re.MULTILINE)


def read_mbox(reading: Reading, name: str, path: Path) -> Iterator[Item]:
    """The messages of an mbox, or the one of an .eml file."""
    with unpacked(path) as stream:
        for number, raw in enumerate(_messages(stream, reading.limit), 1):
            where = f"{shown(str(path))}, message {number}"
            if not reading.allows(where, len(raw)):
                continue
            message = message_from_bytes(QUOTED_FROM.sub(rb"\1", raw), policy=policy.default)
            text = _text(reading, where, message)
            if not text:
                reading.drop(EMPTY, where)
                continue
            head = [f"{header}: {_header(message, header)}" for header in HEADERS if _header(message, header)]
            yield Item(f"{name}:{number}", text=sound(reading, where, "\n".join(head) + f"\n\n{text}"))


def _messages(stream: BinaryIO, limit: int) -> Iterator[bytes]:
    """Each message; of one that is larger than the limit so much that it is seen to be."""
    lines: list[bytes] = []
    size, empty = 0, True
    while line := stream.readline(2**20):
        if line.startswith(b"From ") and empty:
            if lines:
                yield b"".join(lines)
            lines, size = [], 0
        elif size <= limit:
            lines.append(line)
            size += len(line)
        empty = not line.strip()
    if lines:
        yield b"".join(lines)


def _header(message: EmailMessage, name: str) -> str:
    try:
        return " ".join(str(message.get(name, "")).split())
    except (ValueError, LookupError, IndexError, AttributeError, TypeError):  # the parser's own, on broken headers
        return ""


def _text(reading: Reading, where: str, message: EmailMessage) -> str:
    """The text of a message: its plain part, or its HTML where it has no other."""
    found: dict[str, list[str]] = {"plain": [], "html": []}
    for part in message.walk():
        if part.is_multipart():
            continue
        if part.get_content_maintype() != "text" or part.get_content_disposition() == "attachment":
            reading.change(ATTACHMENTS, where)
        elif part.get_content_subtype() in found:
            found[part.get_content_subtype()].append(_content(part))
    plain = "\n\n".join(each.strip() for each in found["plain"] if each.strip())
    return plain or "\n\n".join(filter(None, map(html_text, found["html"])))


def _content(part: EmailMessage) -> str:
    try:
        return str(part.get_content())
    except (LookupError, ValueError, KeyError):  # an encoding that is not known, or not what is said
        data = part.get_payload(decode=True)
        return data.decode("utf-8", "replace") if isinstance(data, bytes) else ""
