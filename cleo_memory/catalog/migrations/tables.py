"""The two databases and their steps. The column `owner` is first in every key of a user's rows.

The statements of step N of NAME are in ``NAME_N.sql``, in the SQL that both engines share; its first line says, for the
person who is asked, what changes. ``{identity}`` is a numbered primary key.
"""

from __future__ import annotations

import re
from importlib.resources import files

from cleo_memory.catalog.migrations.schema import Migration, Schema

__all__ = ["CATALOGUE", "KEYS"]


def _step(name: str, version: int) -> Migration:
    summary, _, sql = (files(__package__) / f"{name}_{version}.sql").read_text(encoding="utf-8").partition("\n")
    statements = re.sub(r"^--.*\n", "", sql, flags=re.MULTILINE).split(";\n")
    return Migration(version, summary.removeprefix("-- "), tuple(each for each in statements if each))


CATALOGUE = Schema(
    "catalogue",
    (_step("catalogue", 1), _step("catalogue", 2)),
    kept=("memories", "payloads", "copies", "threads", "outbox", "segments", "key_floors", "erasures"),
    required=("memories", "seal"),
)
# No backup is kept of the keys: a copy of the wrapped ones could bring an erased user's back.
KEYS = Schema("keys", (_step("keys", 1),), kept=("data_keys",), keep_backup=False)
