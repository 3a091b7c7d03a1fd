"""From settings to an open memory."""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Sequence
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

from cleo_core import clock
from cleo_core.settings import home, load
from cleo_memory.catalog.data_keys import KeyStore
from cleo_memory.catalog.database.connect import open_database
from cleo_memory.catalog.migrations.schema import CATALOGUE, KEYS
from cleo_memory.catalog.repository import Catalog
from cleo_memory.encryption.keyring import Keyring
from cleo_memory.encryption.providers import EnvironmentKeys, FileKeys, KeyProvider
from cleo_memory.formation import Extractor, RuleExtractor, Turn, asked_for
from cleo_memory.memory import Memory
from cleo_memory.records import Record
from cleo_memory.search import Embedder, open_embedder, passage
from cleo_memory.search.documents import document
from cleo_memory.search.indexes import SearchIndexes
from cleo_memory.settings import MemorySettings
from cleo_memory.storage.backends import open_tiers
from cleo_memory.storage.payloads import PayloadStore
from cleo_memory.storage.segments import SegmentStore
from cleo_memory.tiering.policy import TierPolicy


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
        tiers = open_tiers(settings)
        provider = await asyncio.to_thread(key_provider, settings)
        embedder = self._embedder
        if embedder is None and settings.embedder != "none":
            embedder = await asyncio.to_thread(open_embedder, settings.embedder)
        async with AsyncExitStack() as undo:  # what was opened is closed again when a later step fails
            undo.push_async_callback(tiers.close)
            catalog = Catalog(await open_database(settings, CATALOGUE))
            undo.push_async_callback(catalog.close)
            store = KeyStore(await open_database(settings, KEYS))
            undo.push_async_callback(store.close)
            keyring = await Keyring.open(store, provider, settings.tenant)
            vectors = partial(_vectors, embedder) if settings.vectors == "indexed" and embedder is not None else None
            first_heat = TierPolicy(half_life=settings.half_life).first_heat
            payloads = PayloadStore(catalog, keyring, first_heat, tiers, vectors)
            segments = SegmentStore(catalog, keyring)
            indexes = SearchIndexes(catalog, payloads, segments, embedder, settings.index_bytes, slots_told, asked_for)
            memory = Memory(settings, catalog, keyring, payloads, indexes, extractor(settings))
            await memory.start()
            undo.pop_all()
        return memory

    async def __aenter__(self) -> Memory:
        self._memory = await self._open()
        return self._memory

    async def __aexit__(self, *_: object) -> None:
        if self._memory is not None:
            await self._memory.close()


def _vectors(embedder: Embedder, records: Sequence[Record]) -> list[list[float]]:
    made: list[list[float]] = embedder.embed([passage(document(record)) for record in records]).tolist()
    return made


def key_provider(settings: MemorySettings) -> KeyProvider:
    """The holder of the key-encryption key that the settings name."""
    if settings.key_provider == "environment" and settings.kek is not None:
        return EnvironmentKeys(settings.kek.get_secret_value())
    if settings.key_provider == "vault" and settings.vault_url and settings.vault_token:
        from cleo_memory.encryption.vault import VaultKeys

        return VaultKeys(settings.vault_url, settings.vault_token.get_secret_value(), settings.vault_key)
    return FileKeys(home("keys"))


def extractor(settings: MemorySettings) -> Extractor | None:
    """The extractor that the settings name; None where nothing is to be learned."""
    if settings.formation == "model" and settings.formation_url and settings.formation_model:
        from cleo_memory.formation.model import ModelExtractor

        key, seconds = settings.formation_api_key, settings.formation_seconds
        return ModelExtractor(settings.formation_url, settings.formation_model, key, seconds)
    return None if settings.formation == "off" else RuleExtractor()


def slots_told(text: str) -> list[str]:
    """The slots of what a text tells of its user, as it would be learned from a turn."""
    return [fact.slot for fact in RuleExtractor().read(Turn(text, clock.now())).facts]
