"""Where the counters of the rate limits live: in this process, or in Redis for several."""

from __future__ import annotations

from limits.aio.storage import Storage
from limits.storage import storage_from_string

from cleo_core.errors import ConfigError

__all__ = ["open_counters"]


def open_counters(url: str) -> Storage:
    """The storage at ``memory://`` or a ``redis://`` address; nothing is connected yet.

    Raises:
        ConfigError: it is neither, or its client is not installed.
    """
    try:
        # redis-py, which the memory uses too; by default limits wants another client for asynchronous use.
        storage = storage_from_string(f"async+{url}", implementation="redispy")
    except Exception as error:  # limits raises its own and its backends' errors
        raise ConfigError(
            f"CLEO_SERVING_RATE__STORAGE cannot be used ({type(error).__name__}).",
            hint="Use memory:// or a redis:// address.",
        ) from None
    if not isinstance(storage, Storage):
        raise ConfigError("CLEO_SERVING_RATE__STORAGE is not an asynchronous storage.")
    return storage
