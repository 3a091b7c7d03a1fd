"""LangGraph's in-memory store with its vector index, one namespace per user. It keeps nothing on the disk: its SQLite
store needs a Python whose sqlite3 loads extensions, which many builds do not."""

from __future__ import annotations

from pathlib import Path

from common import Store, Vectors, main


class LangGraph(Store):
    package = "langgraph"

    def open(self, folder: Path, vectors: Vectors, dim: int) -> None:
        from langgraph.store.memory import InMemoryStore

        self.store = InMemoryStore(
            index={"dims": dim, "embed": lambda texts: [vectors[text] for text in texts], "fields": ["text"]}
        )

    def add(self, user: str, text: str, number: int) -> None:
        self.store.put(("memories", user), str(number), {"text": text})

    def add_many(self, items: list[tuple[str, str, int]]) -> None:
        from langgraph.store.base import PutOp

        self.store.batch([PutOp(("memories", user), str(number), {"text": text}) for user, text, number in items])

    def search(self, user: str, text: str, limit: int) -> list[int]:
        return [int(item.key) for item in self.store.search(("memories", user), query=text, limit=limit)]


if __name__ == "__main__":
    main(LangGraph())
