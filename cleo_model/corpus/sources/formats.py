"""The formats that are read, and how the format of a file is told: by its suffix, and by its first bytes."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Literal

Format = Literal[
    "text", "markdown", "mdx", "rst", "asciidoc", "html", "pdf", "mbox",
    "jsonl", "json", "csv", "tsv", "parquet", "arrow",
]  # fmt: skip

SUFFIXES: dict[str, Format] = {
    ".txt": "text", ".text": "text", ".log": "text",
    ".md": "markdown", ".markdown": "markdown", ".mkd": "markdown", ".mdx": "mdx",
    ".rst": "rst", ".adoc": "asciidoc", ".asciidoc": "asciidoc",
    ".html": "html", ".htm": "html", ".xhtml": "html", ".pdf": "pdf", ".mbox": "mbox", ".eml": "mbox",
    ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json", ".csv": "csv", ".tsv": "tsv",
    ".parquet": "parquet", ".arrow": "arrow",
}  # fmt: skip
PACKED = (".gz", ".zst")
"""Suffixes of a file that holds another one, which has the suffix before it."""

DOCUMENTS: frozenset[Format] = frozenset({"text", "markdown", "mdx", "rst", "asciidoc", "html", "pdf", "mbox"})
OF_KIND: dict[str, frozenset[Format]] = {
    "text": DOCUMENTS, "jsonl": frozenset({"jsonl", "json"}), "parquet": frozenset({"parquet"}),
}  # fmt: skip
"""What a kind of source reads in a folder; other kinds read every format."""

STARTS: tuple[tuple[bytes, Format], ...] = ((b"PAR1", "parquet"), (b"ARROW1", "arrow"), (b"%PDF-", "pdf"))
GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
BINARIES = (
    (b"\x89PNG", "a picture"), (b"\xff\xd8\xff", "a picture"), (b"GIF8", "a picture"), (b"RIFF", "sound or a picture"),
    (b"PK\x03\x04", "an archive (zip, docx, xlsx, epub)"), (b"\x7fELF", "a program"), (b"MZ", "a program"),
    (b"SQLite format 3\x00", "a database"), (b"\xd0\xcf\x11\xe0", "an old Office file"), (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"), (b"7z\xbc\xaf", "a 7z archive"), (b"\x80\x04\x95", "a pickle"),
    (b"{\\rtf", "an RTF file"),
)  # fmt: skip
"""First bytes of what holds no plain text, and what to call it."""
WIDE_MARKS = ((b"\xff\xfe\x00\x00", "utf-32"), (b"\x00\x00\xfe\xff", "utf-32"), (b"\xff\xfe", "utf-16"),
              (b"\xfe\xff", "utf-16"))  # fmt: skip
"""Byte order marks of encodings that are read without being asked for."""


def suffix_of(name: str) -> str:
    """The suffix that says what a file holds, in small letters: that of the inner file where it is packed."""
    path = PurePosixPath(name.lower())
    return PurePosixPath(path.stem).suffix if path.suffix in PACKED else path.suffix


def told_suffix(name: str) -> str:
    """A file's suffix as an account names it."""
    path = PurePosixPath(name.lower())
    whole = "".join(path.suffixes[-2:]) if path.suffix in PACKED else path.suffix
    return whole or "no suffix"


def mark_of(head: bytes) -> str | None:
    """The encoding that a byte order mark states, other than UTF-8."""
    return next((encoding for mark, encoding in WIDE_MARKS if head.startswith(mark)), None)


def binary(head: bytes) -> str | None:
    """What a file is that holds no text, in words; None where it could be text."""
    if kind := next((kind for start, kind in BINARIES if head.startswith(start)), None):
        return kind
    if b"\x00" in head and not mark_of(head) and not wide(head):
        return "binary"
    return None


def wide(head: bytes) -> str | None:
    """UTF-16 without a mark, as Windows tools write it: every other byte of Latin text is zero."""
    even, odd = head[0::2], head[1::2]
    if len(head) < 8:
        return None
    if odd.count(0) > 0.4 * len(odd) and not even.count(0):
        return "utf-16-le"
    if even.count(0) > 0.4 * len(even) and not odd.count(0):
        return "utf-16-be"
    return None


def detect(name: str, head: bytes) -> Format | None:
    """The format of a file by its name and its first bytes (unpacked); None where neither tells.

    The bytes go first where they are sure. A name without a suffix (README, LICENSE) is plain text.
    """
    if found := next((found for start, found in STARTS if head.startswith(start)), None):
        return found
    suffix = suffix_of(name)
    found = SUFFIXES.get(suffix) or ("text" if suffix == "" else None)
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:64].lower()
    if found == "text" and start.startswith((b"<!doctype html", b"<html")):
        return "html"
    if found == "text" and suffix == "" and head.startswith(b"From ") and b"\nFrom:" in head:
        return "mbox"
    if found == "json" and not start.startswith(b"["):
        # Many call JSON Lines so: it is, where the first line is a whole object and there are more.
        first, _, rest = head.lstrip(b"\xef\xbb\xbf \t\r\n").partition(b"\n")
        return "jsonl" if first.rstrip().endswith(b"}") and rest.strip().startswith(b"{") else "json"
    if found == "jsonl" and start.startswith(b"[") and not head.partition(b"\n")[0].rstrip().endswith(b"]"):
        return "json"
    return found
