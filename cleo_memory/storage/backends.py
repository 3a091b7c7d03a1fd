"""From the settings to the stores. A client is imported only where its backend is configured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import SecretStr

from cleo_core.errors import ConfigError, InputError
from cleo_core.redact import shown
from cleo_memory.catalog.repository import Catalog
from cleo_memory.records import Tier
from cleo_memory.settings import EMBEDDED, POSTGRES, REST, MemorySettings
from cleo_memory.storage.adapters.embedded import EmbeddedStore
from cleo_memory.storage.protocol import Store
from cleo_memory.storage.tiers import TierStore, TierStores

TIER_OF = {"redis": Tier.HOT, "mongodb": Tier.WARM, "postgres": Tier.COLD, "supabase": Tier.COLD, "pinecone": Tier.COLD}
NAMES = ("sqlite", *TIER_OF)


def open_tiers(settings: MemorySettings) -> TierStores:
    """The stores that the settings name. A client is imported only where its backend is configured."""
    vectors = settings.vectors == "indexed"
    urls = {Tier.HOT: settings.hot, Tier.WARM: settings.warm, Tier.COLD: settings.cold}
    if not settings.pinecone_host and set(urls.values()) == {EMBEDDED}:
        return TierStores(vectors=vectors)
    from cleo_memory.storage.resilient import resilient

    stores = {
        tier: resilient(open_store(url, settings), deadline=settings.backend_seconds)
        for tier, url in urls.items()
        if url != EMBEDDED
    }
    mirrors = []
    if settings.pinecone_host:
        if not vectors:
            raise ConfigError(
                "CLEO_MEMORY_PINECONE_HOST is set, but CLEO_MEMORY_VECTORS is sealed.",
                hint="Pinecone keeps vectors in the clear: set CLEO_MEMORY_VECTORS=indexed if that is wanted.",
            )
        mirrors.append(TierStore(Tier.COLD, resilient(_pinecone(settings.pinecone_host, settings)), mirror=True))
    return TierStores(stores, mirrors, vectors=vectors)


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


def _pinecone(host: str, settings: MemorySettings) -> Store:
    from cleo_memory.storage.adapters.pinecone import PineconeStore

    return PineconeStore(host, secret(settings.pinecone_api_key))


def secret(value: SecretStr | None) -> str:
    return value.get_secret_value() if value else ""


def tier_stores(name: str, catalog: Catalog, stores: Mapping[str, Store]) -> list[TierStore]:
    """The tiers that a backend of this name serves. Raises: InputError when it is not known or not configured."""
    from cleo_memory.storage.resilient import resilient

    if name == "sqlite":
        return [TierStore(tier, resilient(EmbeddedStore(catalog, str(tier)))) for tier in Tier]
    if name not in TIER_OF:
        raise InputError(f"There is no backend {name!r}.", hint=f"One of {', '.join(NAMES)}.")
    if name not in stores:
        setting = "PINECONE_HOST" if name == "pinecone" else TIER_OF[name].upper()
        raise InputError(f"Where is {name}?", hint=f"Say --url {name}=URL, or set CLEO_MEMORY_{setting}.")
    return [TierStore(TIER_OF[name], resilient(stores[name]), mirror=name == "pinecone")]


async def open_named(settings: MemorySettings, names: Sequence[str], urls: Mapping[str, str]) -> dict[str, Store]:
    """Stores by name: a URL that was given, or else the one that the settings have for such a backend."""
    opened: dict[str, Store] = {}
    for name in names:
        schemes = (*POSTGRES, *REST) if TIER_OF.get(name) is Tier.COLD else (name,)
        known = [url for url in (settings.hot, settings.warm, settings.cold) if url.startswith(schemes)]
        if name == "pinecone":
            if host := urls.get(name) or settings.pinecone_host:
                opened[name] = _pinecone(host, settings)
        elif name != "sqlite" and (url := urls.get(name) or next(iter(known), None)):
            if url.startswith(POSTGRES):
                from cleo_memory.storage.adapters.postgres import install

                await install(url, vectors=settings.vectors == "indexed")
            opened[name] = open_store(url, settings)
    return opened
