"""What formation takes and gives: a turn goes in, an extraction comes out, and what memory made of it is learned."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from cleo_memory.records import Kind, Record


@dataclass(frozen=True, slots=True)
class Turn:
    """What a user said, and when."""

    text: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Something that the user told of themselves."""

    slot: str
    """What it is about: ``home.city``, ``dog.name``, ``allergy.peanuts``. One slot holds one truth at a time."""
    value: str
    """The user's own words, as they stand in the turn."""
    content: str
    """The clause that says it, in the user's own words."""
    kind: Kind = Kind.EPISODIC
    since: datetime | None = None
    """When it began, where the turn says so; otherwise it holds as of the turn."""


@dataclass(frozen=True, slots=True)
class Ending:
    """Something that the user says is no longer so."""

    slot: str
    value: str | None = None
    """Which value ended; None: whichever the slot holds."""


@dataclass(frozen=True, slots=True)
class Extraction:
    """All that one turn tells."""

    facts: tuple[Fact, ...] = ()
    endings: tuple[Ending, ...] = ()


class Extractor(Protocol):
    """Reads facts out of what a user said."""

    async def extract(self, turn: Turn) -> Extraction: ...


Verb = Literal["remember", "forget", "tell", "prefer"]


@dataclass(frozen=True, slots=True)
class Command:
    """A request about memory itself, as a user words it in a message."""

    verb: Verb
    language: str
    text: str = ""
    """What is to be remembered or forgotten, in the user's words; empty for `tell`."""


@dataclass(frozen=True, slots=True)
class Learned:
    """What became of a turn: memories that were written, that were known already, and that it ended."""

    written: tuple[Record, ...] = ()
    known: tuple[Record, ...] = ()
    ended: tuple[Record, ...] = ()


@dataclass(frozen=True, slots=True)
class Forgot:
    """What was forgotten on request."""

    told: tuple[Record, ...] = ()
    """Facts and preferences."""
    turns: int = 0
    """Turns in which they were said."""
