"""Chroma, persistent client, one collection with the user as metadata, cosine distance."""

from __future__ import annotations

from pathlib import Path

from common import Store, Vectors, main


class Chroma(Store):
    package = "chromadb"

    def open(self, folder: Path, vectors: Vectors, dim: int) -> None:
        import chromadb
        from chromadb.config import Settings

        self.vectors = vectors
        client = chromadb.PersistentClient(str(folder), settings=Settings(anonymized_telemetry=False))
        self.collection = client.create_collection("bench", metadata={"hnsw:space": "cosine"}, embedding_function=None)

    def add(self, user: str, text: str, number: int) -> None:
        self.add_many([(user, text, number)])

    def add_many(self, items: list[tuple[str, str, int]]) -> None:
        self.collection.add(
            ids=[str(number) for _, _, number in items],
            embeddings=[self.vectors[text] for _, text, _ in items],
            documents=[text for _, text, _ in items],
            metadatas=[{"user": user} for user, _, _ in items],
        )

    def search(self, user: str, text: str, limit: int) -> list[int]:
        found = self.collection.query(
            query_embeddings=[self.vectors[text]], n_results=limit, where={"user": user}, include=["documents"]
        )
        return [int(id) for id in found["ids"][0]]


if __name__ == "__main__":
    main(Chroma())
