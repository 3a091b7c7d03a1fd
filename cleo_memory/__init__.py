"""Each user's memory: sealed, durable, searchable, and gone when it is erased.

async with open_memory() as memory:
    await memory.remember("ann", "Ann is allergic to peanuts.", importance=0.9)
    for hit in await memory.search("ann", "what must she not eat?"):
        print(hit.record.content, hit.score, hit.parts)
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cleo_memory.errors import InvalidMemory, InvalidUser, MemoryNotFound, QuotaExceeded, RequestPending, UserErased
    from cleo_memory.formation import Command, Forgot, Learned, command_of, holds, means_everything, reply_preference
    from cleo_memory.lifecycle.erase import Receipt
    from cleo_memory.memory import Memory
    from cleo_memory.open import open_memory
    from cleo_memory.records import (
        Conversation,
        Deleted,
        ErasureEpoch,
        Hit,
        Hits,
        Kind,
        Page,
        Record,
        Stats,
        Tier,
        Turns,
    )
    from cleo_memory.search.context import Citation, Context
    from cleo_memory.session.detectors import Finding
    from cleo_memory.session.shadow import Influence, ShadowMemory
    from cleo_memory.settings import MemorySettings

__all__ = [
    "Citation", "Command", "Context", "Conversation", "Deleted", "ErasureEpoch", "Finding", "Forgot", "Hit", "Hits",
    "Influence", "InvalidMemory", "InvalidUser", "Kind", "Learned", "Memory", "MemoryNotFound", "MemorySettings",
    "Page", "QuotaExceeded", "Receipt", "Record", "RequestPending", "ShadowMemory", "Stats", "Tier", "Turns",
    "UserErased", "command_of", "holds", "means_everything", "open_memory", "reply_preference",
]  # fmt: skip

# Loaded when first asked for: `cleo --help` lists this package's commands and must not wait for numpy.
_HOMES = {
    "errors": ("InvalidMemory", "InvalidUser", "MemoryNotFound", "QuotaExceeded", "RequestPending", "UserErased"),
    "formation": ("Command", "Forgot", "Learned", "command_of", "holds", "means_everything", "reply_preference"),
    "lifecycle.erase": ("Receipt",),
    "memory": ("Memory",),
    "open": ("open_memory",),
    "records": (
        "Conversation",
        "Deleted",
        "ErasureEpoch",
        "Hit",
        "Hits",
        "Kind",
        "Page",
        "Record",
        "Stats",
        "Tier",
        "Turns",
    ),
    "search.context": ("Citation", "Context"),
    "session.detectors": ("Finding",),
    "session.shadow": ("Influence", "ShadowMemory"),
    "settings": ("MemorySettings",),
}


def __getattr__(name: str) -> Any:
    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
