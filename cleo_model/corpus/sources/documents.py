"""A file that is one document: read whole, decoded, and parsed where it is marked up."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from cleo_model.corpus.sources.files import File
from cleo_model.corpus.sources.formats import Format
from cleo_model.corpus.sources.markup.asciidoc import asciidoc_text
from cleo_model.corpus.sources.markup.html import html_text
from cleo_model.corpus.sources.markup.markdown import markdown_text, mdx_text
from cleo_model.corpus.sources.markup.rst import rst_text
from cleo_model.corpus.sources.pdf import pdf_text
from cleo_model.corpus.sources.reading import Reading
from cleo_model.corpus.sources.streams import text_stream, undecodable

PARSERS: dict[Format, Callable[[str], str]] = {
    "markdown": markdown_text, "mdx": mdx_text, "rst": rst_text, "asciidoc": asciidoc_text, "html": html_text,
}  # fmt: skip
CHARSET = re.compile(rb"<meta[^>]+charset=[\"']?\s*([\w-]+)", re.IGNORECASE)


def document_text(reading: Reading, file: File, where: str) -> str | None:
    """The text of a document; None where it is larger than the limit.

    Raises:
        SourceError: it is not text, or not in the encoding that it should be in.
    """
    if file.format == "pdf":
        text = pdf_text(file.path)
        return text if reading.allows(where, len(text.encode("utf-8", "replace"))) else None
    with text_stream(file.path, reading.source.encoding) as stream:
        data = stream.read(reading.limit + 1)
        size = len(data) + sum(len(rest) for rest in iter(lambda: stream.read(2**20), b""))
    if not reading.allows(where, size):
        return None
    text = _decoded(file, data)
    return PARSERS[file.format](text.replace("\r\n", "\n")) if file.format in PARSERS else text


def _decoded(file: File, data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        stated = CHARSET.search(data[:2048]) if file.format == "html" else None
        if stated:
            try:
                return data.decode(_web(stated[1].decode()))
            except (LookupError, UnicodeDecodeError):
                pass
        raise undecodable(Path(file.path), data, error.start, 0) from None


def _web(encoding: str) -> str:
    """Latin-1 on a page means the Windows code page, as in browsers (WHATWG)."""
    return "cp1252" if encoding.lower() in ("iso-8859-1", "latin1", "latin-1", "ascii", "us-ascii") else encoding
