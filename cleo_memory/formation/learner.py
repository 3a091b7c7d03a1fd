"""What memory makes of an extraction: new facts are written, known ones are not written again, old ones end."""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime

from cleo_memory.catalog.holding import is_kept
from cleo_memory.catalog.repository import Catalog
from cleo_memory.draft import Draft
from cleo_memory.encryption.keyring import Keyring
from cleo_memory.formation.grammar import fold
from cleo_memory.formation.rules import RuleExtractor
from cleo_memory.formation.values import Extraction, Extractor, Fact, Learned, Turn
from cleo_memory.records import FORMATION, ErasureEpoch, Kind, Owner, Record
from cleo_memory.storage.payloads import SLOT, PayloadStore

Write = Callable[[str, Draft, ErasureEpoch | None], Awaitable[Record]]
IMPORTANCE = 0.8
ASKED = 0.9
"""Importance of what a user asked to be remembered."""
MOST_TOLD = 500
"""Facts and preferences that are looked through; a user with more has them found by search."""
TOLD_KINDS = (Kind.EPISODIC, Kind.PREFERENCE)
OPPOSITE = {"like": "dislike", "dislike": "like"}
EVENTS = ("plan", "event", "own", "hobby", "like", "dislike")
"""What may be told in other words another time: there, facts that share most of their words are one."""


class Learner:
    """Learns from turns of any user."""

    def __init__(
        self, catalog: Catalog, keyring: Keyring, payloads: PayloadStore, write: Write, extractor: Extractor | None
    ) -> None:
        """`write` keeps a draft for a user; without an extractor nothing is learned but what is asked for."""
        self._catalog, self._keyring, self._payloads = catalog, keyring, payloads
        self._write, self._extractor = write, extractor

    async def learn(self, user: str, turn: Record, *, epoch: ErasureEpoch | None = None) -> Learned:
        """Learn from a turn of the user.

        Raises:
            UserErased: the user was erased since the epoch began; nothing was written.
            MemoryNotFound: the turn was forgotten since; nothing more was written.
        """
        if self._extractor is None or turn.speaker not in (None, "user"):
            return Learned()
        found = await self._extractor.extract(Turn(turn.content, turn.valid_from))
        return await self.keep(user, found, turn, epoch=epoch)

    async def keep(
        self, user: str, found: Extraction, turn: Record, *, epoch: ErasureEpoch | None = None, asked: bool = False
    ) -> Learned:
        """Write what an extraction tells that is not known. Raises what `learn` raises."""
        written, known, ended = list[Record](), list[Record](), list[Record]()
        told: list[Record] | None = None
        for ending in found.endings:
            for held in await self._held(user, ending.slot):
                if ending.value is None or _same(ending.value, _value(held)):
                    ended += await self._end(user, held, turn.valid_from)
        for fact in found.facts:
            if not _said(fact, turn.content):
                continue  # no fact whose value the user did not say
            family, _, rest = fact.slot.partition(".")
            if (opposite := OPPOSITE.get(family)) is not None:
                for held in await self._held(user, f"{opposite}.{rest}"):
                    ended += await self._end(user, held, turn.valid_from)
            now = await self._held(user, fact.slot)
            same = next((held for held in now if _same(fact.value, _value(held))), None)
            if same is None and family in EVENTS:
                told = await self.told(user) if told is None else told
                over = {held.id for held in ended}
                same = _told_otherwise(fact, family, [held for held in (*told, *written) if held.id not in over])
            if same is not None:
                known.append(same)
                continue
            record = await self._write(user, _draft(fact, turn, now, asked=asked), epoch)
            written.append(record)
            ended += [held for held in now if held.kind is record.kind and held.valid_from <= record.valid_from]
        return Learned(tuple(written), tuple(known), tuple(ended))

    async def keep_asked(self, user: str, turn: Record, text: str, *, epoch: ErasureEpoch | None = None) -> Learned:
        """Write what a user asked to be remembered: the facts in it, or else the words as they are."""
        found = RuleExtractor().read(Turn(text, turn.valid_from))
        learned = await self.keep(user, found, turn, epoch=epoch, asked=True)
        if (learned.written or learned.known) and _tell_all(found.facts, text):
            return learned
        for held in await self.told(user):
            if _same(held.content, text):
                return replace(learned, known=(*learned.known, held))
        origin = {"source": FORMATION, "turn": turn.id, "value": text}
        draft = Draft(kind=Kind.EPISODIC, content=text, importance=ASKED, at=turn.valid_from, provenance=origin)
        return replace(learned, written=(*learned.written, await self._write(user, draft, epoch)))

    async def told(self, user: str) -> list[Record]:
        """Facts and preferences that hold now, in the order in which they were written."""
        owner = self._keyring.owner(user)
        kinds, now = [str(kind) for kind in TOLD_KINDS], time.time()
        entries = await self._catalog.of(owner).read(lambda rows: rows.memories.told(kinds, now, MOST_TOLD))
        return (await self._payloads.open(owner, entries)).reached().records()

    async def _held(self, user: str, slot: str) -> list[Record]:
        """What holds a slot, of either kind."""
        owner = self._keyring.owner(user)
        if (keys := await self._keyring.keys(owner)) is None:
            return []
        blind = keys.blind(SLOT, slot)
        entries = await self._catalog.of(owner).read(
            lambda rows: [each for kind in TOLD_KINDS for each in rows.memories.of_slot(blind, str(kind))]
        )
        open_ended = [entry for entry in entries if entry.valid_to is None and is_kept(entry, time.time())]
        return (await self._payloads.open(owner, open_ended)).reached().records()

    async def _end(self, user: str, held: Record, at: datetime) -> list[Record]:
        owner: Owner = self._keyring.owner(user)
        keys = await self._keyring.keys(owner)
        if keys is None or held.key is None:
            return []
        return await self._payloads.end(owner, keys, held.kind, held.key, at.timestamp())


