"""The audit log: who did what to which thing, append-only, and provably so.

Records are leaves of an RFC 6962 Merkle tree. Every new head is signed with the audit key and copied to a
replica, so a record that is changed, removed, inserted or cut off shows. A record never holds what a user wrote; where
it must hold something personal, that part is sealed under the user's key, and the tree hashes the ciphertext: when
the key is destroyed, the part is gone and the tree still verifies.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from cleo_core.audit import replica, store, tree
from cleo_core.crypto import dsse
from cleo_core.crypto.keys import PrivateKey, machine_key
from cleo_core.crypto.trust_store import TrustStore
from cleo_core.digest import canonical
from cleo_core.errors import CleoError, EnvironmentFault, InputError, IntegrityError
from cleo_core.settings import home


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What a full check found."""

    size: int
    root: str
    checkpoints: int
    copied: int
    faults: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        return not self.faults


class AuditLog:
    """The log of one database. Safe to use from several threads and processes."""

    def __init__(self, path: Path | None = None) -> None:
        self._lock = threading.Lock()
        self._key: PrivateKey | None = None
        self._db = sqlite3.connect(
            path or home("audit") / "audit.db", check_same_thread=False, timeout=30, isolation_level=None
        )
        self._db.execute("pragma journal_mode = wal")
        self._db.execute("pragma synchronous = full")
        store.prepare(self._db)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._db.execute("begin immediate")
            try:
                yield self._db
                self._db.execute("commit")
            except BaseException:
                self._db.execute("rollback")
                raise

    def record(self, event: str, actor: str, subject: str, *, sealed: bytes | None = None, **details: Any) -> int:
        """Append a record; durable, signed and copied when this returns. Blocking: some milliseconds.

        Args:
            event: what happened, e.g. ``review.approved``.
            actor: who did it: a reviewer's name, ``pipeline``, or a user's pseudonym; never a name of a user.
            subject: what it was done to, e.g. ``cleo/3``.
            sealed: ciphertext of what is personal in it.
            details: JSON values; never what a user wrote.

        Returns:
            The record's number.
        """
        key = self._key = self._key or machine_key("audit")
        copy = replica.path()
        try:
            with self._transaction() as db:
                seq = store.append(db, key, event, actor, subject, details, sealed)
        except (TypeError, ValueError) as error:
            raise InputError(f"An audit record holds JSON values only: {error}") from None
        with self._lock:
            replica.copy_checkpoints(self._db, copy)
        return seq

    def __len__(self) -> int:
        with self._lock:
            return store.size_of(self._db)

    def read(self, start: int = 0, count: int = 100) -> list[dict[str, Any]]:
        """Records from a number on."""
        return self._records("seq >= ? order by seq limit ?", start, count)

    def find(self, subject: str) -> list[dict[str, Any]]:
        """Every record about a subject, oldest first. Reads the whole log."""
        return self._records("json_extract(cast(data as text), '$.subject') = ? order by seq", subject)

    def events(self, *names: str) -> list[dict[str, Any]]:
        """Every record of these events, oldest first. Reads the whole log."""
        wanted = json.dumps(names)
        return self._records(
            "json_extract(cast(data as text), '$.event') in (select value from json_each(?)) order by seq", wanted
        )

    def _records(self, which: str, *values: object) -> list[dict[str, Any]]:
        with self._lock:
            # `which` is written by the callers in this class; values are bound.
            rows = self._db.execute(f"select data from audit_leaves where {which}", values).fetchall()  # noqa: S608
        return [json.loads(row[0]) for row in rows]

    def verify(self) -> AuditReport:
        """Compute the tree anew from the records and compare it with every checkpoint, here and in the replica.

        Reads everything: about a second per 100,000 records.
        """
        faults: list[str] = []
        with self._lock:
            # The replica first: it is written last, so what it speaks of must be in the snapshot taken after it.
            second = self._second(faults)
            self._db.execute("begin")
            try:
                rows = self._db.execute("select envelope from audit_checkpoints order by size")
                own = [json.loads(row[0]) for row in rows]
                stack, heads = self._heads({replica.size(item) for item in (*own, *second)}, faults)
            finally:
                self._db.execute("rollback")
        for where, envelopes in (("log", own), ("replica", second)):
            self._compare(where, envelopes, heads, stack.size, faults)
        if stack.size > len(own):
            faults.append(f"{stack.size - len(own)} records carry no signed checkpoint")
        if second and len(second) < len(own) - 16:  # writers that crashed between log and replica
            faults.append(f"the replica lacks {len(own) - len(second)} checkpoints")
        return AuditReport(stack.size, stack.root().hex(), len(own), len(second), tuple(faults))

    def _second(self, faults: list[str]) -> list[dict[str, Any]]:
        try:
            return replica.copied(replica.path())
        except CleoError as error:
            if store.size_of(self._db):
                faults.append(error.message)
            return []

    def _heads(self, wanted: set[int], faults: list[str]) -> tuple[tree.Stack, dict[int, str]]:
        """The tree, and its head at each wanted size, from the records alone."""
        stack = tree.Stack()
        heads: dict[int, str] = {}
        node = store.node_of(self._db)
        for seq, data, stored in self._db.execute("select seq, data, hash from audit_leaves order by seq"):
            if seq != stack.size:
                faults.append(f"records {stack.size} to {seq - 1} are missing")
                break
            leaf = tree.leaf_hash(data)
            if leaf != stored or json.loads(data).get("seq") != seq:
                faults.append(f"record {seq} was changed")
            for level, index, joined in stack.add(leaf):
                try:
                    same = node(level, index) == joined
                except LookupError:
                    same = False
                if not same and leaf == stored:
                    faults.append(f"the stored hash of subtree {level}/{index} was changed")
            if stack.size in wanted:
                heads[stack.size] = stack.root().hex()
        return stack, heads

    @staticmethod
    def _compare(
        where: str, envelopes: list[dict[str, Any]], heads: dict[int, str], size: int, faults: list[str]
    ) -> None:
        before, trusted = 0, TrustStore().snapshot()
        for envelope in envelopes:
            try:
                told, _ = dsse.open_envelope(envelope, store.CHECKPOINT, "audit", trusted)
            except CleoError as error:
                faults.append(f"a checkpoint of the {where} does not hold: {error.message}")
                continue
            stated = told["tree_size"]
            if stated <= before:
                faults.append(f"the {where} goes back from {before} to {stated} records: the log was begun anew")
            before = stated
            if stated > size:
                faults.append(f"the {where} has a checkpoint over {stated} records, but there are {size}: cut off")
            elif heads.get(stated) != told["root"]:
                faults.append(f"the first {stated} records are not those that the {where} signed for")

    def prove(self, seq: int) -> dict[str, Any]:
        """A proof that a record is in the log, which `check_proof` verifies without the log.

        Raises:
            InputError: there is no such record.
        """
        with self._lock:
            size = store.size_of(self._db)
            if not 0 <= seq < size:
                raise InputError(f"There is no audit record {seq}; there are {size}.", hint="cleo audit list")
            (data,) = self._db.execute("select data from audit_leaves where seq = ?", (seq,)).fetchone()
            (envelope,) = self._db.execute("select envelope from audit_checkpoints where size = ?", (size,)).fetchone()
            path = tree.inclusion(store.node_of(self._db), seq, size)
        return {"record": json.loads(data), "path": [step.hex() for step in path], "checkpoint": json.loads(envelope)}

    def close(self) -> None:
        with self._lock:
            self._db.close()


