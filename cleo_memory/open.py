"""From settings to an open memory."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from contextlib import AsyncExitStack
from typing import Any

from pydantic import SecretStr

from cleo_core.errors import ConfigError
from cleo_core.redact import shown
from cleo_core.settings import home, load
from cleo_memory.catalog.database.connect import open_catalogue, open_keys
from cleo_memory.catalog.repository import Catalogue
from cleo_memory.catalog.segments import SegmentStore
from cleo_memory.encryption.keyring import Keyring
from cleo_memory.encryption.providers import EnvironmentKeys, FileKeys, KeyProvider
from cleo_memory.memory import Memory
from cleo_memory.records import Tier
from cleo_memory.search import Embedder, open_embedder
from cleo_memory.search.indexes import Library
from cleo_memory.settings import EMBEDDED, REST, MemorySettings
from cleo_memory.storage.payloads import Custody
from cleo_memory.storage.protocol import Store
from cleo_memory.storage.tiers import Guarded, Shelf, Shelves

__all__ = ["key_provider", "open_memory", "open_shelves", "open_store", "secret"]

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
        shelves = open_shelves(settings)
        provider = await asyncio.to_thread(key_provider, settings)
        embedder = self._embedder
        if embedder is None and settings.embedder != "none":
            embedder = await asyncio.to_thread(open_embedder, settings.embedder)
        async with AsyncExitStack() as undo:  # what was opened is closed again when a later step fails
            undo.push_async_callback(shelves.close)
            database = await open_catalogue(settings)
            undo.push_async_callback(database.close)
            keys = await open_keys(settings)
            undo.push_async_callback(keys.close)
            keyring = await Keyring.open(keys, provider, settings.tenant)
            catalogue = Catalogue(database)
            custody = Custody(catalogue, keyring, settings.half_life_days * DAY, shelves)
            if settings.vectors == "indexed" and embedder is not None:
                custody.embed = embedder.embed
            library = Library(catalogue, custody, SegmentStore(catalogue, keyring), embedder, settings.index_bytes)
            memory = Memory(settings, catalogue, keyring, custody, library)
            await memory.start()
            undo.pop_all()
        return memory

    async def __aenter__(self) -> Memory:
        self._memory = await self._open()
        return self._memory

    async def __aexit__(self, *_: object) -> None:
        if self._memory is not None:
            await self._memory.close()


def open_shelves(settings: MemorySettings) -> Shelves:
    """The stores that the settings name. A client is imported only where its backend is configured."""
    vectors = settings.vectors == "indexed"
    stores = {
        tier: Guarded(open_store(url, settings), deadline=settings.backend_seconds)
        for tier, url in ((Tier.HOT, settings.hot), (Tier.WARM, settings.warm), (Tier.COLD, settings.cold))
        if url != EMBEDDED
    }
    mirrors = []
    if settings.pinecone_host:
        if not vectors:
            raise ConfigError(
                "CLEO_MEMORY_PINECONE_HOST is set, but CLEO_MEMORY_VECTORS is sealed.",
                hint="Pinecone keeps vectors in the clear: set CLEO_MEMORY_VECTORS=indexed if that is wanted.",
            )
        from cleo_memory.storage.adapters.pinecone import PineconeStore

        store = PineconeStore(settings.pinecone_host, secret(settings.pinecone_api_key))
        mirrors.append(Shelf(Tier.COLD, Guarded(store), mirror=True))
    return Shelves(stores, mirrors, vectors=vectors)


def open_store(url: str, settings: MemorySettings) -> Store:
    """The adapter for a URL. Raises: ConfigError when there is none for it."""
    scheme, timeout, vectors = url.partition(":")[0], settings.backend_seconds, settings.vectors == "indexed"
    if scheme in ("redis", "rediss", "valkey"):
        from cleo_memory.storage.adapters.redis import RedisStore

        return RedisStore(url.replace("valkey://", "redis://", 1), timeout=timeout)
    if scheme in ("mongodb", "mongodb+srv"):
        from cleo_memory.storage.adapters.mongodb import MongoStore

        return MongoStore(url, timeout=timeout)
    if scheme in ("postgresql", "postgres"):
        from cleo_memory.storage.adapters.postgres import PostgresStore

        return PostgresStore(url, vectors=vectors, timeout=timeout)
    if url.startswith(REST):
        try:
            from cleo_memory.storage.adapters.postgrest import PostgrestStore
        except ImportError as error:
            raise ConfigError(f"{scheme} needs the extra `supabase`.", hint="pip install 'cleoai[supabase]'") from error
        token, apikey = (secret(each) for each in (settings.supabase_token, settings.supabase_apikey))
        return PostgrestStore(url, token, apikey, vectors=vectors, timeout=timeout)
    raise ConfigError(f"There is no backend for {shown(url)}.", hint="redis://, mongodb:// or postgresql://.")


def secret(value: SecretStr | None) -> str:
    return value.get_secret_value() if value else ""


def key_provider(settings: MemorySettings) -> KeyProvider:
    """The holder of the key-encryption key that the settings name."""
    if settings.key_provider == "environment" and settings.kek is not None:
        return EnvironmentKeys(settings.kek.get_secret_value())
    if settings.key_provider == "vault" and settings.vault_url and settings.vault_token:
        from cleo_memory.encryption.vault import VaultKeys

        return VaultKeys(settings.vault_url, settings.vault_token.get_secret_value(), settings.vault_key)
    return FileKeys(home("keys"))