def _draft(fact: Fact, turn: Record, now: list[Record], *, asked: bool) -> Draft:
    at = fact.since or turn.valid_from
    # What holds the slot was told without a date, so it began at some time before it was told. The word of today that
    # something else began in May ends it, although May was before it was told.
    undated = [held.valid_from for held in now if held.provenance.get("began") != "told"]
    if undated and max(undated) <= turn.valid_from:
        at = max(at, *undated)
    origin = {"source": FORMATION, "turn": turn.id, "value": fact.value}
    if fact.since is not None:
        origin["began"] = "told"
    return Draft(
        kind=fact.kind,
        content=fact.content,
        key=fact.slot,
        importance=ASKED if asked else IMPORTANCE,
        at=min(at, turn.valid_from),
        provenance=origin,
    )


def _told_otherwise(fact: Fact, family: str, told: Sequence[Record]) -> Record | None:
    """What says the same in other words."""
    of_family = (held for held in told if (held.key or "").partition(".")[0] == family)
    return next((held for held in of_family if alike(fact.value, _value(held))), None)


def _value(record: Record) -> str:
    return record.provenance.get("value", record.content)


def _same(one: str, other: str) -> bool:
    return fold(one).split() == fold(other).split()


def _tell_all(facts: Sequence[Fact], text: str) -> bool:
    """Whether the clauses of these facts hold every word of a text but the shortest, which join them."""
    told = {word for fact in facts for word in re.findall(r"\w+", fold(fact.content))}
    return all(word in told or (len(word) <= 3 and word.isalpha()) for word in re.findall(r"\w+", fold(text)))


def _said(fact: Fact, text: str) -> bool:
    said = " ".join(fold(text.replace("’", "'").replace("‘", "'")).split())
    return " ".join(fold(fact.value).split()) in said


def alike(one: str, other: str) -> bool:
    """Whether most words of the shorter text stand in the longer one: numbers, and words of four letters and more."""
    first, second = ({word for word in fold(text).split() if len(word) > 3 or word.isdigit()} for text in (one, other))
    few, many = sorted((first, second), key=len)
    return bool(few) and len(few & many) >= 0.75 * len(few)
