"""Each user's memory: sealed, durable, searchable, and gone when it is erased.

async with open_memory() as memory:
    await memory.remember("ann", "Ann is allergic to peanuts.", importance=0.9)
    for hit in await memory.search("ann", "what must she not eat?"):
        print(hit.record.content, hit.score, hit.parts)
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cleo_memory.memory import Memory
    from cleo_memory.open import open_memory
    from cleo_memory.records import Conversation, Hit, Hits, Kind, Page, Record, Stats, Tier
    from cleo_memory.search.context import Citation, Context
    from cleo_memory.settings import MemorySettings

__all__ = [
    "Citation",
    "Context",
    "Conversation",
    "Hit",
    "Hits",
    "Kind",
    "Memory",
    "MemorySettings",
    "Page",
    "Record",
    "Stats",
    "Tier",
    "open_memory",
]

# Loaded when first asked for: `cleo --help` lists this package's commands and must not wait for numpy.
_HOMES = {
    "Citation": "search.context",
    "Context": "search.context",
    "Memory": "memory",
    "MemorySettings": "settings",
    "open_memory": "open",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES.get(name, 'records')}"), name)
