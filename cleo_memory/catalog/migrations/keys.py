"""The key store's tables, step by step. The column `owner` is first in the key."""

from __future__ import annotations

from cleo_memory.catalog.migrations.schema import Migration, Schema

__all__ = ["KEYS"]

KEYS = Schema(
    "keys",
    (
        Migration(
            1,
            "the wrapped keys of users, numbered from here on",
            (
                """CREATE TABLE IF NOT EXISTS data_keys (
                owner TEXT NOT NULL, version BIGINT NOT NULL, kek TEXT NOT NULL, wrapped BYTEA,
                created_at DOUBLE PRECISION NOT NULL, destroyed_at DOUBLE PRECISION, PRIMARY KEY (owner, version))""",
            ),
        ),
    ),
    kept=("data_keys",),
    # A copy of the wrapped keys could bring an erased user's back.
    keep_backup=False,
)
