"""Sentence embeddings on the CPU: the default comes from the package registry, any other from a folder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cleo_memory.retrieval.documents import Document

__all__ = ["Embedder", "open_embedder", "passage"]


class Embedder(Protocol):
    """Turns texts into unit vectors. Calls are thread-safe and release the interpreter lock: use `asyncio.to_thread`."""

    @property
    def name(self) -> str:
        """Identifies model and weights (``minilm-int8@<12 hex of the sha256>``): stored beside every vector, so that
        vectors of two models never meet."""
        ...

    @property
    def dim(self) -> int: ...

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors ``[len(texts), dim]``; batched by length, longer texts are cut at the model's limit."""
        ...


def open_embedder(model: str = "minilm-int8", *, threads: int = 0) -> Embedder:
    """Load an embedding model.

    Args:
        model: ``minilm-int8`` (21 MB ONNX, the default), ``minilm`` (the same in fp32), or a sentence-transformers
            folder.
        threads: 0 leaves it to the number of cores.

    Raises:
        EmbedderUnavailable: the model's package or folder is not there; the hint has the command.
    """
    raise NotImplementedError


def passage(document: Document) -> str:
    """The text that is embedded for a document: ``speaker: text (date)``."""
    raise NotImplementedError
