"""The audit log's tables: records, the hashes of complete subtrees, and signed checkpoints; nothing is ever updated.

The functions take an open connection and commit nothing, so a record can be written in the transaction of the act it
records: call `prepare` on the database of that act, then `append` inside its transaction.
"""

from __future__ import annotations

import base64
import json
import sqlite3
from importlib.resources import files
from typing import Any

from cleo_core.audit import tree
from cleo_core.clock import timestamp
from cleo_core.crypto import dsse
from cleo_core.crypto.keys import PrivateKey
from cleo_core.digest import canonical

CHECKPOINT = "application/vnd.cleoai.checkpoint+json"


def prepare(db: sqlite3.Connection) -> None:
    """Make the tables where they are not there."""
    db.executescript((files(__package__) / "store.sql").read_text(encoding="utf-8"))


def size_of(db: sqlite3.Connection) -> int:
    return int(db.execute("select coalesce(max(seq) + 1, 0) from audit_leaves").fetchone()[0])


def node_of(db: sqlite3.Connection) -> tree.Node:
    """Reads the hash of a complete subtree."""

    def node(level: int, index: int) -> bytes:
        row = (
            db.execute("select hash from audit_nodes where level = ? and idx = ?", (level, index)).fetchone()
            if level
            else db.execute("select hash from audit_leaves where seq = ?", (index,)).fetchone()
        )
        if row is None:
            raise LookupError(f"subtree {level}/{index} is missing")
        return bytes(row[0])

    return node


def append(
    db: sqlite3.Connection,
    key: PrivateKey,
    event: str,
    actor: str,
    subject: str,
    details: dict[str, Any],
    sealed: bytes | None = None,
) -> int:
    """Append a record and sign the new head. Call it inside a transaction that was begun as `immediate`.

    Returns:
        The record's number.
    """
    seq = size_of(db)
    record: dict[str, Any] = {"seq": seq, "at": timestamp(), "event": event, "actor": actor, "subject": subject}
    if details:
        record["details"] = details
    if sealed is not None:
        record["sealed"] = base64.b64encode(sealed).decode()
    data = canonical(record)
    leaf, node = tree.leaf_hash(data), node_of(db)
    db.execute("insert into audit_leaves values (?, ?, ?)", (seq, data, leaf))
    db.executemany("insert into audit_nodes values (?, ?, ?)", list(tree.closing(node, seq, leaf)))
    checkpoint = {
        "origin": "cleo-audit",
        "tree_size": seq + 1,
        "root": tree.root(node, seq + 1).hex(),
        "at": record["at"],
    }
    envelope = json.dumps(dsse.sign(CHECKPOINT, checkpoint, key), sort_keys=True)
    db.execute("insert into audit_checkpoints values (?, ?)", (seq + 1, envelope))
    return seq
