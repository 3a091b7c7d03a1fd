"""From what a caller hands in (contents, kinds, ids, page sizes, cursors), checked, to the payload that is sealed."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Final

from cleo_memory.catalog.entry import Entry
from cleo_memory.errors import InvalidMemory, SealBroken
from cleo_memory.records import Kind, Record, Tier

LONGEST_NAME = 512
LARGEST_PAGE = 1000


def seconds(at: datetime) -> float:
    """Raises: InvalidMemory when the time does not say its zone, or could not be read back."""
    if at.tzinfo is None:
        raise InvalidMemory(f"The time {at.isoformat()} has no zone.", hint="Hand in an aware datetime, as in UTC.")
    try:
        moment(at.timestamp())
    except (ValueError, OverflowError, OSError):
        raise InvalidMemory(f"The time {at.isoformat()} is not within the years 1 to 9999 in UTC.") from None
    return at.timestamp()


def moment(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A memory that is to be written."""

    kind: Kind
    content: str
    importance: float = 0.5
    conversation: str | None = None
    speaker: str | None = None
    key: str | None = None
    provenance: Mapping[str, str] = field(default_factory=dict)
    at: datetime | None = None
    expires_at: datetime | None = None
    pinned: bool = False

    def check(self, content_characters: int) -> None:
        """Raises: InvalidMemory names the value and the rule."""
        kind_of(self.kind)
        if not self.content.strip():
            raise InvalidMemory("The memory is empty.")
        _utf8(self.content, "content")
        if (size := len(self.content)) > content_characters:
            raise InvalidMemory(
                f"The memory has {size} characters, the longest that is kept has {content_characters}.",
                hint="Split it, or raise CLEO_MEMORY_CONTENT_CHARACTERS.",
            )
        if not (math.isfinite(self.importance) and 0 <= self.importance <= 1):
            raise InvalidMemory(f"Importance {self.importance} is not between 0 and 1.")
        if self.kind is Kind.PREFERENCE and self.key is None:
            raise InvalidMemory(
                "A preference needs a key, under which it is asked for and replaced: set it with setPreference.",
                hint='cleo memory prefer --user ann tea "green"',
            )
        for name in ("conversation", "speaker", "key"):
            value = getattr(self, name)
            if value is not None and not 0 < len(_utf8(value, name)) <= LONGEST_NAME:
                raise InvalidMemory(f"The {name} is no text of 1 to {LONGEST_NAME} bytes.")
        provenance = json.dumps(dict(self.provenance), ensure_ascii=False)
        _utf8(provenance, "provenance")
        if len(provenance) > content_characters:
            raise InvalidMemory("The provenance is longer than a memory may be.")

    def body(self) -> str:
        """All that was handed in, in one form: equal drafts have equal bodies."""
        times = {name: None if (at := getattr(self, name)) is None else seconds(at) for name in ("at", "expires_at")}
        told = [str(self.kind), self.importance, times, self.pinned, self.encode().decode()]
        return json.dumps(told, sort_keys=True)

    def encode(self) -> bytes:
        """The payload: what is sealed."""
        values: dict[str, Any] = {"content": self.content}
        for name in ("conversation", "speaker", "key"):
            if (value := getattr(self, name)) is not None:
                values[name] = value
        if self.provenance:
            values["provenance"] = {str(name): str(value) for name, value in self.provenance.items()}
        return json.dumps(values, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


class Keep(Enum):
    """What an edit leaves as it is."""

    KEEP = "keep"


KEEP: Final = Keep.KEEP


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What is to be another about a memory; when it was said or became true stays."""

    content: str | None = None
    importance: float | None = None
    expires_at: datetime | Keep | None = KEEP
    """None: it does not expire."""

    def of(self, record: Record) -> Draft:
        """The memory as it will be. Raises: InvalidMemory for a turn of a conversation."""
        if record.kind is Kind.CONVERSATION:
            raise InvalidMemory(
                "A turn of a conversation is what was said, and cannot be edited.",
                hint="Forget it, or remember what is right.",
            )
        return Draft(
            kind=record.kind,
            content=record.content if self.content is None else self.content,
            importance=record.importance if self.importance is None else self.importance,
            conversation=record.conversation,
            speaker=record.speaker,
            key=record.key,
            provenance=record.provenance if self.content is None else _without_old_words(record),
            at=record.valid_from,
            expires_at=record.expires_at if isinstance(self.expires_at, Keep) else self.expires_at,
            pinned=record.pinned,
        )


def _without_old_words(record: Record) -> Mapping[str, str]:
    """The provenance of a memory that gets other words: what was learned names its old value there."""
    return {name: told for name, told in record.provenance.items() if not (record.learned and name == "value")}


def decode(entry: Entry, payload: bytes) -> Record:
    """A record from its catalogue row and its opened payload."""
    try:
        values = json.loads(payload)
        content = values["content"]
    except (ValueError, KeyError, TypeError):
        raise SealBroken(f"The payload of memory {entry.id} is in no known form.") from None
    return Record(
        id=entry.id,
        kind=Kind(entry.kind),
        content=content,
        created_at=moment(entry.created_at),
        valid_from=moment(entry.valid_from),
        valid_to=None if entry.valid_to is None else moment(entry.valid_to),
        expires_at=None if entry.expires_at is None else moment(entry.expires_at),
        importance=entry.importance,
        conversation=values.get("conversation"),
        speaker=values.get("speaker"),
        key=values.get("key"),
        provenance=values.get("provenance", {}),
        version=entry.version,
        pinned=bool(entry.pinned),
        tier=Tier(entry.tier),
    )


def _utf8(text: str, name: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise InvalidMemory(f"The {name} is no valid Unicode text.") from None


def check_query(query: str) -> str:
    _utf8(query, "query")
    return query


def kind_of(kind: Kind | str) -> Kind:
    try:
        return Kind(kind)
    except ValueError:
        raise InvalidMemory(f"{kind!r} is no kind of memory.", hint=f"One of {', '.join(Kind)}.") from None


def plain_id(id: str) -> bool:
    return id.isascii() and id.isalnum() and len(id) <= 64


def page_size(first: int) -> int:
    if not 0 < first <= LARGEST_PAGE:
        raise InvalidMemory(f"{first} is no number of results.", hint=f"1 to {LARGEST_PAGE}.")
    return first


def position_of(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 20 and int(text) < 2**63):
        raise InvalidMemory(f"{text[:40]!r} is no cursor.", hint="Hand back `end` of the page before.")
    return int(text)


def thread_cursor(updated_at: float, thread: str) -> str:
    """The cursor behind a conversation; its time is kept to the last bit."""
    return f"{struct.unpack('>q', struct.pack('>d', updated_at))[0]}/{thread}"


def thread_position(cursor: str) -> tuple[float, str]:
    at, _, thread = cursor.partition("/")
    return struct.unpack(">d", struct.pack(">q", position_of(at)))[0], thread
