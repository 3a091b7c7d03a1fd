"""Index segments: analysed and embedded documents in columns, serialised to bytes that a store seals.

A segment of one document is what is stored beside a new memory; segments of thousands are what an index is loaded
from. Both have the same form.
"""

from __future__ import annotations

import json
import struct
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleo_memory.errors import SegmentDamaged, VectorMismatch
from cleo_memory.search.dates import date_terms_of
from cleo_memory.search.documents import SLOT_LABEL, Document
from cleo_memory.search.languages import LANGUAGES
from cleo_memory.search.text import Analysis, answer_types, question_share, sameness

MAGIC = b"CLEOSEG1"
ANALYSIS = 4
"""Version of the analysis of texts: segments of another one are built again from the records."""

COLUMNS = {
    "at": "<f8", "valid_to": "<f8", "kind": "<i4", "speaker": "<i4", "conversation": "<i4", "answer_types": "|u1",
    "question_share": "|u1", "same": "<i8", "language": "|u1",
    "embedded": "|b1", "vectors": "<f2", "window_vectors": "<f2",
    "window_of": "<i4", "starts": "<i8", "term": "<i4", "count": "|u1", "labels": "<i4",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Segment:
    """Columns of n documents.

    The words of document i are ``term[starts[i]:starts[i + 1]]`` (numbers into `terms`) with their `count`; the first
    ``labels[i]`` of them are labels, the times that it tells and its slots: they belong to the document alone and not
    to its neighbours' context.
    `kind`, `speaker` and `conversation` are numbers into `names`, -1 for none. `answer_types` are the bits of
    `answer_types.answer_types`, `question_share` is the share of questions in 255ths, `same` is `text.sameness`,
    `language` the number of the language by whose stems the words stand (`languages.LANGUAGES`). A long document has
    further vectors, ``window_vectors[window_of == i]``, in the order of its `windows`.
    """

    ids: list[str]
    names: list[str]
    terms: list[str]
    at: NDArray[np.float64]
    valid_to: NDArray[np.float64]
    kind: NDArray[np.int32]
    speaker: NDArray[np.int32]
    conversation: NDArray[np.int32]
    answer_types: NDArray[np.uint8]
    question_share: NDArray[np.uint8]
    same: NDArray[np.int64]
    language: NDArray[np.uint8]
    embedded: NDArray[np.bool_]
    vectors: NDArray[np.float16]
    window_vectors: NDArray[np.float16]
    window_of: NDArray[np.int32]
    starts: NDArray[np.int64]
    term: NDArray[np.int32]
    count: NDArray[np.uint8]
    labels: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def build(
        cls,
        documents: Sequence[Document],
        vectors: NDArray[np.float32] | None = None,
        windows: Sequence[NDArray[np.float32]] = (),
    ) -> Segment:
        """Analyse documents; `vectors` ``[n, dim]`` may come later, through `UserIndex.attach`.

        Args:
            windows: per document the vectors of its windows ``[windows, dim]``; none: no document is long.

        Raises:
            VectorMismatch: there are not as many vectors, or windows, as documents.
        """
        if vectors is not None and len(vectors) != len(documents):
            raise VectorMismatch(f"{len(vectors)} vectors for {len(documents)} documents.")
        if windows and (vectors is None or len(windows) != len(documents)):
            raise VectorMismatch(f"Windows of {len(windows)} documents for {len(documents)}.")
        none = np.zeros((0, 0 if vectors is None else vectors.shape[1]), np.float16)
        names: dict[str, int] = {}
        terms: dict[str, int] = {}
        starts, term, count, labels, languages = [0], list[int](), list[int](), list[int](), list[int]()
        for document in documents:
            analysed = Analysis(document.text)
            languages.append(LANGUAGES.index(analysed.language))
            slots = (SLOT_LABEL + slot for slot in document.slots)
            told = dict.fromkeys([*date_terms_of(document.text, document.at), *slots])
            labels.append(len(told))
            for word, times in [*((label, 1) for label in told), *Counter(analysed.stems).items()]:
                term.append(terms.setdefault(word, len(terms)))
                count.append(min(times, 255))
            starts.append(len(term))

        def codes(values: Sequence[str | None]) -> NDArray[np.int32]:
            return np.array([-1 if v is None else names.setdefault(v, len(names)) for v in values], np.int32)

        columns = {
            name: codes([getattr(each, name) for each in documents]) for name in ("kind", "speaker", "conversation")
        }
        return cls(
            ids=[document.id for document in documents],
            names=list(names),
            terms=list(terms),
            at=np.array([np.nan if d.at is None else d.at for d in documents], np.float64),
            valid_to=np.array([np.inf if d.valid_to is None else d.valid_to for d in documents], np.float64),
            **columns,
            answer_types=np.array([answer_types(document.text) for document in documents], np.uint8),
            question_share=np.array([round(255 * question_share(document.text)) for document in documents], np.uint8),
            same=np.array([sameness(document.text, document.speaker) for document in documents], np.int64),
            language=np.array(languages, np.uint8),
            embedded=np.full(len(documents), vectors is not None),
            vectors=np.zeros((len(documents), 0), np.float16) if vectors is None else vectors.astype(np.float16),
            window_vectors=np.concatenate([each.astype(np.float16) for each in windows] or [none]),
            window_of=np.repeat(np.arange(len(windows), dtype=np.int32), [len(each) for each in windows]),
            starts=np.array(starts, np.int64),
            term=np.array(term, np.int32),
            count=np.array(count, np.uint8),
            labels=np.array(labels, np.int32),
        )

    def to_bytes(self) -> bytes:
        """One string of bytes: a JSON header and the columns, little-endian."""
        arrays = [np.ascontiguousarray(getattr(self, name), dtype) for name, dtype in COLUMNS.items()]
        header: dict[str, Any] = {
            "analysis": ANALYSIS,
            "ids": self.ids,
            "names": self.names,
            "terms": self.terms,
            "shapes": [array.shape for array in arrays],
        }
        text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
        return b"".join([MAGIC, struct.pack("<I", len(text)), text, *(array.tobytes() for array in arrays)])

    @classmethod
    def from_bytes(cls, data: bytes | memoryview) -> Segment:
        """Read what `to_bytes` wrote.

        Raises:
            SegmentDamaged: the bytes are not a whole segment of this version of the analysis.
        """
        view = memoryview(data)
        try:
            if bytes(view[: len(MAGIC)]) != MAGIC:
                raise ValueError("no segment")
            (size,) = struct.unpack_from("<I", view, len(MAGIC))
            start = len(MAGIC) + 4 + size
            header = json.loads(bytes(view[len(MAGIC) + 4 : start]))
            if header["analysis"] != ANALYSIS:
                raise ValueError(f"analysis {header['analysis']}")
            columns: dict[str, NDArray[Any]] = {}
            for (name, dtype), shape in zip(COLUMNS.items(), header["shapes"], strict=True):
                count = int(np.prod(shape))
                columns[name] = np.frombuffer(view, dtype, count, start).reshape(shape)
                start += count * np.dtype(dtype).itemsize
            if start != len(view):
                raise ValueError("length")
            segment = cls(ids=header["ids"], names=header["names"], terms=header["terms"], **columns)
            segment._check()
        except (ValueError, KeyError, TypeError, IndexError, struct.error) as error:
            raise SegmentDamaged(
                f"Bytes of {len(view)} are not a whole index segment ({error}).",
                hint="Build it again from the records.",
            ) from error
        return segment

    def _check(self) -> None:
        """A number that points outside its column must not reach the index."""
        n = len(self.ids)
        per_document = COLUMNS.keys() - {"vectors", "window_vectors", "window_of", "starts", "term", "count"}
        whole = all(getattr(self, name).shape == (n,) for name in per_document) and len(self.vectors) == n
        whole = whole and self.starts.shape == (n + 1,) and self.term.shape == self.count.shape == (self.starts[-1],)
        whole = whole and self.window_vectors.shape == (*self.window_of.shape, self.vectors.shape[1])
        whole = whole and bool(np.all(self.window_of >= 0) and np.all(self.window_of < n))
        whole = whole and bool(self.starts[0] == 0 and np.all(self.labels >= 0))
        whole = whole and bool(np.all(np.diff(self.starts) >= self.labels))
        whole = whole and bool(np.all(self.language < len(LANGUAGES)))
        for numbers in (self.kind, self.speaker, self.conversation):
            whole = whole and bool(np.all(numbers < len(self.names)) and np.all(numbers >= -1))
        whole = whole and bool(np.all(self.term < len(self.terms)) and np.all(self.term >= 0))
        if not whole:
            raise ValueError("columns do not fit")
