"""PDF: the text of its pages, by pypdf."""

from __future__ import annotations

import io
import logging
from pathlib import Path

from cleo_model.corpus.account import shown
from cleo_model.corpus.sources.streams import unpacked
from cleo_model.errors import SourceError

MAX_PDF = 2**28
MAX_PAGES = 20_000
SCANNED = 20
"""Letters of a page on average, below which its text is in pictures."""


def pdf_text(path: Path) -> str:
    """The text of a document's pages.

    Raises:
        SourceError: it is encrypted, damaged, or has no text but pictures of it.
    """
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    where = shown(str(path))
    logging.getLogger("pypdf").setLevel(logging.ERROR)  # it tells of every small fault of a file
    with unpacked(path) as stream:
        data = stream.read(MAX_PDF + 1)
    if len(data) > MAX_PDF:
        raise SourceError(f"{where} has more than {MAX_PDF:,} bytes.", hint="Divide it, or export its text.")
    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise SourceError(f"{where} is encrypted.", hint="Save it without a password.")
        if len(reader.pages) > MAX_PAGES:
            raise SourceError(f"{where} has more than {MAX_PAGES:,} pages.", hint="Divide it.")
        pages = [page.extract_text() or "" for page in reader.pages]
    except SourceError:
        raise
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, OSError) as error:
        told = shown((str(error).splitlines() or [type(error).__name__])[0])
        raise SourceError(
            f"{where} is not a PDF file that can be read: {told}.", hint="Print it to PDF again, or export its text."
        ) from None
    letters = sum(char.isalpha() for page in pages for char in page)
    if letters < SCANNED * max(len(pages), 1):
        raise SourceError(
            f"{where} has {len(pages)} pages and hardly any text: its pages are pictures, as from a scanner.",
            hint="Recognise the text first, for example with ocrmypdf IN.pdf OUT.pdf, or take the file away.",
        )
    return "\n\n".join(page.strip() for page in pages)
