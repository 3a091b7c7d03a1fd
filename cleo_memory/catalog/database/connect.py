"""From the settings to the two databases, catalogue and key store: opening them, and bringing them up to date."""

from __future__ import annotations

import asyncio

from cleo_core.errors import ConfigError
from cleo_core.redact import shown
from cleo_core.settings import home
from cleo_memory.catalog.database.base import Database
from cleo_memory.catalog.database.sqlite import SqliteDatabase
from cleo_memory.catalog.migrations.schema import CATALOGUE, KEYS, Pending, Schema
from cleo_memory.catalog.migrations.sqlite import pending_in_sqlite
from cleo_memory.settings import POSTGRES, MemorySettings


def _urls(settings: MemorySettings) -> tuple[tuple[str, Schema], tuple[str, Schema]]:
    return (settings.catalogue, CATALOGUE), (settings.keystore or settings.catalogue, KEYS)


async def open_database(settings: MemorySettings, schema: Schema, *, upgrade: bool = False) -> Database:
    """`CATALOGUE` or `KEYS`; with `upgrade`, tables in Postgres are brought up to date."""
    (url,) = (url for url, each in _urls(settings) if each is schema)
    return await asyncio.to_thread(_open, url, schema, upgrade)


def _open(url: str, schema: Schema, upgrade: bool) -> Database:
    if url == "sqlite":
        return SqliteDatabase(home("memory") / f"{schema.name}.db", schema)
    if url.startswith(POSTGRES):
        from cleo_memory.catalog.database.postgres import PostgresDatabase

        return PostgresDatabase(url, schema, upgrade=upgrade)
    raise ConfigError(f"The catalogue {shown(url)} is neither sqlite nor a Postgres URL.")


def pending_upgrades(settings: MemorySettings) -> list[tuple[str, Pending]]:
    """(where, what) an upgrade would change; changes nothing."""
    found = []
    for url, schema in _urls(settings):
        if url == "sqlite":
            path = home("memory") / f"{schema.name}.db"
            where, pending = str(path), pending_in_sqlite(path, schema)
        else:
            from cleo_memory.catalog.database.postgres import pending_in_postgres

            where, pending = f"cleo_{schema.name} in {shown(url)}", pending_in_postgres(url, schema)
        if pending is not None and pending.steps:
            found.append((where, pending))
    return found


async def upgrade(settings: MemorySettings) -> None:
    """Bring both databases up to date, each in one transaction."""
    for schema in (CATALOGUE, KEYS):
        await (await open_database(settings, schema, upgrade=True)).close()
