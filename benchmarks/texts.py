"""Texts for timing: sentences of the standard library's own documentation, on every machine and nobody's data."""

from __future__ import annotations

import ast
import random
import re
import sysconfig
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cleo_core.progress import Reporter
from cleo_memory.search import Embedder


def sentences(most: int = 20_000) -> list[str]:
    """Sentences of 6 to 40 words, in a fixed order."""
    found: dict[str, None] = {}
    for path in sorted(Path(sysconfig.get_path("stdlib")).glob("*.py")):
        try:
            tree = ast.parse(path.read_text(encoding="utf-8"))
        except (SyntaxError, UnicodeDecodeError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
                text = " ".join((ast.get_docstring(node) or "").split())
                found.update(dict.fromkeys(s for s in re.split(r"(?<=[.!?]) ", text) if 6 <= len(s.split()) <= 40))
        if len(found) >= most:
            break
    return list(found)[:most]


def questions(said: list[str], count: int, seed: int = 7) -> list[str]:
    """Questions of a few words each, about what is said in some of the sentences."""
    chosen = random.Random(seed)
    asked = []
    for text in chosen.sample(said, count):
        words = re.findall(r"[A-Za-z]{3,}", text)
        asked.append(f"What is said about {' '.join(words[: chosen.randint(3, 7)])}?")
    return asked


def vectors(count: int, embedder: Embedder, said: list[str], report: Reporter, real: int) -> NDArray[np.float32]:
    """Unit vectors ``[count, dim]`` that lie as real ones do: embeddings of `real` sentences, mixed two by two."""
    base = []
    for at in range(0, real, 100):
        report("embedding", at, real)
        base.append(embedder.embed(said[at : at + 100]))
    report("embedding", real, real)
    pool = np.concatenate(base)
    chosen = np.random.default_rng(7)
    one, other = chosen.integers(0, len(pool), (2, count))
    mixed = pool[one] + np.float32(0.7) * pool[other]
    unit: NDArray[np.float32] = (mixed / np.linalg.norm(mixed, axis=1, keepdims=True)).astype(np.float32)
    return unit
