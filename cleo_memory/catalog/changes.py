"""What changes the catalogue, each within the caller's transaction: a memory is written, edited, ended, forgotten.

A slot (a preference under its key, a fact under its name) is a line of time: what is written takes it from its own
beginning until the next one begins, whenever it is written; what held it at that moment ends there.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace as changed

from cleo_memory.catalog.entry import Entry, RowSigner
from cleo_memory.catalog.holding import is_kept, is_valid
from cleo_memory.catalog.requests import DONE, Request
from cleo_memory.catalog.rows import UserRows
from cleo_memory.errors import MemoryNotFound, QuotaExceeded, UserErased
from cleo_memory.records import NO_QUOTA, ErasureEpoch, Quota

MOST_REQUESTS = 1000  # of one user; above it the oldest are forgotten


class Repeated(Exception):
    """A request that was made before: never seen outside the memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Addition:
    """A memory to be written, sealed."""

    entry: Entry
    sealed: bytes
    signer: RowSigner
    thread_name: bytes | None = None
    outbox: Sequence[str] = ()
    supersede: bool = False
    """Take its slot from `valid_from` on; else it stands beside what is there, history of elsewhere and all."""
    epoch: ErasureEpoch | None = None
    """Write only if the user was not erased since."""
    origin: str | None = None
    """Id of the turn that it was learned from or answers."""
    needs_origin: bool = True
    """Do not write it when that turn was forgotten."""
    quota: Quota = NO_QUOTA
    request: Request | None = None
    """What is noted of the client's request, in the same commit."""
    requests_from: float = 0.0
    """Requests of before this moment are forgotten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """A new version of a memory."""

    entry: Entry
    """As it was read."""
    fresh: Entry
    sealed: bytes
    signer: RowSigner
    outbox: Sequence[str] = ()
    quota: Quota = NO_QUOTA


def add(rows: UserRows, new: Addition) -> Entry:
    """Write one memory.

    Raises:
        KeyUnavailable: the key was rotated or destroyed since.
        SealBroken: what held the slot was changed by somebody without the user's key.
        UserErased: another epoch of the user has begun.
        MemoryNotFound: the turn that it comes from was forgotten since.
        QuotaExceeded
        Repeated: the request was made before.
    """
    seq, entry = rows.next_seq(), new.entry
    if new.epoch is not None and new.epoch.erasures != rows.erasures.count():
        raise UserErased("The user was erased meanwhile.")
    rows.key_floor.check(entry.key_version)
    if new.request is not None:
        _note(rows, new.request, new.requests_from, entry.id)
    valid_to = entry.valid_to
    if new.supersede:
        valid_to = _take_slot(rows, entry, new.signer, seq)
    written = new.signer.sign(entry, seq=seq, position=seq, valid_to=valid_to)
    rows.memories.insert(written)
    rows.payloads.add(entry.id, entry.tier, entry.version, new.sealed)
    if new.thread_name is not None:
        rows.threads.add_turn(entry.thread, new.thread_name, entry.created_at)
    _link(rows, new)
    _count(rows, 1, entry.bytes, new.quota)
    rows.outbox.add(entry.id, entry.version, "put", new.outbox)
    return written


def _note(rows: UserRows, request: Request, known_from: float, id: str) -> None:
    rows.requests.bound(known_from, MOST_REQUESTS)
    if rows.requests.find(request.key) is not None:
        raise Repeated(f"Request {request.key} was made before.")
    rows.requests.put(changed(request, state=DONE, memory=id))


def _take_slot(rows: UserRows, entry: Entry, signer: RowSigner, seq: int) -> float | None:
    """End what holds the slot when this begins; returns when this ends itself. Of two that begin together the one
    that was written last holds."""
    ends: list[float | None] = []
    for each in rows.memories.of_slot(entry.slot, entry.kind):
        if each.valid_from > entry.valid_from:
            ends.append(each.valid_from)
        elif is_valid(each, entry.valid_from):
            # What took its end from the next one, or was unset, hands that end on.
            ends.append(each.valid_to)
            rows.memories.end_validity(signer.amend(each, valid_to=entry.valid_from), seq)
    return min((at for at in ends if at is not None), default=None)


def _link(rows: UserRows, new: Addition) -> None:
    """Note which conversation it was learned from."""
    found = rows.memories.thread_of(new.origin) if new.origin is not None else None
    if found is None:
        return  # an origin of the caller's own kind
    live, thread = found
    if not live and new.needs_origin:
        raise MemoryNotFound(f"There is no memory {new.origin!r} any more, which this comes from.")
    if thread is not None and new.entry.thread is None:
        rows.origins.add(new.entry.id, thread)


def replace(rows: UserRows, change: Replacement) -> Entry | None:
    """Write a new version; the old one's payload, and its copies where the memory no longer belongs, go.

    Raises: KeyUnavailable, QuotaExceeded
    """
    seq, entry = rows.next_seq(), change.entry
    rows.key_floor.check(change.fresh.key_version)
    fresh = change.signer.sign(change.fresh, seq=seq)
    if not rows.memories.replace(entry, fresh):
        return None
    rows.payloads.drop(entry.id)
    rows.payloads.add(entry.id, entry.tier, fresh.version, change.sealed)
    elsewhere = [store for store in rows.copies.stores(entry.id) if store not in change.outbox]
    rows.outbox.add(entry.id, entry.version, "drop", elsewhere)
    rows.outbox.add(entry.id, fresh.version, "put", change.outbox)
    _count(rows, 0, fresh.bytes - entry.bytes, change.quota)
    rows.requests.clear_replies()
    return fresh


def end(rows: UserRows, kind: str, slot: str, at: float, signer: RowSigner) -> list[Entry]:
    """End at a moment what holds a slot then: nothing holds it from there until the next one begins."""
    seq, now = rows.next_seq(), time.time()
    held = [each for each in rows.memories.of_slot(slot, kind) if is_valid(each, at)]
    for each in held:
        rows.memories.end_validity(signer.amend(each, valid_to=at), seq)
    return [each for each in held if is_kept(each, now)]


def tombstone(rows: UserRows, ids: Sequence[str], now: float, stores: Sequence[str]) -> list[str]:
    """Turn live memories into tombstones and delete their payloads; returns the ids that were live."""
    gone = []
    for id in ids:
        if (entry := rows.memories.find([id]).get(id)) is None:
            continue
        rows.memories.tombstone(id, rows.next_seq(), now)
        rows.payloads.drop(id)
        held = rows.copies.stores(id)
        rows.copies.drop(id)
        rows.outbox.drop(id)
        # Also where a transfer put a copy that these settings do not know: it is deleted there when they do.
        rows.outbox.add(id, entry.version + 1, "tombstone", sorted({*stores, *held}))
        if entry.thread is not None:
            rows.threads.remove_turn(entry.thread)
        rows.origins.drop(id)
        rows.usage.add(-1, -entry.bytes)
        gone.append(id)
    if gone:
        rows.requests.clear_replies()
    return gone


def tombstone_thread(rows: UserRows, thread: str, now: float, stores: Sequence[str]) -> tuple[list[str], list[str]]:
    """The same with all turns of a conversation, and with what was learned from them; returns both."""
    rows.next_seq()  # the lock first: no turn is added between the look and the commit
    learned = tombstone(rows, rows.origins.of(thread), now, stores)
    return tombstone(rows, rows.memories.of_thread(thread), now, stores), learned


def _count(rows: UserRows, memories: int, size: int, quota: Quota) -> None:
    """Add to what the user keeps. Raises: QuotaExceeded names both numbers."""
    rows.usage.add(memories, size)
    held = rows.usage.total()
    if not _above(held, quota) or (memories <= 0 and size <= 0):
        return
    # What has expired and is not deleted yet is not the user's any more.
    expired = rows.memories.expired(time.time())
    if found := _above((held[0] - expired[0], held[1] - expired[1]), quota):
        what, would, most = found
        raise QuotaExceeded(
            f"That would be {would} {what}; {most} are the most that a user may keep.",
            hint="Forget something, or raise CLEO_MEMORY_QUOTA_MEMORIES or CLEO_MEMORY_QUOTA_BYTES.",
        )


def _above(held: tuple[int, int], quota: Quota) -> tuple[str, int, int] | None:
    for what, would, most in (("memories", held[0], quota.memories), ("bytes", held[1], quota.bytes)):
        if most is not None and would > most:
            return what, would, most
    return None
