"""Keeping: memories, turns of conversations and preferences; once only where the caller gives a request a key."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import datetime

from cleo_memory.catalog.changes import Repeated
from cleo_memory.draft import Draft, kind_of
from cleo_memory.errors import LeaseHeld
from cleo_memory.lifecycle.requests import gone
from cleo_memory.memory.parts import MemoryParts
from cleo_memory.records import ErasureEpoch, Kind, Record


class Writing(MemoryParts):
    async def remember(
        self,
        user: str,
        content: str,
        *,
        kind: Kind | str = Kind.EPISODIC,
        importance: float = 0.5,
        conversation: str | None = None,
        speaker: str | None = None,
        at: datetime | None = None,
        expires_at: datetime | None = None,
        provenance: Mapping[str, str] | None = None,
        pinned: bool = False,
        request: str | None = None,
    ) -> Record:
        """Keep a memory. When this returns it is on the disk, sealed, and every later search knows it.

        Args:
            importance: 0 to 1; what matters stays in a quick tier longer.
            at: when it was said or became true; now by default.
            expires_at: when it is gone from every answer.
            provenance: where it came from, small texts by name; `turn`, the id of the turn it was learned from.
            request: a key of the caller's choosing. Under a key that was used before nothing is written, and the
                memory of then is returned; also after a restart, for `request_hours`.

        Raises:
            InvalidUser, InvalidMemory: what was handed in cannot be kept.
            QuotaExceeded: the user keeps as much as may be.
            RequestMismatch, ReplyGone: the key was used for another memory, or for one that was forgotten since.
            StorageFault: nothing was written.
        """
        draft = Draft(
            kind=kind_of(kind),
            content=content,
            importance=importance,
            conversation=conversation,
            speaker=speaker,
            at=at,
            expires_at=expires_at,
            provenance=provenance or {},
            pinned=pinned,
        )
        if request is None:
            return await self._write(user, draft)
        return await self._write_once(user, draft, request)

    async def append(
        self,
        user: str,
        conversation: str,
        role: str,
        content: str,
        *,
        at: datetime | None = None,
        provenance: Mapping[str, str] | None = None,
        epoch: ErasureEpoch | None = None,
        answers: str | None = None,
    ) -> Record:
        """Add a turn to a conversation, which begins with its first turn. `role` is who speaks.

        Args:
            epoch: what `epoch` gave when the work on this turn began: it is not kept if the user was erased since.
            answers: id of the turn that it answers: it is not kept if that was forgotten since, and it is kept
                above the quota, which has let the question in.

        Raises:
            UserErased: another epoch of the user has begun; nothing was written.
            MemoryNotFound: what it answers was forgotten; nothing was written.
            QuotaExceeded: the user keeps as much as may be.
        """
        draft = Draft(
            kind=Kind.CONVERSATION,
            content=content,
            conversation=conversation,
            speaker=role,
            at=at,
            provenance=provenance or {},
        )
        return await self._write(user, draft, epoch, answers)

    async def prefer(
        self,
        user: str,
        key: str,
        value: str,
        *,
        at: datetime | None = None,
        provenance: Mapping[str, str] | None = None,
    ) -> Record:
        """Set a preference. What it was before stays on record, valid until this one begins."""
        draft = Draft(kind=Kind.PREFERENCE, content=value, key=key, importance=0.8, at=at, provenance=provenance or {})
        return await self._write(user, draft)

    async def epoch(self, user: str) -> ErasureEpoch:
        """What of the user was deleted so far: each erasure, by whatever process, begins another epoch."""
        erasures = await self.catalog.of(self.keyring.owner(user)).read(lambda rows: rows.erasures.count())
        return ErasureEpoch(erasures, self.shadow.forgotten(user))

    async def once(self, user: str, request: str, body: str, work: Callable[[], Awaitable[bytes]]) -> bytes:
        """Do something once under a key of the caller's choosing; who asks again with the same body gets what came of
        it, and two at once get the same. It is done to its end also when its caller is cancelled.

        Raises:
            RequestMismatch: another body came under this key.
            ReplyGone: something of the user was forgotten or edited since, which the reply might quote.
            RequestPending: another process is still at it.
        """
        return await self.requests.once(self.keyring.owner(user), request, body, work)

    async def _write_once(self, user: str, draft: Draft, request: str) -> Record:
        draft.check(self.settings.content_characters)
        owner = self.keyring.owner(user)
        wanted = await self.requests.named(owner, request, draft.body())
        for _ in (1, 2):
            if found := await self.requests.find(owner, wanted):
                entries = await self.catalog.of(owner).find([found.memory] if found.memory else [])
                if not entries:
                    raise gone()
                return (await self._open(owner, list(entries.values())))[0]
            with suppress(Repeated):
                quota, known_from = self.settings.quota, self.requests.known_from()
                record = await self.payloads.write(owner, draft, quota=quota, request=wanted, requests_from=known_from)
                self._deliver()
                return record
        raise LeaseHeld("Requests under this key come and go.", hint="Try again.")
