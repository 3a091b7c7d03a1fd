"""The version of the code behind a stage: a digest of what its modules say, blind to comments and layout."""

from __future__ import annotations

import ast
import hashlib
from functools import cache
from importlib.util import find_spec
from pathlib import Path

__all__ = ["code_version"]

DATA = (".yaml", ".json", ".jsonl")


@cache
def code_version(*modules: str) -> str:
    """First 16 hex digits of a digest over the syntax trees of the modules (a package counts with all below it)."""
    total = hashlib.sha256()
    for module in sorted(modules):
        spec = find_spec(module)
        if spec is None or spec.origin is None:
            raise ModuleNotFoundError(module)
        origin = Path(spec.origin)
        below = origin.parent.rglob("*") if origin.name == "__init__.py" else [origin]
        for file in sorted(file for file in below if file.is_file() and file.suffix in (".py", *DATA)):
            total.update(f"{module}:{file.name}\n".encode())
            read = file.read_text(encoding="utf-8")
            total.update((ast.dump(ast.parse(read)) if file.suffix == ".py" else read).encode())
    return total.hexdigest()[:16]
