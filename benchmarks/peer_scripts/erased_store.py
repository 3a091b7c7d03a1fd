"""What a peer leaves on the disk of a user it was told to delete: bytes of text and vector canaries, by a scan.

Input folder: canaries.json ``{"texts": [...], "other": [...]}`` and vectors.npy, a unit vector per text.
"""

from __future__ import annotations

import json
import os
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

given, out, options = Path(sys.argv[2]), Path(sys.argv[3]), json.loads(sys.argv[4])
canaries = json.loads((given / "canaries.json").read_text())
vectors = np.load(given / "vectors.npy")
by_text = {text: vector.tolist() for text, vector in zip(canaries["texts"] + canaries["other"], vectors, strict=True)}
folder = Path("store").resolve()
folder.mkdir()


def chroma() -> None:
    from chroma_store import Chroma

    store = Chroma()
    store.open(folder, by_text, vectors.shape[1])
    store.add_many([("ann", text, number) for number, text in enumerate(canaries["texts"])])
    store.add_many([("bob", text, 10_000 + number) for number, text in enumerate(canaries["other"])])
    store.collection.delete(where={"user": "ann"})


def mem0() -> None:
    from mem0_store import Mem0

    store = Mem0()
    store.open(folder, by_text, vectors.shape[1])
    for user, texts in (("ann", canaries["texts"]), ("bob", canaries["other"])):
        for number, text in enumerate(texts):
            store.add(user, text, number)
    store.memory.delete_all(user_id="ann")


def scan() -> dict[str, int]:
    data = [path.read_bytes() for path in [*folder.rglob("*"), *Path.cwd().glob("*")] if path.is_file()]
    needles = [text.encode() for text in canaries["texts"]]
    shapes = [np.asarray(by_text[text][40:48], dtype="<f4").tobytes() for text in canaries["texts"]]
    count: dict[str, Any] = {
        "text_hits": sum(bytes_.count(needle) for bytes_ in data for needle in needles),
        "vector_hits": sum(bytes_.count(shape) for bytes_ in data for shape in shapes),
    }
    return {"hits": count["text_hits"] + count["vector_hits"], **count}


{"chroma": chroma, "mem0": mem0}[options["store"]]()
found = {"version": version({"chroma": "chromadb", "mem0": "mem0ai"}[options["store"]]), **scan()}
out.write_text(json.dumps(found))
sys.stdout.flush()
os._exit(0)
