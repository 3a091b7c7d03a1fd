"""mem0, open source, as installed: embedded Qdrant; with ``infer=False`` texts are kept as they are."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from common import Store, Vectors, main


class Given:
    """Stands where mem0's embedder stands and hands out the vectors of this run."""

    def __init__(self, vectors: Vectors, dim: int) -> None:
        self.vectors, self.dim = vectors, dim

    def embed(self, text: str, memory_action: str | None = None) -> list[float]:
        return self.vectors.get(text) or [0.0] * self.dim

    def embed_batch(self, texts: list[str], memory_action: str | None = None) -> list[list[float]]:
        return [self.embed(text) for text in texts]


class Mem0(Store):
    """It has no way to add several at once."""

    package = "mem0ai"

    def open(self, folder: Path, vectors: Vectors, dim: int) -> None:
        os.environ["MEM0_DIR"] = str(folder)
        os.environ["OPENAI_API_KEY"] = "unused"  # its constructor wants one; nothing is sent
        from mem0 import Memory

        place: dict[str, Any] = {"path": str(folder / "qdrant"), "embedding_model_dims": dim, "on_disk": True}
        config = {
            "vector_store": {"provider": "qdrant", "config": {"collection_name": "bench", **place}},
            "history_db_path": str(folder / "history.db"),
        }
        self.memory = Memory.from_config(config)
        self.memory.embedding_model = Given(vectors, dim)

    def add(self, user: str, text: str, number: int) -> None:
        self.memory.add(text, user_id=user, infer=False, metadata={"number": number})

    def search(self, user: str, text: str, limit: int) -> list[int]:
        found = self.memory.search(text, filters={"user_id": user}, top_k=limit, threshold=0.0)
        return [hit["metadata"]["number"] for hit in found["results"]]


if __name__ == "__main__":
    main(Mem0())
