"""Erasing a user: the keys are destroyed, every row and copy goes, and a signed receipt says so.

Destroying the wrapped keys reaches what nobody can reach by deleting: backups, replicas, logs of other servers. The
deletions make sure that not even the noise stays where we can delete it.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cleo_core.crypto.dsse import Envelope
from cleo_memory.catalog.database.base import Transaction
from cleo_memory.catalog.outbox import Outbox, enqueue
from cleo_memory.catalog.repository import Catalogue, advance
from cleo_memory.draft import moment
from cleo_memory.encryption.keyring import Keyring
from cleo_memory.lifecycle.signing import ERASURE, read_signed, signed, signing_key
from cleo_memory.records import Owner, new_id

__all__ = ["Eraser", "Receipt", "verify_receipt"]

RECENT = 3600.0  # seconds; more than the clocks of two processes differ
OWNED = ("memories", "payloads", "copies", "threads", "segments", "outbox")


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was erased; `envelope` is the signed form (DSSE), to be kept by whoever asked for the erasure."""

    id: str
    subject: str
    """Keyed hash of the user's id, as all stores knew the user."""
    erased_at: str
    memories: int
    conversations: int
    keys_destroyed: int
    stores: Mapping[str, str]
    """Stores outside the catalogue: ``purged``, or ``pending`` where one did not answer. What pends is sealed under
    keys that are gone, and is purged when the store is back."""
    envelope: Envelope


def verify_receipt(envelope: Envelope) -> Receipt:
    """Raises: SignatureInvalid, SignatureMissing, UntrustedKey."""
    return Receipt(**read_signed(ERASURE, envelope), envelope=envelope)


class Eraser:
    def __init__(self, catalogue: Catalogue, keyring: Keyring, stores: Sequence[str]) -> None:
        self.catalogue, self.keyring, self.stores = catalogue, keyring, stores
        self.outbox = Outbox(catalogue.database)

    async def begin(self, owner: Owner) -> dict[str, Any]:
        """Delete every row and destroy every key; returns what the receipt will state. May be called again."""
        await asyncio.to_thread(signing_key)  # before anything is lost: without a key there is no receipt
        id, now = new_id(), time.time()
        counts = await self.catalogue.database.write(lambda tx: self._delete(tx, owner, id, now))
        versions = await self.keyring.destroy(owner)
        floor = max(versions, default=0)
        # A writer that had read its key before may have committed in between: what it wrote goes too.
        await self.catalogue.database.write(lambda tx: self._delete_below(tx, owner, floor))
        for database in (self.catalogue.database, self.keyring.database):
            await database.checkpoint()
        return {
            "id": id,
            "subject": str(owner),
            "erased_at": moment(now).isoformat(timespec="seconds"),
            "memories": counts[0],
            "conversations": counts[1],
            "keys_destroyed": sum(version > 0 for version in versions),
        }

    def _delete(self, tx: Transaction, owner: Owner, id: str, now: float) -> tuple[int, int]:
        advance(tx)  # not while a writer is between its look and its commit
        live = tx.execute("SELECT count(*) FROM memories WHERE owner = ? AND live = 1", (owner,)).fetchone()[0]
        threads = tx.execute("SELECT count(*) FROM threads WHERE owner = ?", (owner,)).fetchone()[0]
        highest = tx.execute("SELECT max(key_version) FROM memories WHERE owner = ?", (owner,)).fetchone()[0]
        held = {row[0] for row in tx.execute("SELECT DISTINCT store FROM copies WHERE owner = ?", (owner,)).fetchall()}
        self._clear(tx, owner)
        self.catalogue.raise_floor(tx, owner, int(highest or 0))
        tx.execute("INSERT INTO erasures (id, owner, erased_at, receipt) VALUES (?, ?, ?, '')", (id, owner, now))
        # A migration may have put copies where these settings do not reach: there the purge waits until they do.
        enqueue(tx, owner, "", 0, "purge", sorted(held.union(self.stores)))
        return int(live), int(threads)

    def _delete_below(self, tx: Transaction, owner: Owner, floor: int) -> None:
        self.catalogue.raise_floor(tx, owner, floor)
        late = tx.execute("SELECT id FROM memories WHERE owner = ? AND key_version <= ?", (owner, floor)).fetchall()
        if late:
            self._clear(tx, owner)
            enqueue(tx, owner, "", 0, "purge", self.stores)

    @staticmethod
    def _clear(tx: Transaction, owner: Owner) -> None:
        for table in OWNED:
            tx.execute(f"DELETE FROM {table} WHERE owner = ?", (owner,))  # noqa: S608 - names of our tables

    async def finish(self, owner: Owner, facts: dict[str, Any]) -> Receipt:
        """Sign the receipt and keep it."""
        waiting = await self._waiting(owner)
        stores = {store: "pending" if store in waiting else "purged" for store in sorted(waiting.union(self.stores))}
        key = await asyncio.to_thread(signing_key)
        envelope = signed(ERASURE, {**facts, "stores": stores}, key)
        sql = "UPDATE erasures SET receipt = ? WHERE id = ? AND owner = ?"
        text = json.dumps(envelope)
        await self.catalogue.database.write(lambda tx: tx.execute(sql, (text, facts["id"], owner)).rowcount)
        return Receipt(**facts, stores=stores, envelope=envelope)

    async def _waiting(self, owner: Owner) -> set[str]:
        sql = "SELECT DISTINCT store FROM outbox WHERE owner = ? AND action = 'purge'"
        rows = await self.catalogue.database.read(lambda tx: tx.execute(sql, (owner,)).fetchall())
        return {row[0] for row in rows}

    async def unfinished_of_all_users(self) -> list[Owner]:
        """Erasures that a crash interrupted: their rows are gone, their keys may not be."""
        sql = "SELECT DISTINCT owner FROM erasures WHERE receipt = ''"
        return [Owner(row[0]) for row in await self.catalogue.database.read(lambda tx: tx.execute(sql).fetchall())]

    async def recent_of_all_users(self) -> list[tuple[str, Owner]]:
        """(id, owner) of the erasures of the last hour, by whatever process."""
        sql = "SELECT id, owner FROM erasures WHERE erased_at > ?"
        rows = await self.catalogue.database.read(lambda tx: tx.execute(sql, (time.time() - RECENT,)).fetchall())
        return [(row[0], Owner(row[1])) for row in rows]

    async def resume(self, owner: Owner) -> None:
        """Complete an interrupted erasure. Nothing was written since: the floor refuses the key that is to go."""
        facts = await self.begin(owner)
        await self.finish(owner, facts)
        # Not deleted: the number of a user's erasures tells one life from another.
        sql = "UPDATE erasures SET receipt = 'superseded' WHERE owner = ? AND receipt = ''"
        await self.catalogue.database.write(lambda tx: tx.execute(sql, (owner,)).rowcount)
