"""From settings to an open memory."""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Sequence
from typing import Any

from cleo_core.errors import ConfigError
from cleo_core.settings import home, load
from cleo_memory.catalogue import Catalogue
from cleo_memory.custody import Custody
from cleo_memory.database.base import Database
from cleo_memory.database.sqlite import SqliteDatabase
from cleo_memory.library import Library
from cleo_memory.memory import Memory
from cleo_memory.retrieval import Embedder, open_embedder
from cleo_memory.schema import CATALOGUE_SCHEMA
from cleo_memory.sealing.keyring import KEY_SCHEMA, Keyring
from cleo_memory.sealing.providers import EnvironmentKeys, FileKeys, KeyProvider
from cleo_memory.segments import SegmentStore
from cleo_memory.settings import MemorySettings

__all__ = ["key_provider", "open_memory"]

DAY = 86400.0


def open_memory(settings: MemorySettings | None = None, *, embedder: Embedder | None = None) -> _Opening:
    """Open the memory: ``async with open_memory() as memory`` or ``memory = await open_memory()``.

    Args:
        embedder: used instead of the one that the settings name.
    """
    return _Opening(settings, embedder)


class _Opening:
    def __init__(self, settings: MemorySettings | None, embedder: Embedder | None) -> None:
        self._settings, self._embedder = settings, embedder
        self._memory: Memory | None = None

    def __await__(self) -> Generator[Any, None, Memory]:
        return self._open().__await__()

    async def _open(self) -> Memory:
        settings = self._settings or load(MemorySettings)
        provider = await asyncio.to_thread(key_provider, settings)
        database = await _database(settings.catalogue, "memory", CATALOGUE_SCHEMA)
        keys = await _database(settings.keystore or settings.catalogue, "keys", KEY_SCHEMA)
        keyring = await Keyring.open(keys, provider, settings.tenant)
        catalogue = Catalogue(database)
        embedder = self._embedder
        if embedder is None and settings.embedder != "none":
            embedder = await asyncio.to_thread(open_embedder, settings.embedder)
        custody = Custody(catalogue, keyring, settings.half_life_days * DAY)
        library = Library(catalogue, custody, SegmentStore(catalogue, keyring), embedder, settings.index_bytes)
        memory = Memory(settings, catalogue, keyring, custody, library)
        memory.start()
        return memory

    async def __aenter__(self) -> Memory:
        self._memory = await self._open()
        return self._memory

    async def __aexit__(self, *_: object) -> None:
        if self._memory is not None:
            await self._memory.close()


async def _database(url: str, name: str, schema: Sequence[str]) -> Database:
    if url == "sqlite":
        statements = [each.replace("{identity}", "INTEGER PRIMARY KEY AUTOINCREMENT") for each in schema]
        return await asyncio.to_thread(SqliteDatabase, home("memory") / f"{name}.db", statements)
    raise ConfigError(f"The catalogue {url.split('@')[-1]!r} is neither sqlite nor a Postgres URL.")


def key_provider(settings: MemorySettings) -> KeyProvider:
    """The holder of the key-encryption key that the settings name."""
    if settings.key_provider == "environment" and settings.kek is not None:
        return EnvironmentKeys(settings.kek.get_secret_value())
    return FileKeys(home("keys"))
