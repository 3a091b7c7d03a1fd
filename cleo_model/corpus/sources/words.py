"""The word lists and sentences that lie as YAML files in `data/`."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any


@cache
def words(name: str) -> Any:
    """The content of `data/<name>.yaml`; do not change it."""
    import yaml

    return yaml.safe_load((Path(__file__).parent / "data" / f"{name}.yaml").read_text(encoding="utf-8"))
