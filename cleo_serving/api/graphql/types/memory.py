"""GraphQL types of what is remembered, and of a user's rights over it: the export, the receipt of an erasure."""

import json
from datetime import datetime

import strawberry

from cleo_memory import Conversation as Thread
from cleo_memory import Hit, Kind, Record, Stats
from cleo_memory import Receipt as ErasureReceipt
from cleo_serving.api.graphql.types import show

MemoryKind = strawberry.enum(Kind, name="MemoryKind", description="What sort of memory it is.")


@strawberry.type
class Memory:
    id: strawberry.ID
    kind: MemoryKind  # type: ignore[valid-type]  # strawberry turns the enum into a type at run time
    content: str
    key: str | None
    speaker: str | None
    conversation_id: strawberry.ID | None
    importance: float
    created_at: datetime
    valid_from: datetime
    valid_to: datetime | None

    @classmethod
    def of(cls, record: Record) -> "Memory":
        return show(cls, record, conversation_id=record.conversation)


@strawberry.type(description="One summand of a score.")
class Part:
    name: str
    value: float


@strawberry.type
class MemoryHit:
    memory: Memory
    score: float
    parts: list[Part]

    @classmethod
    def of(cls, hit: Hit) -> "MemoryHit":
        parts = [Part(name=name, value=value) for name, value in hit.parts.items()]
        return cls(memory=Memory.of(hit.record), score=hit.score, parts=parts)


@strawberry.input
class RememberInput:
    content: str
    kind: MemoryKind = Kind.EPISODIC  # type: ignore[valid-type]
    importance: float = 0.5


@strawberry.type
class Turn:
    id: strawberry.ID
    role: str
    content: str
    at: datetime

    @classmethod
    def of(cls, record: Record) -> "Turn":
        return show(cls, record, role=record.speaker or "user", at=record.valid_from)


@strawberry.type
class Conversation:
    id: strawberry.ID
    turns: list[Turn]


@strawberry.type
class ConversationSummary:
    id: strawberry.ID
    turn_count: int
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, thread: Thread) -> "ConversationSummary":
        return show(cls, thread, turn_count=thread.turns)


@strawberry.type
class Preference:
    key: str
    value: str
    since: datetime

    @classmethod
    def of(cls, key: str, record: Record) -> "Preference":
        return cls(key=key, value=record.content, since=record.valid_from)


@strawberry.type(description="How many memories were forgotten.")
class Forgotten:
    count: int


@strawberry.type
class Count:
    name: str
    count: int


@strawberry.type
class MemoryStats:
    memories: int
    bytes: int
    conversations: int
    kinds: list[Count]
    tiers: list[Count]

    @classmethod
    def of(cls, stats: Stats) -> "MemoryStats":
        return show(cls, stats, kinds=_counts(stats.kinds), tiers=_counts(stats.tiers))


def _counts(by_name: dict[str, int]) -> list[Count]:
    return [Count(name=name, count=count) for name, count in sorted(by_name.items())]


@strawberry.type(description="All that is kept of a user, as JSON Lines.")
class Export:
    lines: int
    sha256: str
    content: str


@strawberry.type(description="What became of the copies in a store outside the catalogue: purged, or pending.")
class StoreState:
    name: str
    state: str


@strawberry.type(description="Signed proof that a user was erased.")
class Receipt:
    id: strawberry.ID
    subject: str
    erased_at: str
    memories: int
    conversations: int
    keys_destroyed: int
    stores: list[StoreState]
    envelope: str = strawberry.field(description="The signed form, as JSON: keep it.")

    @classmethod
    def of(cls, receipt: ErasureReceipt) -> "Receipt":
        return show(
            cls,
            receipt,
            stores=[StoreState(name=name, state=state) for name, state in sorted(receipt.stores.items())],
            envelope=json.dumps(receipt.envelope, sort_keys=True),
        )
