"""The bytes of a file: unpacked within bounds, and text as UTF-8 whatever encoding it is in."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from cleo_model.corpus.account import shown
from cleo_model.corpus.sources.formats import GZIP, ZSTD, mark_of, wide
from cleo_model.errors import SourceError, UndecodableText

HEAD = 4096
CHUNK = 2**16
MAX_UNPACKED = 2**33
"""Bytes that a packed file may hold: 8 GiB."""
RATIO, FREE = 200, 2**26
"""A packed file that holds more than 64 MiB, and more than 200 times its own bytes, is made to fill a memory."""
GUESSES = [
    "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1257", "koi8_r", "iso8859_2", "iso8859_5", "shift_jis",
    "euc_jp", "gb18030", "big5", "euc_kr", "mac_roman",
]  # fmt: skip
"""Encodings that text of old is in; any bytes are text in some encoding, so that more would be guessed too often."""
WESTERN = frozenset("àâäáãåæçèéêëìíîïñòóôöõøùúûüýÿßœÀÂÄÁÃÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÖÕØÙÚÛÜŒšž–—‘’“”„…•€£§°·«»©®™¡¿\xa0")


class _Reader(io.RawIOBase):
    """A stream that is made of pieces."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # any writable buffer
        while not self._rest:
            if (piece := next(self._pieces, None)) is None:
                return 0
            self._rest = piece
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


@contextmanager
def unpacked(path: Path) -> Iterator[BinaryIO]:
    """The bytes of a file, unpacked where it is gzip or zstd, whatever it is called.

    Raises:
        SourceError: it is damaged, or unpacks to more than is read.
    """
    with path.open("rb") as raw:
        start = raw.read(4)
        raw.seek(0)
        packing = "gzip" if start.startswith(GZIP) else "zstd" if start.startswith(ZSTD) else None
        if packing is None:
            yield raw
            return
        import pyarrow

        # Arrow unpacks both, so that zstd needs no library of its own.
        with pyarrow.CompressedInputStream(raw, packing) as stream:
            yield io.BufferedReader(_Reader(_bounded(stream, path, path.stat().st_size)), CHUNK)


def _bounded(stream: BinaryIO, path: Path, packed: int) -> Iterator[bytes]:
    total = 0
    while True:
        try:
            piece = stream.read(CHUNK)
        except (OSError, ValueError, EOFError) as error:
            raise SourceError(
                f"{shown(str(path))} cannot be unpacked: {str(error).splitlines()[0][:120]}.",
                hint="It is damaged or cut off: write it again.",
            ) from None
        if not piece:
            return
        total += len(piece)
        if total > MAX_UNPACKED or total > max(FREE, RATIO * packed):
            raise SourceError(
                f"{shown(str(path))} unpacks to more than {total:,} bytes, from {packed:,}.",
                hint="Unpack it yourself, when you trust it, and name what was in it.",
            )
        yield piece


@contextmanager
def text_stream(path: Path, encoding: str | None) -> Iterator[BinaryIO]:
    """The text of a file as UTF-8 bytes without a mark; what is not UTF-8 and says nothing is passed on as it is."""
    with unpacked(path) as stream:
        head = _peek(stream)
        found = encoding or mark_of(head)
        if not found and (unmarked := wide(head)):
            raise UndecodableText(
                f"{shown(str(path))} is not UTF-8: it looks like {unmarked} without a mark.",
                hint=f"State it (encoding: {unmarked} of the source), or convert the file to UTF-8.",
            )
        if found and codecs.lookup(found).name != "utf-8":
            yield io.BufferedReader(_Reader(_recoded(stream, path, found)), CHUNK)
            return
        if head.startswith(codecs.BOM_UTF8):
            stream.read(len(codecs.BOM_UTF8))
        yield stream


def head_of(path: Path) -> bytes:
    """The first bytes of a file, unpacked."""
    with unpacked(path) as stream:
        return _peek(stream)[:HEAD]


def _peek(stream: BinaryIO) -> bytes:
    peek = getattr(stream, "peek", None)
    return peek(HEAD) if peek else b""


def _recoded(stream: BinaryIO, path: Path, encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)()
    offset, first = 0, True
    while True:
        piece = stream.read(CHUNK)
        try:
            text = decoder.decode(piece, final=not piece)
        except UnicodeDecodeError as error:
            raise UndecodableText(
                f"{shown(str(path))} is not {encoding}: {error.reason} near byte {offset + error.start}.",
                hint="Correct `encoding` of the source, or convert the file to UTF-8.",
            ) from None
        offset += len(piece)
        if first and text:
            text, first = text.removeprefix("\ufeff"), False
        if text:
            # A lone surrogate cannot be in UTF-8; it is replaced where records are made.
            yield text.encode("utf-8", "replace")
        if not piece:
            return


def undecodable(path: Path, data: bytes, position: int, offset: int) -> UndecodableText:
    """The error for bytes that are no UTF-8: names the first of them, and the encoding that they look like.

    Args:
        data: the bytes around it.
        position: of the first wrong byte, in `data`.
        offset: of `data`, in the file.
    """
    guess = wide(data[:HEAD]) or _guess(data[max(0, position - 2**15) : position + 2**15])
    return UndecodableText(
        f"{shown(str(path))} is not UTF-8: byte 0x{data[position]:02x} at offset {offset + position}. "
        f"It looks like {guess}.",
        hint=f"State it (encoding: {guess} of the source), or convert it: iconv -f {guess} -t utf-8 OLD > NEW",
    )


def _guess(data: bytes) -> str:
    from charset_normalizer import from_bytes

    if _western(data.decode("cp1252", "replace")):
        return "cp1252"
    best = from_bytes(data, cp_isolation=GUESSES).best()
    return "cp1252" if best is None else str(best.encoding)


def _western(text: str) -> bool:
    """Whether text is Latin with some accents and typographic marks: several code pages would fit it as well."""
    marked = [char for char in text if char > "\x7f"]
    accented = sum(char.isalpha() for char in marked)
    known = sum(char in WESTERN for char in marked)
    return known >= 0.95 * len(marked) and accented < 0.4 * max(sum(char.isalpha() for char in text), 1)
