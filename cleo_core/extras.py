"""Which optional parts of CleoAI are installed."""

from __future__ import annotations

from importlib.util import find_spec

EXTRAS = {"pipeline": "dagster", "serving": "strawberry", "memory": "onnxruntime"}
"""Name of an extra to the module that tells whether it is installed."""


def installed(*extras: str) -> bool:
    """Whether all of these extras are; one that is not known counts as installed."""
    return all(find_spec(EXTRAS[extra]) for extra in extras if extra in EXTRAS)
