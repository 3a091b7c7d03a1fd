"""GraphQL types of what is remembered, and of a user's rights over it: the export, the receipt of an erasure."""

import json
from datetime import datetime

import strawberry

from cleo_memory import Conversation as Thread
from cleo_memory import Hit, Kind, MemorySettings, Record, Stats, Turns
from cleo_memory import Receipt as ErasureReceipt
from cleo_serving.api.graphql.pages import write_cursor
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
    valid_to: datetime | None = strawberry.field(description="When it was superseded or unset; null while it holds.")
    expires_at: datetime | None = strawberry.field(description="From then on it is in no answer.")
    version: int = strawberry.field(description="Rises with every edit.")

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
    kind: MemoryKind = strawberry.field(  # type: ignore[valid-type]
        default=Kind.EPISODIC, description="Not PREFERENCE, which needs a key: setPreference."
    )
    importance: float = 0.5
    at: datetime | None = strawberry.field(default=None, description="When it was said or became true; now by default.")
    expires_at: datetime | None = strawberry.field(default=None, description="From then on it is in no answer.")


@strawberry.input(description="What is to be another about a memory; what is left out stays.")
class EditInput:
    content: str | None = None
    importance: float | None = None
    expires_at: datetime | None = strawberry.field(
        default=strawberry.UNSET, description="null: it does not expire any more."
    )


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
class TurnEdge:
    node: Turn
    cursor: str


@strawberry.type
class TurnPageInfo:
    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@strawberry.type(description="A stretch of a conversation, oldest first.")
class TurnConnection:
    edges: list[TurnEdge]
    page_info: TurnPageInfo

    @classmethod
    def of(cls, turns: Turns) -> "TurnConnection":
        cursors = [write_cursor(place, 0) for place in turns.cursors]
        edges = [TurnEdge(node=Turn.of(turn), cursor=at) for turn, at in zip(turns.items, cursors, strict=True)]
        start, end = (cursors[0], cursors[-1]) if cursors else (None, None)
        info = TurnPageInfo(
            has_next_page=turns.later, has_previous_page=turns.earlier, start_cursor=start, end_cursor=end
        )
        return cls(edges=edges, page_info=info)


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
    until: datetime | None = strawberry.field(description="When another took its place, or it was unset.")

    @classmethod
    def of(cls, key: str, record: Record) -> "Preference":
        return cls(key=key, value=record.content, since=record.valid_from, until=record.valid_to)


@strawberry.type(description="How many memories were forgotten.")
class Forgotten:
    count: int


@strawberry.type(description="What went with a conversation: its turns, and memories that were learned from them.")
class DeletedConversation:
    turns: int
    learned: int


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


@strawberry.type(description="How long memories of a kind are kept; null: until they are forgotten.")
class Retention:
    kind: MemoryKind  # type: ignore[valid-type]
    days: float | None


@strawberry.type(description="What bounds the memory of a user, and how much of it is used.")
class MemoryPolicy:
    retention: list[Retention]
    every_minutes: float = strawberry.field(description="How often what is due is deleted; 0: not by itself.")
    quota_memories: int | None
    quota_bytes: float | None = strawberry.field(description="A whole number, which may be above what Int holds.")
    memories: int
    bytes: float

    @classmethod
    def of(cls, settings: MemorySettings, stats: Stats) -> "MemoryPolicy":
        return cls(
            retention=[Retention(kind=kind, days=days) for kind, days in settings.retention.items()],
            every_minutes=settings.retain_every_minutes,
            quota_memories=settings.quota.memories,
            quota_bytes=settings.quota.bytes,
            memories=stats.memories,
            bytes=stats.bytes,
        )


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
