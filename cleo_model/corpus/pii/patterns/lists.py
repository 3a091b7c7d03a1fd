"""The word lists that lie as YAML files in `data/`."""

from __future__ import annotations

from functools import cache
from pathlib import Path


@cache
def listed(name: str, file: str = "words") -> frozenset[str]:
    """The words of the list `name` in `data/<file>.yaml`."""
    words = _file(file)[name]
    return frozenset(words.split() if isinstance(words, str) else words)


@cache
def all_listed(file: str) -> list[str]:
    """The words of every list in `data/<file>.yaml`, sorted."""
    return sorted({word for name in _file(file) for word in listed(name, file)})


@cache
def _file(file: str) -> dict[str, str | list[str]]:
    import yaml

    content: dict[str, str | list[str]] = yaml.safe_load(
        (Path(__file__).parent / "data" / f"{file}.yaml").read_text(encoding="utf-8")
    )
    return content