def check_proof(proof: dict[str, Any]) -> dict[str, Any]:
    """The record that a proof is about, when it is in a log whose head a trusted audit key signed.

    Raises:
        IntegrityError: the record is not under that head, or the proof is malformed.
        SignatureInvalid, UntrustedKey: the head is not signed by a trusted audit key.
    """
    try:
        told, _ = dsse.open_envelope(proof["checkpoint"], store.CHECKPOINT, "audit")
        record = dict(proof["record"])
        leaf = tree.leaf_hash(canonical(record))
        path = [bytes.fromhex(step) for step in proof["path"]]
        if tree.within(leaf, int(record["seq"]), int(told["tree_size"]), path, bytes.fromhex(told["root"])):
            return record
    except (KeyError, TypeError, ValueError) as error:
        raise IntegrityError(f"The proof is malformed: {type(error).__name__}.") from None
    raise IntegrityError("The record is not in the log that this checkpoint speaks of.")


_open = cache(AuditLog)
_opening = threading.Lock()


def open_log() -> AuditLog:
    """The audit log below the home folder."""
    with _opening:
        return _open(home("audit") / "audit.db")


def record(event: str, actor: str, subject: str, *, sealed: bytes | None = None, **details: Any) -> int:
    """Append to the audit log below the home folder; see `AuditLog.record`."""
    return open_log().record(event, actor, subject, sealed=sealed, **details)


def ready() -> None:
    """Check what a record needs, for an act that must not be done when it cannot be recorded.

    Raises:
        EnvironmentFault: the replica is not there or cannot be written.
    """
    file = replica.path()
    if not os.access(file if file.exists() else file.parent, os.W_OK):
        raise EnvironmentFault(
            f"The replica of the audit log, {file}, cannot be written.",
            hint="Correct its permissions, or CLEO_TRUST_AUDIT_COPY.",
        )
    open_log()
